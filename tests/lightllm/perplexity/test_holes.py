"""Answers of which something is missing, or comes again and again."""

from __future__ import annotations

import json

import pytest

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.perplexity.stream import StreamReader
from tests.lightllm.perplexity.telling import answer, done, said, text, whole
from tests.support.perplexity.encodings import patched


@pytest.mark.parametrize("at_once", [True, False])
def test_an_answer_with_a_hole_is_none(at_once: bool) -> None:
    """Unless its end tells all of it."""
    stream = said(patched("/chunks/0", "Take ")), said(patched("/chunks/2", "5 mg.")), said(patched("/chunks/4", ""))
    for last in (done(), done(whole("Take"))):
        told = answer(*stream, last, whole=at_once)
        assert text(told) == "502 the provider ended its stream in mid-answer"
        assert not told.complete
    full = "Take not 5 mg."
    assert text(answer(*stream, done(whole(full)), whole=at_once)) == full
    plain = {"intended_usage": "ask_text", "markdown_block": {"answer": full}}
    assert text(answer(*stream, done(plain), whole=at_once)) == full


def test_a_text_that_is_told_anew_again_and_again_is_told_a_few_times() -> None:
    """What a client gets is bound by what the answer has, whatever the application changes its mind about."""
    pieces = {"chunks": ["x"] * 100, "chunk_starting_offset": 0}
    flips = [said(patched("/chunks/0", "ab"[number % 2])) for number in range(99)]
    told = text(answer(said(patched("", pieces)), *flips, done()))
    assert told.endswith("\n\na" + "x" * 99)
    assert len(told) < 600


def test_half_a_character_costs_no_answer() -> None:
    reader = StreamReader()
    halves = json.dumps(said(patched("/chunks/0", "a\ud83d \U0001f600"))).encode()
    assert reader.read(b"", halves)[-1] == ev.TextDelta(0, "a\ufffd \U0001f600")
    broken = json.dumps(said(patched("/chunks/1", "ä")), ensure_ascii=False).encode("latin-1")
    assert list(reader.read(b"", broken)) == [ev.TextDelta(0, "\ufffd")]
