"""Streams that end too early, and what is nothing of the kind: errors, never half an answer that looks whole."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.perplexity.buffered import read_body
from ccproxy.lightllm.stream_translator import LAST, StreamTranslator
from ccproxy.lightllm.translate import parsed, read_events
from tests.support.disorder import bent, cut, documents, to_json, wire
from tests.support.judges import stream_faults
from tests.support.perplexity.encodings import Goal, State, events, failed, frame, frames, result, step
from tests.support.promises import USAGE, check_body, check_error_body, check_stream, check_stream_as_body

OWN = WireFormat.PERPLEXITY
STATE = State(
    ("Rome", " is [1", "] `big`", ".[2]"),
    (Goal("Looking", (step("SEARCH_WEB", "1", queries=["x"]), step("CLARIFYING_QUESTIONS", "2", questions=["Why?"]))),),
    (result(1), result(2)),
)
quick = settings(deadline=None, print_blob=True)


def streamed(data: bytes, chunks: list[bytes]) -> list[ev.Event]:
    """The events of a stream that comes in chunks."""
    translator = StreamTranslator(OWN, WireFormat.OPENAI, Asked("m-1"))
    out = [event for chunk in chunks for event in translator.read(chunk)]
    return [*out, *translator.last()]


@settings(quick, max_examples=300)
@given(st.integers(0, 999), st.data())
def test_a_stream_that_is_cut_anywhere_is_an_error(seed: int, draw: st.DataObject) -> None:
    told = events(STATE, Random(seed))
    body, end = frames(told), len(frames(told, ended=False)) - len(b"\r\n\r\n")
    at = draw.draw(st.integers(0, len(body)))
    read = streamed(body[:at], cut(draw.draw, body[:at]))
    assert [type(event) for event in read if type(event) in LAST] == [ev.End if at >= end else ev.Error]
    assert type(read[-1]) in LAST
    assert at >= end or ev.Finish not in map(type, read)


def test_a_stream_that_is_cut_in_its_last_event_is_an_error() -> None:
    told = events(STATE, Random(1))
    before, last = frames(told[:-1], ended=False), frame(told[-1])
    for at in range(len(last)):
        read = streamed(b"", [before, last[:at]])
        assert type(read[-1]) is (ev.End if at >= len(last) - 4 else ev.Error), at


@settings(quick, max_examples=60)
@given(st.integers(0, 999), st.data())
def test_every_client_gets_an_error_of_its_own(seed: int, draw: st.DataObject) -> None:
    body = frames(events(STATE, Random(seed)))
    body = body[: draw.draw(st.integers(0, len(body)))]
    for client in CLIENT_FORMATS:
        translator = StreamTranslator(OWN, client, Asked("m-1", USAGE))
        out = translator.feed(body) + translator.end()
        assert translator.done
        assert stream_faults(client, out) == []


# -- nothing of the kind


@settings(quick, max_examples=200)
@given(st.lists(documents, max_size=3), st.data())
def test_streams_of_any_json(found: list[Any], draw: st.DataObject) -> None:
    data = wire([("message", each) for each in found])
    check_stream(OWN, data, cut(draw.draw, data), (True, USAGE))
    check_stream_as_body(OWN, data)


@settings(quick, max_examples=200)
@given(st.integers(0, 99), st.data())
def test_streams_that_are_nearly_right(seed: int, draw: st.DataObject) -> None:
    told = [*events(STATE, Random(seed)), failed("X", "words")]
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(told) - 1))
        told[at] = draw.draw(bent(told[at]))
    data = wire([("message", each) for each in told])
    check_stream(OWN, data, cut(draw.draw, data), (True, USAGE))
    check_stream_as_body(OWN, data)


@settings(quick, max_examples=200)
@given(st.one_of(documents, st.integers(0, 99).flatmap(lambda seed: bent(events(STATE, Random(seed))[-1]))))
def test_bodies(document: Any) -> None:
    check_body(OWN, to_json(document))


@settings(quick, max_examples=300)
@given(st.one_of(documents, bent(failed("RATE_LIMITED", "slow down")), bent({"detail": [{"msg": "x"}]})))
def test_errors(document: Any) -> None:
    check_error_body(OWN, to_json(document), 429)


@settings(quick, max_examples=300)
@given(documents)
def test_bodies_of_any_json_raise_nothing_else(document: Any) -> None:
    try:
        read = read_body(parsed(to_json(document)))
    except Malformed:
        return
    assert type(read[-1]) in LAST
    assert read == read_events(parsed(to_json(document)), OWN)
