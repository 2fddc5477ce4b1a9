"""Answers by way of Code Assist: all that a plain answer has comes through their envelopes, read and written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.gemini.array import ArrayFramer
from ccproxy.lightllm.gemini.buffered import read_body, write_body
from ccproxy.lightllm.gemini.unwrapping import Unwrapping, unwrapped_body
from ccproxy.lightllm.stream_translator import StreamTranslator
from ccproxy.lightllm.translate import read_answer, read_stream, stream_answer, write_answer
from tests.lightllm.gemini.wire import (
    DONE,
    OWN,
    call,
    chunk,
    chunks_of,
    enveloped,
    only,
    parts,
    read,
    saying,
    text,
    write,
)
from tests.support.disorder import cut
from tests.support.examples import examples
from tests.support.good_messages import good_streams
from tests.support.judges import comparable, error_faults, stream_faults
from tests.support.promises import USAGE

GROUNDING = {
    "webSearchQueries": ["q"],
    "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}],
    "groundingSupports": [{"segment": {"startIndex": 0, "endIndex": 5}, "groundingChunkIndices": [0]}],
}
BESIDE: dict[str, Any] = {
    "groundingMetadata": GROUNDING,
    "citationMetadata": {"citations": [{"startIndex": 0, "endIndex": 5, "uri": "https://b.example"}]},
    "urlContextMetadata": {"urlMetadata": [{"retrievedUrl": "https://c.example", "urlRetrievalStatus": "X"}]},
}
COUNTS = {
    "promptTokenCount": 100,
    "candidatesTokenCount": 20,
    "totalTokenCount": 125,
    "thoughtsTokenCount": 5,
    "cachedContentTokenCount": 40,
}
RICH = [
    chunk(text("Let me ", thought=True)),
    chunk(text("think.", thought=True)),
    chunk(text("Paris", thoughtSignature="VEVYVA==")),
    chunk({"executableCode": {"language": "PYTHON", "code": "print(1)", "id": "c1"}}),
    chunk({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n", "id": "c1"}}),
    chunk({"inlineData": {"mimeType": "image/png", "data": "aGk="}}),
    chunk(call("look", {"at": [1, {"é": None}]}, thoughtSignature="Q0FMTA==")),
    chunk(call("listen")),
    chunk(text("", thoughtSignature="TEFTVA=="), stop="STOP", **BESIDE) | {"usageMetadata": COUNTS},
]
BLOCKED = [{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}}]
BUSY = {
    "error": {
        "code": 429,
        "message": "You have exhausted your capacity on this model.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED"},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.957525076s"},
        ],
    }
}
STREAMS: list[list[Any]] = [
    RICH,
    BLOCKED,
    [*RICH[:3], BUSY],
    [BUSY],
    RICH[:4],
    [chunk(text("a"), stop="MAX_TOKENS"), {"usageMetadata": COUNTS}],
    *([data for _, data in frames] for frames in good_streams()[OWN]),
]
CLIENTS = CLIENT_FORMATS


def sse(chunks: Iterable[Any]) -> bytes:
    """Chunks as Google sends them with `alt=sse`."""
    return b"".join(b"data: " + json.dumps(one, separators=(",", ":")).encode() + b"\r\n\r\n" for one in chunks)


def crossed(chunks: list[bytes], client: WireFormat, asked: Asked | None = None) -> bytes:
    """What a client gets, but for ids that are made up."""
    translator = StreamTranslator(OWN, client, asked or Asked("m-1", USAGE))
    return comparable(b"".join([*map(translator.feed, chunks), translator.end()]))


names = st.sampled_from(["traceId", "consumedCredits", "remainingCredits", "metadata", "x", "candidates", "é", '"}'])
values = st.one_of(
    st.text(max_size=4), st.sampled_from([None, [], {}, [{"creditType": "X"}], {"response": {"a": 1}}, 3])
)


@st.composite
def wrapped(draw: st.DrawFn, one: Any) -> Any:
    """A chunk in its envelope, among whatever else stands there. An error may come without, within or beside."""
    beside = draw(st.dictionaries(names, values, max_size=3))
    if "error" in one:
        forms = [one, {"response": one}, {"response": {}, **one}, {"response": RICH[0], **one}]
        return {**draw(st.sampled_from(forms))}
    members = list({**beside, "response": one}.items())
    return dict(draw(st.permutations(members)))


@settings(max_examples=examples(120), deadline=None)
@given(st.sampled_from(STREAMS), st.sampled_from(CLIENTS), st.data())
def test_a_stream_in_envelopes_is_the_plain_stream(given: list[Any], client: WireFormat, data: st.DataObject) -> None:
    """C6: for clients of all formats, wherever it is cut and whatever stands beside the answers."""
    plain = sse(given)
    body = sse([data.draw(wrapped(one)) for one in given])
    pieces = cut(data.draw, body)
    assert crossed(pieces, client) == crossed([plain], client)
    machine = Unwrapping()
    assert b"".join([*map(machine.feed, pieces), machine.end()]) == plain
    machine = Unwrapping(array=True)
    assert json.loads(b"".join([*map(machine.feed, pieces), machine.end()])) == given
    assert machine.whole is (given is not STREAMS[4])


def test_everything_is_there() -> None:
    """C5: thoughts are no part of the answer, and no signature is lost."""
    events = read(*RICH)
    assert [event.text for event in only(events, ev.ThinkingDelta)] == ["Let me ", "think."]
    assert [event.text for event in only(events, ev.TextDelta)] == ["Paris"]
    assert [event.opaque.data for event in only(events, ev.Signature)] == ["VEVYVA==", "Q0FMTA==", "TEFTVA=="]
    assert [(event.id, event.name) for event in only(events, ev.ToolCallStart)] == [
        ("id_look", "look"),
        ("id_listen", "listen"),
    ]
    assert only(events, ev.Media) == [ev.Media("image/png", "aGk=")]
    assert [event.input["code"] for event in only(events, ev.ServerToolCall)] == ["print(1)"]
    assert [event.output for event in only(events, ev.ServerToolResult)] == ["1\n"]
    assert {event.citation.url for event in only(events, ev.CitationDelta)} >= {"https://a.example"}
    last = ev.Usage(input=60, output=25, cache_read=40, reasoning=5)
    assert only(events, ev.UsageUpdate)[-1].usage == last


@pytest.mark.parametrize("sse", [True, False])
def test_everything_comes_back(sse: bool) -> None:
    """To a client of Code Assist, by way of the neutral events."""
    chunks = write(read(*RICH), Asked("m", sse=sse))
    merged = [text("Let me ", thought=True), text("think.", thought=True), *parts(RICH)[2:]]
    assert parts(chunks) == merged
    last = chunks[-1]["candidates"][0]
    assert {name: last[name] for name in BESIDE} == BESIDE
    assert chunks[-1]["usageMetadata"] == COUNTS
    assert last["finishReason"] == "STOP"


def test_everything_comes_back_in_one_piece() -> None:
    whole = write_body(collect(read(*RICH)), Asked("m", wrapped=True))
    assert set(whole) == {"response"}
    assert parts([whole["response"]]) == [text("Let me think.", thought=True), *parts(RICH)[2:]]
    choice = whole["response"]["candidates"][0]
    assert {name: choice[name] for name in BESIDE} == BESIDE
    assert whole["response"]["usageMetadata"] == COUNTS
    assert read_body(whole) == read_body(whole["response"])


def strewn(value: Any) -> Any:
    """An answer in whose objects stands something that nobody knows; arguments are the caller's own."""
    if isinstance(value, list):
        return [strewn(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {name: one if name == "args" else strewn(one) for name, one in value.items()}
    return {"novelty": {"a": [1]}, **inner, "traceId": "t"}


@pytest.mark.parametrize("client", [client for client in CLIENTS if client is not OWN])
def test_members_that_nobody_knows_cost_nothing(client: WireFormat) -> None:
    """C6: at every level of an answer, and of its envelope."""
    expected = crossed([sse(RICH)], client)
    assert crossed([sse(strewn(list(map(enveloped, RICH))))], client) == expected
    assert stream_faults(client, expected) == []


ERRORS: dict[str, Any] = {
    "bare": BUSY,
    "inside": {"response": BUSY, "traceId": "t"},
    "beside": {"response": {"candidates": []}, **BUSY},
    "beside, first": {**BUSY, "response": {}},
    "both": {"response": BUSY, "error": {"code": 500, "message": "other"}},
    "in a list": [BUSY],
    "inside, in a list": [{"response": BUSY}],
}


@pytest.mark.parametrize("given", ERRORS.values(), ids=ERRORS)
def test_an_error_is_bare_and_tells_how_long_to_wait(given: Any) -> None:
    """C4, C20: wherever it stands. The client of the Gemini API gets the provider's own words."""
    (event,) = read(given)
    words = BUSY["error"]["message"]
    expected = ev.WireError(429, str(words), "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", None, OWN, 3.957525076)
    assert event == ev.Error(expected)
    assert read_answer(given, OWN).error == expected
    bare = json.loads(unwrapped_body(json.dumps(given).encode()))
    assert bare == ([BUSY] if isinstance(given, list) else BUSY)
    for array in (False, True):
        machine = Unwrapping(array=array)
        out = machine.feed(sse([given])) + machine.end()
        assert machine.whole
        assert json.loads(out if array else out.removeprefix(b"data: ")) == ([BUSY] if array else bare)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("given", ERRORS.values(), ids=ERRORS)
def test_an_error_in_mid_stream(client: WireFormat, given: Any) -> None:
    """C4: every client gets it in its own dialect, and no end of an answer."""
    translator = StreamTranslator(OWN, client, Asked("m-1", USAGE))
    out = translator.feed(sse([enveloped(RICH[0]), given, enveloped(RICH[-1])])) + translator.end()
    assert translator.error is not None
    assert (translator.error.status, translator.error.retry_after) == (429, 3.957525076)
    assert stream_faults(client, out) == []
    assert b"exhausted your capacity" in out
    assert translator.finish is None


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("end", [b"", b"data: [DONE]\n\n", b'data: {"response":{}}\n\n', b'data: {"traceId":"t"}\n\n'])
def test_a_stream_that_ends_early_is_an_error(client: WireFormat, end: bytes) -> None:
    """C4."""
    body = sse(map(enveloped, RICH[:4])) + end
    translator = StreamTranslator(OWN, client, Asked("m-1", USAGE))
    out = translator.feed(body) + translator.end()
    assert translator.error is not None
    assert stream_faults(client, out) == []
    machine = Unwrapping()
    machine.feed(body)
    machine.end()
    assert not machine.whole


@pytest.mark.parametrize("as_array", [False, True])
def test_a_prompt_that_is_refused(as_array: bool) -> None:
    """An answer without candidates is one nevertheless."""
    chunks = list(map(enveloped, BLOCKED))
    body = json.dumps(chunks).encode() if as_array else sse(chunks)
    translator = StreamTranslator(OWN, OWN, Asked("m"), ArrayFramer() if as_array else None)
    out = translator.feed(body) + translator.end()
    assert translator.finish == ev.Finish(ev.StopReason.FILTER, native="PROHIBITED_CONTENT")
    assert stream_faults(OWN, out) == []
    assert read_answer(chunks[0], OWN).finish == translator.finish


def wrapped_stream(client_sse: bool, events: list[ev.Event]) -> list[dict[str, Any]]:
    """What a client of Code Assist gets for events."""
    translator = StreamTranslator(OWN, OWN, Asked("m", sse=client_sse, wrapped=True))
    return chunks_of(translator.write(events).decode(), client_sse)


@pytest.mark.parametrize("sse", [True, False])
def test_a_client_of_code_assist_gets_bare_errors(sse: bool) -> None:
    error = ev.Error(ev.WireError(529, "busy", "overloaded_error", origin=WireFormat.ANTHROPIC, retry_after=2.5))
    started = [ev.MessageStart("r1", "m-1"), ev.TextStart(0), ev.TextDelta(0, "Hel")]
    first, last = wrapped_stream(sse, [*started, error])
    assert parts([first["response"]]) == [text("Hel")]
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2.5s"}]
    assert last == {"error": {"code": 529, "message": "busy", "status": "UNAVAILABLE", "details": details}}
    assert error_faults(OWN, json.dumps(last).encode(), 529) == []
    assert wrapped_stream(sse, [error]) == [last]


@pytest.mark.parametrize("sse", [True, False])
def test_a_client_of_code_assist_gets_envelopes(sse: bool) -> None:
    events = [ev.MessageStart("r1", "m-1"), *saying(0, "Hel", "lo"), *DONE]
    chunks = wrapped_stream(sse, events)
    assert [list(one) for one in chunks] == [["response"]] * 3
    assert parts(one["response"] for one in chunks) == [text("Hel"), text("lo")]
    asked = Asked("m", sse=sse, wrapped=True)
    body = write_answer(collect(events), OWN, asked)
    assert json.loads(body)["response"]["candidates"][0]["content"]["parts"] == [text("Hello")]
    said = chunks_of(stream_answer(json.loads(body), OWN, OWN, asked).decode(), sse)
    assert parts(one["response"] for one in said) == [text("Hello")]


def test_a_stream_is_read_as_one_answer() -> None:
    """For a client that wants it in one piece."""
    assert read_stream(sse(map(enveloped, RICH)), OWN) == read_stream(sse(RICH), OWN)
