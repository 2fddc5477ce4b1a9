"""What a client is told of an answer's sources, beside its text."""

from __future__ import annotations

import pytest

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.perplexity.mark_modes import MODES
from ccproxy.lightllm.perplexity.marks import Marks
from tests.lightllm.perplexity.telling import SOURCES, answer, citations, done, known, said, text, whole
from tests.support.perplexity.encodings import patched, result

ONE, TWO = "https://example.org/1", "https://example.org/2"


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


@pytest.mark.parametrize("mode", sorted(MODES))
@pytest.mark.parametrize(
    ("source", "sentences"),
    [
        ("A is b.[1] Ç is d.[2] E is f.[3]", ["A is b.", "Ç is d.", "E is f."]),
        ("A is b [1]. Ç is d [2]. E is f [3].", ["A is b", "Ç is d", "E is f"]),
        ('"A is b."[1] **Ç** is "d?" [2]\n- E is f[3]', ['"A is b."', '**Ç** is "d?"', "- E is f"]),
        ("A是b。[1]Ç是d。[2]E是f。[3]", ["A是b。", "Ç是d。", "E是f。"]),
        ("A.[9] B 1.5 c.[1][2] D! [3]", ["B 1.5 c.", "B 1.5 c.", "D!"]),
        ("A.[1]\n\n[2] B.[3]", ["A.", "A.", "B."]),
        ("... [1] A.[2]\n[9] b [3]", [None, "A.", "b"]),
        ("a " * 999 + "b.[1]" + "a " * 1001 + "b.[2] c.[3]", ["a " * 999 + "b.", None, "c."]),
    ],
)
def test_each_source_backs_its_own_sentence(mode: str, source: str, sentences: list[str | None]) -> None:
    for pieces in [source], list(source):
        sources = known("http://x/?a.b!c", "http://y", "http://z")
        marks = Marks(mode, sources)
        told = "".join([*map(marks.feed, pieces), marks.finish()])
        places = [(each.start, each.end) for each in sources.citations()]
        assert [told[start:end] if start is not None else None for start, end in places] == sentences


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
    assert text(told) == "a [3][4][5]"
    assert [each.title for each in citations(told)] == ["Title 4", "Title 2"]  # the last list counts


def test_sources_are_told_before_their_block_ends() -> None:
    told = answer(said(SOURCES, whole("a")), done())
    assert told.complete
    assert isinstance(told.finish, ev.Finish)
