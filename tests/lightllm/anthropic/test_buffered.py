"""Reading and writing whole answers."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import Answer, collect
from ccproxy.lightllm.anthropic.buffered import read_body, write_body
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import StopReason
from ccproxy.lightllm.failures import Malformed
from tests.lightllm.anthropic.wire import OWN, begin, clean, delta, over, read, start, stop
from tests.support.grammar.anthropic import check_body

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "cmVk"},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "srvtoolu_1",
            "content": [
                {"type": "web_search_result", "url": "https://e.org", "title": "E", "encrypted_content": "eA=="},
            ],
        },
        {
            "type": "text",
            "text": "found",
            "citations": [
                {
                    "type": "web_search_result_location",
                    "url": "https://e.org",
                    "title": "E",
                    "cited_text": "e",
                    "encrypted_index": "eA==",
                },
            ],
        },
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"x": [1, None]}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 3,
        "cache_creation_input_tokens": 50,
        "cache_read_input_tokens": 100,
        "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 20},
        "output_tokens": 9,
        "output_tokens_details": {"thinking_tokens": 4},
        "service_tier": "standard",
    },
}


def again(document: Any, asked: Asked | None = None) -> dict[str, Any]:
    """A body read and written."""
    return write_body(collect(read_body(document)), asked or Asked(model="asked"))


def body(*events: ev.Event, asked: Asked | None = None) -> dict[str, Any]:
    """A body of events, which must be one that the API could have sent."""
    found = write_body(collect([*events, ev.End()]), asked or Asked(model="asked"))
    assert check_body(found) == []
    return found


def test_a_message_of_everything_survives() -> None:
    assert check_body(MESSAGE) == []
    assert again(MESSAGE) == MESSAGE
    anthropic.types.Message.model_validate(again(MESSAGE))


def test_a_body_and_a_stream_of_it_are_the_same_answer() -> None:
    events = list(read_body(MESSAGE))
    assert isinstance(events[-1], ev.End)
    message = clean(events)
    whole = MESSAGE | {"usage": message["usage"]}
    assert message == whole
    assert message["usage"]["input_tokens"] == 3
    assert message["usage"]["cache_read_input_tokens"] == 100


def test_a_stream_makes_the_body_that_the_api_would_have_sent() -> None:
    events = read(
        begin(),
        start(0, "text", text=""),
        delta(0, "text_delta", text="a"),
        delta(0, "text_delta", text="b"),
        stop(0),
        *over("max_tokens", output_tokens=2),
    )
    found = write_body(collect(events), Asked())
    assert found["content"] == [{"type": "text", "text": "ab"}]
    assert found["stop_reason"] == "max_tokens"


@pytest.mark.parametrize("document", [None, [], "text", {}, {"content": 3}, {"completion": "old"}, {"html": "…"}])
def test_c23_what_is_no_message_is_malformed(document: Any) -> None:
    """C23: HTML or anything else with status 200 was an empty success."""
    with pytest.raises(Malformed):
        list(read_body(document))


def test_an_error_with_status_200_is_an_error() -> None:
    answer = collect(read_body({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}))
    assert answer.error == ev.WireError(529, "Overloaded", "overloaded_error", origin=OWN)
    assert not answer.complete


@pytest.mark.parametrize(
    "document",
    [
        {"content": [{"type": "text", "text": "a"}]},
        {"content": "a", "stop_reason": None, "usage": None, "id": None, "model": None},
        {"content": ["a"], "usage": {"input_tokens": None, "output_tokens": "many"}, "unknown": {}},
    ],
)
def test_compatible_servers_leave_out_what_they_like(document: dict[str, Any]) -> None:
    found = again(document)
    assert check_body(found) == []
    assert found["content"] == [{"type": "text", "text": "a"}]
    assert (found["model"], found["stop_reason"]) == ("asked", "end_turn")


def test_an_empty_answer_is_a_message() -> None:
    assert again({"type": "message", "content": None, "stop_reason": "refusal"})["stop_reason"] == "refusal"
    assert body()["content"] == []


def test_c2_calls_and_usage_of_another_provider() -> None:
    """C2: usage was 0 and the reason `end_turn`; c23: arguments that are not JSON were a status 500."""
    asked = Asked(model="m")
    found = body(
        ev.MessageStart("chatcmpl-1", "gpt", service_tier="flex"),
        ev.ToolCallStart(0, "call:1", "f"),
        ev.ArgumentsDelta(0, '{"x": '),
        ev.BlockStop(0),
        ev.ToolCallStart(1, "call_2", "g", custom=True),
        ev.ArgumentsDelta(1, "text"),
        ev.BlockStop(1),
        ev.UsageUpdate(ev.Usage(input=5, output=6)),
        ev.Finish(StopReason.DONE, None, "stop"),
        asked=asked,
    )
    assert [block["input"] for block in found["content"]] == [{"arguments": '{"x":'}, {"input": "text"}]
    assert found["stop_reason"] == "tool_use"
    assert (found["usage"]["input_tokens"], found["usage"]["output_tokens"]) == (5, 6)
    assert found["id"].startswith("msg_")
    assert "service_tier" not in found["usage"]
    assert asked.drops.counts == {"invalid_arguments": 1}


def test_what_others_have_and_the_format_has_not() -> None:
    asked = Asked(model="m")
    found = body(
        ev.ThinkingStart(0),
        ev.ThinkingDelta(0, "one"),
        ev.ThinkingDelta(0, "two", part=1),
        ev.Signature(0, ev.Opaque(WireFormat.GEMINI, "c2ln")),
        ev.BlockStop(0),
        ev.TextStart(1),
        ev.BlockStop(1),
        ev.TextStart(2),
        ev.TextDelta(2, "x"),
        ev.LogprobsDelta(2, [{}]),
        ev.CitationDelta(2, ev.Citation("file", title="f.pdf", document_id="file_1")),
        ev.BlockStop(2),
        ev.RefusalStart(3),
        ev.RefusalDelta(3, "No."),
        ev.BlockStop(3),
        ev.Media("image/png", "aGk="),
        asked=asked,
    )
    assert found["content"] == [
        {"type": "thinking", "thinking": "one\n\ntwo", "signature": "ccproxy.gemini.c2ln"},
        {"type": "text", "text": "x"},
        {"type": "text", "text": "No."},
    ]
    assert found["stop_reason"] == "refusal"
    assert asked.drops.counts == {"logprobs": 1, "citations": 1, "media": 1}


def test_an_answer_without_a_finish_has_a_reason_all_the_same() -> None:
    assert write_body(Answer(), Asked(model="m"))["stop_reason"] == "end_turn"
