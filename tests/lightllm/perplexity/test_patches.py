"""A text as patches tell of it: the four ways, each by itself and beside the others."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.lightllm.perplexity.draft import Draft
from ccproxy.lightllm.perplexity.patches import PATCHES, read_patch, rows

type Patches = list[tuple[Any, Any]]


def took(patches: Patches) -> list[str]:
    """What each patch adds; what takes the place of all before it has a mark."""
    draft, out = Draft(), []
    for path, value in patches:
        read_patch(draft, path, value)
        more, rewritten = draft.take()
        out.append(("~" if rewritten else "") + more)
    assert "".join(out).rpartition("~")[2] == draft.text
    return out


def chunks(offset: int | None, *pieces: str) -> tuple[str, Any]:
    return "", {"chunks": list(pieces), "chunk_starting_offset": offset, "answer": None}


WAYS: dict[str, tuple[Patches, list[str]]] = {
    "A: the whole text so far": ([("", {"answer": "Hel"}), ("", {"answer": "Hello"})], ["Hel", "lo"]),
    "B: all pieces so far": ([chunks(0, "Hel"), chunks(None, "Hel", "lo")], ["Hel", "lo"]),
    "B: pieces from a number on": ([chunks(0, "a"), chunks(1, "b", "c"), chunks(3, "d")], ["a", "bc", "d"]),
    "C: a piece": ([("/chunks/0", "Hel"), ("/chunks/1", "lo")], ["Hel", "lo"]),
    "C: a piece behind the last": ([("/chunks/0", "Hel"), ("/chunks/-", "lo")], ["Hel", "lo"]),
    "D: the whole text by name": ([("/markdown_block", {"answer": "a"}), ("/markdown_block/answer", "ab")], ["a", "b"]),
    "D: its pieces by name": ([("/markdown_block/chunks/0", "a"), ("/markdown_block/chunks", ["a", "b"])], ["a", "b"]),
    "nothing of the text": ([("/progress", "DONE"), ("/chunk_starting_offset", 3), ("", None), (7, "x")], [""] * 4),
    "numbers that are none": ([("/chunks/x", "a"), ("/chunks/-1", "b"), ("/chunks/" + "9" * 5000, "c")], [""] * 3),
    "values that are none": ([("/chunks/0", {}), ("", {"answer": 3, "chunks": "x"}), ("/answer", None)], [""] * 3),
    "a piece twice": ([("/chunks/0", "ha"), ("/chunks/0", "ha"), ("/chunks/1", "ha")], ["ha", "", "ha"]),
    "pieces before their predecessors": (
        [("/chunks/2", "c"), ("/chunks/1", "b"), ("/chunks/0", "a"), ("/chunks/3", "d")],
        ["", "", "abc", "d"],
    ),
    "a piece that grows": ([("/chunks/0", "Hel"), ("/chunks/0", "Hello"), ("/chunks/0", "He")], ["Hel", "lo", ""]),
    "an old text": ([("", {"answer": "Hello"}), ("", {"answer": "Hel"}), chunks(0, "He")], ["Hello", "", ""]),
    "pieces that a whole text has told": (
        [("", {"answer": "Hello"}), ("/chunks/0", "Hel"), ("/chunks/1", "lo"), ("/chunks/2", "!")],
        ["Hello", "", "", "!"],
    ),
    "a piece that goes beyond a whole text": ([("", {"answer": "Hel"}), ("/chunks/0", "Hello")], ["Hel", "lo"]),
    "pieces behind a whole text": ([("", {"answer": "Hello"}), ("/chunks/7", "!"), ("/chunks/3", "l")],
                                   ["Hello", "!", ""]),
    "a whole text behind pieces": ([("/chunks/0", "a"), ("", {"answer": "abc"}), ("/chunks/3", "d")], ["a", "bc", "d"]),
    "an old list tells where pieces are": (
        [("", {"answer": "Hello"}), chunks(0, "Hel"), ("/chunks/1", "lo"), ("/chunks/2", "!")],
        ["Hello", "", "", "!"],
    ),
    "pieces counted from a list": ([chunks(0, "a", "b"), chunks(2, "c"), ("/chunks/1", "d")], ["ab", "c", "d"]),
    "another text": ([("", {"answer": "Hello"}), ("", {"answer": "Good"}), ("", {"answer": "Good day"})],
                     ["Hello", "~Good", " day"]),
    "other pieces": ([chunks(0, "a", "b"), chunks(0, "x"), ("/chunks/1", "y")], ["ab", "~x", "y"]),
    "another piece": ([chunks(0, "a", "b", "c"), ("/chunks/1", "x"), ("/chunks/3", "d")], ["abc", "~axc", "d"]),
    "a list with what is no text": ([chunks(0, "a"), ("", {"chunks": ["a", None, "c"]})], ["a", "c"]),
    "an answer beside pieces": ([("", {"answer": "ab", "chunks": ["a", "b"]}), ("/chunks/2", "c")], ["ab", "c"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
def test_what_a_patch_adds(name: str) -> None:
    patches, adds = WAYS[name]
    assert took(patches) == adds


def test_a_piece_twice_is_told_once() -> None:
    """C22: `/chunks/N` sent twice for the same N."""
    assert took([("/chunks/0", "a"), ("/chunks/1", "b"), ("/chunks/1", "b"), ("/chunks/0", "a")]) == ["a", "b", "", ""]


def drafted(*patches: tuple[str, Any]) -> Draft:
    draft = Draft()
    for path, value in patches:
        read_patch(draft, path, value)
    return draft


@pytest.mark.parametrize(
    ("patches", "missing"),
    [
        ([("/chunks/0", "a"), ("/chunks/2", "c")], True),
        ([("/chunks/1", "b")], True),
        ([chunks(0, "a"), chunks(50, "c")], True),
        ([("/chunks/0", "a"), ("/chunks/2", "c"), ("/chunks/1", "b")], False),
        ([("/chunks/0", "a"), ("/chunks/2", "c"), ("", {"answer": "abc"})], False),
        ([("/chunks/0", "a"), ("/chunks/2", "c"), ("", {"answer": "ab"})], True),
        ([("", {"answer": "abc"}), ("/chunks/7", "d")], False),
    ],
)
def test_a_piece_without_its_predecessor_is_missing_something(patches: Patches, missing: bool) -> None:
    assert drafted(*patches).missing is missing


def test_pieces_without_predecessors_are_not_told() -> None:
    assert drafted(("/chunks/4", "4"), ("/chunks/2", "2")).take() == ("", False)


def test_a_piece_that_changes_behind_a_whole_text() -> None:
    """Between the pieces that are known, one is known only as a part of the whole."""
    draft = drafted(("/chunks/0", "Hel"), ("", {"answer": "Hello wor"}), ("/chunks/7", "ld"), ("/chunks/0", "Xel"))
    assert draft.text == "Hello world"
    read_patch(draft, "/chunks/7", "k")
    assert draft.text == "Hello work"


def test_a_piece_that_changes_costs_no_more_than_itself() -> None:
    """The text is put together for who takes it, and for nobody else: 20,000 times 20,000 pieces would take minutes."""
    draft = drafted(chunks(0, *["x"] * 20_000))
    for number in range(20_001):
        draft.piece(0, "abc"[number % 3] * 2)
    draft.piece(20_000, "!")
    assert draft.length == 20_002
    assert draft.take() == (f"cc{'x' * 19_999}!", True)


def test_the_table_shows_itself() -> None:
    assert len(rows()) == len(PATCHES)
    assert ("/chunks/N", "str", "piece") in rows()


def test_pieces_cost_the_same_however_many_there_are() -> None:
    """Nothing is put together anew for a piece: the draft keeps pieces until somebody wants the text."""
    draft = Draft()
    for number in range(20_000):
        draft.piece(number, "x")
        assert draft.take() == ("x", False)
    assert len(draft.text) == draft.length == 20_000
