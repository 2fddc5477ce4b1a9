"""Whole answers of Gemini's format."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import types

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.gemini.buffered import read_body, write_body
from tests.lightllm.gemini.wire import DONE, OWN, call, calling, chunk, only, read, saying, text, thinking, told, write
from tests.support.grammar.gemini import check_body

START = ev.MessageStart("r1", "gemini-x")
FOREIGN = ev.Opaque(WireFormat.OPENAI_RESPONSES, "gAAAAAB_-==")


def written(events: list[ev.Event], asked: Asked | None = None) -> dict[str, Any]:
    """The body of an answer; it must keep to the grammar, and the SDK must take it."""
    body = json.loads(json.dumps(write_body(collect(events), asked or Asked("asked"))))
    assert told(write_body(collect(events), Asked("asked", wrapped=True))) == told({"response": body})
    assert check_body(body) == []
    types.GenerateContentResponse.model_validate(body)
    return dict(body)


def parts(body: dict[str, Any]) -> Any:
    return body["candidates"][0]["content"]["parts"]


def test_a_body_reads_as_its_stream() -> None:
    whole = chunk(text("t", thought=True), text("a"), call("f", {"x": 1}, thoughtSignature="c2ln"), stop="STOP")
    assert read_body(whole) == read(whole)
    assert read_body({"response": whole, "traceId": "t"}) == read(whole)


def test_a_list_is_a_stream_at_once() -> None:
    """What `streamGenerateContent` answers without `alt=sse`."""
    chunks = [chunk(text("Hel")), chunk(text("lo"), stop="STOP")]
    assert read_body(chunks) == read(*chunks)
    assert isinstance(read_body(chunks[:1])[-1], ev.Error)


def test_no_reason_is_needed_in_one_piece() -> None:
    events = read_body({"candidates": [{"content": {"parts": [{"text": "a"}]}}]})
    assert events[-2:] == [ev.Finish(ev.StopReason.DONE, native="STOP"), ev.End()]


def test_an_answer_without_candidates() -> None:
    """As it comes now and then; and for a prompt that was blocked."""
    assert isinstance(read_body({"usageMetadata": {"promptTokenCount": 1}, "modelVersion": "m"})[-1], ev.End)
    blocked = read_body({"promptFeedback": {"blockReason": "OTHER"}})
    assert only(blocked, ev.Finish) == [ev.Finish(ev.StopReason.FILTER, native="OTHER")]


@pytest.mark.parametrize("document", [{}, {"html": "<p>"}, [], "text", None, 3, {"response": {}}, [3]])
def test_what_is_no_answer_is_malformed(document: Any) -> None:
    """C23."""
    with pytest.raises(Malformed):
        read_body(document)


@pytest.mark.parametrize("wrap", [lambda error: error, lambda error: [error], lambda error: {"response": error}])
def test_an_error_with_a_good_status(wrap: Any) -> None:
    (event,) = read_body(wrap({"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED"}}))
    assert event == ev.Error(ev.WireError(429, "slow", "RESOURCE_EXHAUSTED", origin=OWN))


def test_everything_is_written() -> None:
    events = [
        START,
        *thinking(0, "hm", FOREIGN),
        *saying(1, "Zür", "ich"),
        *calling(2, "f", '{"x": 1}'),
        ev.Media("image/png", "aGk="),
        ev.ServerToolCall("c", "code_execution", {"code": "1"}),
        ev.ServerToolResult("c", "code_execution", "1"),
        *thinking(3, "", ev.Opaque(OWN, "c2ln")),
        ev.UsageUpdate(ev.Usage(input=3, output=4)),
        ev.Finish(ev.StopReason.TOOL_CALL),
        ev.End(),
    ]
    body = written(events)
    names = [next(iter(part)) for part in parts(body)]
    expected = ["text", "text", "functionCall", "inlineData", "executableCode", "codeExecutionResult", "text"]
    assert names == expected
    assert body["candidates"][0]["finishReason"] == "STOP"
    assert body["usageMetadata"] == {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}
    again = read_body(body)
    assert [event.opaque for event in only(again, ev.Signature)] == [FOREIGN, ev.Opaque(OWN, "c2ln")]


def test_a_body_says_what_its_stream_says() -> None:
    cited = ev.Citation(url="https://a.example", start=1, end=3)
    second = [ev.TextStart(1), ev.TextDelta(1, "düse"), ev.CitationDelta(1, cited), ev.BlockStop(1)]
    events = [START, *saying(0, "é, "), *second, *DONE]
    body, streamed = written(events), write(events)[-1]
    for name in ("groundingMetadata", "finishReason"):
        assert body["candidates"][0][name] == streamed["candidates"][0][name]
    assert body["usageMetadata"] == streamed["usageMetadata"]


def test_an_empty_answer() -> None:
    body = written([START, *DONE])
    assert parts(body) == [{"text": ""}]


def test_missing_names_are_made_up() -> None:
    body = written([ev.MessageStart(), *saying(0, "a"), *DONE])
    assert body["modelVersion"] == "asked"
    assert body["responseId"]


def test_a_refusal() -> None:
    said = [ev.RefusalStart(0), ev.RefusalDelta(0, "No."), ev.BlockStop(0)]
    body = written([START, *said, ev.Finish(ev.StopReason.REFUSAL), ev.End()])
    assert (parts(body), body["candidates"][0]["finishReason"]) == ([{"text": "No."}], "SAFETY")


def test_several_paragraphs_and_logprobs() -> None:
    said = [ev.ThinkingDelta(0, "a"), ev.ThinkingDelta(0, "b", part=1)]
    tokens = [{"token": "x", "logprob": -1.0, "top_logprobs": []}]
    spoken = [ev.TextStart(1), ev.TextDelta(1, "x"), ev.LogprobsDelta(1, tokens), ev.BlockStop(1)]
    body = written([START, ev.ThinkingStart(0), *said, ev.BlockStop(0), *spoken, *DONE])
    assert parts(body) == [{"text": "a\n\nb", "thought": True}, {"text": "x"}]
    assert body["candidates"][0]["logprobsResult"] == {"chosenCandidates": [{"token": "x", "logProbability": -1.0}]}


def test_drops_are_counted() -> None:
    asked = Asked("m")
    dropped = [ev.Redacted(FOREIGN), ev.ServerToolCall("x", "mcp"), ev.Unknown({}, WireFormat.OPENAI)]
    written([START, *dropped, *calling(0, "f", "nonsense"), *DONE], asked)
    assert asked.drops.counts == {"server_tool_blocks": 1, "unknown_block": 1, "invalid_arguments": 1}
