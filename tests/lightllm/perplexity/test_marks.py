"""Markers of sources in a text as it streams: what they become, where they count, and what waits for what."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.lightllm.perplexity.mark_modes import MODES
from ccproxy.lightllm.perplexity.marks import Marks
from ccproxy.lightllm.perplexity.sources import Sources
from tests.lightllm.perplexity.telling import known


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
    "a fence line that is too far in": (
        "```\n[1]\n    ```\n[1]\n```\n[1]",
        "```\n[1]\n    ```\n[1]\n```\n[1](http://x)",
    ),
    "a fence too far in": ("a\n    ```\n[1]", "a\n    ```\n[1]"),
    "a fence far in, in a list": (
        "1. a\n\n    ```\n    [1]\n    ```\n[1]",
        "1. a\n\n    ```\n    [1]\n    ```\n[1](http://x)",
    ),
    "a fence in a quotation": ("> ```\n> [1]\n> ```\n> [1]", "> ```\n> [1]\n> ```\n> [1](http://x)"),
    "a fence that ends with its quotation": ("> ```\n> [1]\n\n[1]", "> ```\n> [1]\n\n[1](http://x)"),
    "a fence and at once no quotation": ("> ```\n> [1]\n [1]", "> ```\n> [1]\n [1](http://x)"),
    "an indented block": ("a\n\n    [1]\n\n\t[1]\n[1]", "a\n\n    [1]\n\n\t[1]\n[1](http://x)"),
    "an indented block at the beginning": ("    [1]\n   [1]", "    [1]\n   [1](http://x)"),
    "an indented block in a quotation": (">     [1]\n>\n> [1]", ">     [1]\n>\n> [1](http://x)"),
    "an indented block in a list": ("- a\n\n      [1]\n\n  [1]", "- a\n\n      [1]\n\n  [1](http://x)"),
    "an indented line of a paragraph": ("a\n    [1]", "a\n    [1](http://x)"),
    "a list's paragraph": (
        "- a\n\n    [1]\n\n1. b\n\n   - [1]",
        "- a\n\n    [1](http://x)\n\n1. b\n\n   - [1](http://x)",
    ),
    "behind a list": ("- a\n\nb\n\n    [1]", "- a\n\nb\n\n    [1]"),
    "mathematics": (
        r"$$a[1]$$ \(b[1] \\\) [1]\) \[c[1]\] [1]",
        r"$$a[1]$$ \(b[1] \\\) [1](http://x)\) \[c[1]\] [1](http://x)",
    ),
    "mathematics that its paragraph ends": ("$$ [1]\n\n[1]", "$$ [1]\n\n[1](http://x)"),
    "money": ("$5 [1] or $6 [1], \\$$ [1]", "$5 [1](http://x) or $6 [1](http://x), \\$$ [1](http://x)"),
    "preformatted": ("<pre>a\n\n[1]</pre> [1]", "<pre>a\n\n[1]</pre> [1](http://x)"),
    "preformatted, loudly": ("<PRE class=x>[1]</Pre> [1]", "<PRE class=x>[1]</Pre> [1](http://x)"),
    "words of tags": ("a <pre> [1] <prefix> [1]", "a <pre> [1](http://x) <prefix> [1](http://x)"),
    "a link's words": ("[[1]](z) [a [1]](z) [[1]]", "[[1]](z) [a [1]](z) [[1](http://x)]"),
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


ALPHABET = [
    "a", " ", ".", "\n", "[", "]", "1", "2", "3", "(", ")", "`", "``", "```", "~~~", "\\", "[1]", "\n\n", "- ", "é",
    "$", "$$", "\\(", "> ", "    ", "\t", "<pre>", "</pre>", "\r\n", "1. ", "```\n",
]  # fmt: skip


@settings(deadline=None, max_examples=1000)
@given(st.lists(st.sampled_from(ALPHABET), max_size=30), st.sampled_from(sorted(MODES)), st.data())
def test_how_a_text_is_cut_makes_no_difference(pieces: list[str], mode: str, draw: st.DataObject) -> None:
    source = "".join(pieces)
    told = shown([source], mode)
    assert shown(pieces, mode) == told
    assert shown(list(source), mode) == told
    if mode == "default":
        assert told == source


LINES = [
    "a [1]",
    "[1]",
    "```",
    "~~~",
    "    ",
    "  ",
    "- ",
    "1. ",
    "> ",
    ">",
    "$$",
    "`",
    "<pre>",
    "</pre>",
    "#",
    "\t",
    "\n",
]


@settings(deadline=None, max_examples=1000)
@given(st.lists(st.sampled_from(LINES), max_size=30), st.sampled_from(sorted(MODES)))
def test_how_lines_are_cut_makes_no_difference(pieces: list[str], mode: str) -> None:
    assert shown(pieces, mode) == shown(list("".join(pieces)), mode) == shown(["".join(pieces)], mode)


@pytest.mark.parametrize("begin", ["`" * 150, "~" * 150, "$" * 150, "`a\n" + " " * 150])
def test_what_waits_has_a_bound(begin: str) -> None:
    marks = Marks("markdown", known("http://x"))
    for number, each in enumerate(begin, 1):
        marks.feed(each)
        assert number - marks.told.length < 110
