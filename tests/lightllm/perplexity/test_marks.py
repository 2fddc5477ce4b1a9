"""Markers of sources in a text as it streams: what they become, where they count, and what waits for what."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.perplexity.mark_modes import MODES
from ccproxy.lightllm.perplexity.marks import Marks
from ccproxy.lightllm.perplexity.sources import Sources
from tests.lightllm.perplexity.telling import SOURCES, answer, citations, done, said, text, whole
from tests.support.perplexity.encodings import patched, result

ONE, TWO = "https://example.org/1", "https://example.org/2"


def known(*urls: str) -> Sources:
    sources = Sources()
    sources.read_block({"web_results": [{"url": url} for url in urls], "progress": "DONE"})
    return sources


def shown(pieces: list[str] | str, mode: str = "markdown", sources: Sources | None = None) -> str:
    """What is told of a text, an X and a Y being what its sources are."""
    marks = Marks(mode, sources or known("http://x", "https://y"))
    out = [*map(marks.feed, pieces), marks.finish()]
    assert "".join(out) == "".join(marks.told.pieces)
    return "".join(out)


MARKED: dict[str, tuple[str, str]] = {
    "one": ("a[1] b", "a[1](http://x) b"),
    "several": ("a[1][2] [1]", "a[1](http://x)[2](https://y) [1](http://x)"),
    "no such source": ("a[3] b[0] [01] [12345]", "a[3] b[0] [01] [12345]"),
    "a link already": ("[1](z) [1]", "[1](z) [1](http://x)"),
    "no number": ("[a] [] [1, 2] [-1] [ 1]", "[a] [] [1, 2] [-1] [ 1]"),
    "a span of code": ("`a[1]` [1] ``b`[1]`` [1]", "`a[1]` [1](http://x) ``b`[1]`` [1](http://x)"),
    "a span that its paragraph ends": ("a ` b [1]\nc [1]\n\n[1]", "a ` b [1]\nc [1]\n\n[1](http://x)"),
    "a fence": ("a\n```py\nx[1]\n\ny`[1]\n```\n[1]", "a\n```py\nx[1]\n\ny`[1]\n```\n[1](http://x)"),
    "a fence of tildes": ("~~~ `x`\n[1]\n```\n~~~~\n[1]", "~~~ `x`\n[1]\n```\n~~~~\n[1](http://x)"),
    "a fence in a list": ("- ```\n  [1]\n  ```\n- [1]", "- ```\n  [1]\n  ```\n- [1](http://x)"),
    "a fence that is none": ("```[1]``` [1]\n[2]", "```[1]``` [1](http://x)\n[2](https://y)"),
    "a longer fence": ("````\n```\n[1]\n````\n[1]", "````\n```\n[1]\n````\n[1](http://x)"),
    "a fence that stays open": ("```\n[1]\n[2]", "```\n[1]\n[2]"),
    "words that are struck out": ("~~a~~ [1]", "~~a~~ [1](http://x)"),
    "escaped": (r"\[1] \` [1] \\ [2]", r"\[1] \` [1](http://x) \\ [2](https://y)"),
    "half of one": ("a [", "a ["),
    "nearly one": ("a [1", "a [1"),
}


@pytest.mark.parametrize("name", MARKED)
def test_markers_become_links(name: str) -> None:
    source, told = MARKED[name]
    assert shown(source) == told
    assert shown([source]) == told


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("Big.[1] It [2] is [1][2].", "Big. It is."),
        ("a  [1] b", "a  b"),
        ("a [3] `b [1]`\n[1]", "a [3] `b [1]`\n"),
        ("[1] a", " a"),
        ("a ", "a "),
    ],
)
def test_markers_are_taken_out_with_the_space_before_them(source: str, told: str) -> None:
    assert shown(source, "clean") == shown([source], "clean") == told


def test_markers_stay_as_they_are() -> None:
    assert shown("a [1] `b`[2] [9]", "default") == "a [1] `b`[2] [9]"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://e.org/a_(b)", "[1](https://e.org/a_%28b%29)"),
        ("https://e.org/a b\n<c>", "[1](https://e.org/a%20b%3Cc%3E)"),
        ("javascript:alert(1)", "[1]"),
        ("", "[1]"),
    ],
)
def test_no_url_breaks_out_of_its_link(url: str, told: str) -> None:
    assert shown("[1]", sources=known(url)) == told


def test_only_what_may_become_a_marker_is_held_back() -> None:
    marks = Marks("markdown", known("http://x"))
    pieces = ["a ", "b [", "1", "]", "(", " c[", "x", " [1]", " d`", "e", "` ", "\\", "["]
    assert [marks.feed(piece) for piece in pieces] == [
        "a ", "b ", "", "", "[1](", " c", "[x", " ", "[1](http://x) d", "`e", "` ", "", "",
    ]  # fmt: skip
    assert marks.finish() == "\\["


def test_a_marker_waits_for_its_results_with_all_behind_it() -> None:
    sources = Sources()
    marks = Marks("markdown", sources)
    assert [marks.feed(piece) for piece in ("a [", "1] b", " c")] == ["a ", "", ""]
    sources.read_block({"web_results": [{"url": "http://x"}], "progress": "IN_PROGRESS"})
    assert [marks.feed(piece) for piece in (" d", " [2] e")] == ["[1](http://x) b c d", " "]
    sources.read_block({"web_results": [{"url": "http://x"}], "progress": "DONE"})
    assert marks.feed("") == "[2] e"


def test_a_marker_waits_until_the_answer_ends_at_most() -> None:
    marks = Marks("markdown", Sources())
    assert marks.feed("a [1] b [1]") + marks.finish() == "a [1] b [1]"


def test_nothing_waits_where_markers_stay_as_they_are() -> None:
    assert Marks("default", Sources()).feed("a [1] b") == "a [1] b"


ALPHABET = ["a", " ", ".", "\n", "[", "]", "1", "2", "3", "(", "`", "``", "```", "~~~", "\\", "[1]", "\n\n", "- ", "é"]


@settings(deadline=None, max_examples=1000)
@given(st.lists(st.sampled_from(ALPHABET), max_size=30), st.sampled_from(sorted(MODES)), st.data())
def test_how_a_text_is_cut_makes_no_difference(pieces: list[str], mode: str, draw: st.DataObject) -> None:
    source = "".join(pieces)
    told = shown([source], mode)
    assert shown(pieces, mode) == told
    assert shown(list(source), mode) == told
    if mode == "default":
        assert told == source


# -- what a client is told of sources


def test_sources_are_told_once_each_with_the_sentence_that_cites_them() -> None:
    told = answer(said(SOURCES, whole("First one. Rome is big.[2][1] It is old [2].")), done(), citations="default")
    [block] = told.blocks
    found = citations(told)
    assert [(each.url, each.title, each.cited_text) for each in found] == [
        (ONE, "Title 1", "snippet 1"),
        (TWO, "Title 2", "snippet 2"),
    ]
    assert [text(told)[each.start : each.end] for each in found] == ["Rome is big."] * 2
    assert block is told.blocks[0]


def test_places_are_of_the_text_as_it_was_told() -> None:
    for mode in MODES:
        told = answer(said(SOURCES, whole("A [1]. Bé is [2] here. C")), done(), citations=mode)
        marked = citations(told)[1]
        assert text(told)[marked.start : marked.end] == "Bé is"


def test_sources_that_nothing_cites_are_told_too() -> None:
    told = answer(said(SOURCES, whole("Rome.")), done())
    assert [(each.url, each.start) for each in citations(told)] == [(ONE, None), (TWO, None)]


def test_sources_without_a_url_and_twice_the_same() -> None:
    results = [{"name": "A file"}, {"url": ONE}, {"url": ONE, "name": "again"}, {}, "x", {"url": 3, "name": None}]
    block = {"intended_usage": "web_results", "web_result_block": {"web_results": results}}
    told = answer(said(block, whole("a [1] b [3].")), done())
    assert text(told) == f"a [1] b [3]({ONE})."
    assert [(each.kind, each.url, each.title) for each in citations(told)] == [
        ("file", None, "A file"),
        ("web", ONE, None),
    ]
    assert citations(told)[1].end == text(told).index(" [3]")


def test_results_come_as_patches_and_in_several_searches() -> None:
    def found(path: str, value: object) -> dict[str, object]:
        patches = [{"op": "add", "path": path, "value": value}]
        return {"intended_usage": "web_results", "diff_block": {"field": "web_result_block", "patches": patches}}

    told = answer(
        said(found("", {"progress": "IN_PROGRESS", "web_results": [result(1)]})),
        said(found("/web_results/1", result(2)), found("/web_results/-", result(3))),
        said(found("/web_results", [result(1), result(2), result(3)]), found("/progress", "DONE")),
        said({"intended_usage": "web_results", "web_result_block": {"web_results": [result(4), result(2)]}}),
        said(patched("/chunks/0", "a [3][4][5]")),
        done(),
    )
    assert text(told) == "a [3](https://example.org/3)[4](https://example.org/4)[5]"
    assert len(citations(told)) == 4


def test_sources_are_told_before_their_block_ends() -> None:
    told = answer(said(SOURCES, whole("a")), done())
    assert told.complete
    assert isinstance(told.finish, ev.Finish)
