"""A pattern in text that comes in pieces is found wherever the text is cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.pipeline.holdback import MOST_HELD, Holdback
from tests.support.examples import examples

PATTERNS = [
    ("ab", 2), ("a{1,3}b?", 4), (r"\bsk-\w{1,4}\b", 7), ("(a|ab)(c|bcd)", 5), ("^a", 1), (r"a\Z", 1), ("[ab]{3}", 3),
    ("(a)(b)?", 2), ("a.?b", 3), ("(?m)^b", 1), ("(?m)a$", 1), (r"\Ba", 1), ("aa|a", 2), ("(?s)a.{2}", 3),
    ("sk-[a-z ]{4}", 7), ("a(?=b)", 1), ("(?<!a)b", 1), ("aaaaaaaaaa", 10),
]  # fmt: skip
"""Regular expressions and the longest match of each."""
texts = st.text(st.sampled_from("aabbcd sk-\n"), max_size=40)
cuts = st.lists(st.integers(0, 40), max_size=8).map(sorted)


def pieces(text: str, at: list[int]) -> list[str]:
    return [text[begin:end] for begin, end in zip([0, *at], [*at, len(text)], strict=True)]


@settings(max_examples=examples(600), deadline=None)
@given(st.sampled_from(PATTERNS), st.integers(0, 5), texts, cuts)
def test_it_is_as_if_the_text_came_at_once(pattern: tuple[str, int], spare: int, text: str, at: list[int]) -> None:
    expression, longest = pattern
    holdback = Holdback(expression, r"<\g<0>>", longest + spare)
    out, came = "", 0
    for piece in pieces(text, at):
        out += holdback.feed(piece)
        came += len(piece)
        gone = re.sub("[<>]", "", out)
        assert text.startswith(gone)
        assert came - len(gone) <= longest + spare, "more is held back than need be"
    out += holdback.flush()
    assert out == re.sub(expression, r"<\g<0>>", text)
    assert holdback.found == len(re.findall(expression, text))


@given(texts, cuts)
def test_what_takes_the_place_may_be_worked_out(text: str, at: list[int]) -> None:
    def shout(match: re.Match[str]) -> str:
        return match[0].upper()

    holdback = Holdback(re.compile("sk-?a?"), shout, 4)
    assert "".join(map(holdback.feed, pieces(text, at))) + holdback.flush() == re.sub("sk-?a?", shout, text)


def test_after_a_flush_another_text_begins() -> None:
    holdback = Holdback("^ab", "*", 2)
    for _ in range(2):
        assert holdback.feed("a") + holdback.feed("b, ab") + holdback.flush() == "*, ab"
    assert holdback.found == 2


@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_match_longer_than_was_said_waits_for_its_end(size: int) -> None:
    text = "key: " + "x" * 200 + " done"
    holdback = Holdback("x{3,}", "*", 5)
    out = "".join(holdback.feed(text[at : at + size]) for at in range(0, len(text), size)) + holdback.flush()
    assert out == "key: * done"


def test_a_match_without_an_end_is_an_error_before_it_fills_the_memory() -> None:
    holdback = Holdback("x+", "*", 5)
    holdback.feed("x" * MOST_HELD)
    with pytest.raises(ValueError, match="matches more than"):
        holdback.feed("x" * 10)


@pytest.mark.parametrize(("pattern", "longest"), [("a*", 3), ("", 3), ("a", 0), ("a", -1), ("(?:ab)?", 2)])
def test_what_cannot_be_looked_for(pattern: str, longest: int) -> None:
    with pytest.raises(ValueError, match=r"matches nothing|at least one"):
        Holdback(pattern, "", longest)
