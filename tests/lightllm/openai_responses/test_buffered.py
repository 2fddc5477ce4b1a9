"""Whole answers, read and written."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import StopReason
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.openai_responses.buffered import read_body, write_body
from tests.lightllm.openai_responses.wire import OWN, Wire, item_of, part, text, whole
from tests.support.grammar.openai_responses import check_body

MESSAGE = item_of("message", id="msg_1", content=[part("Hello")])


def body(*output: Wire, **fields: Any) -> Wire:
    """A response."""
    return {"id": "resp_1", "object": "response", "model": "gpt", "status": "completed", "output": output, **fields} | {
        "output": list(output)
    }


def test_a_whole_answer() -> None:
    call = item_of("function_call", id="fc_1", call_id="call_1", name="f", arguments="{}")
    thinking = item_of("reasoning", id="rs_1", summary=[], encrypted_content="gAAA")
    usage = {"input_tokens": 5, "output_tokens": 7}
    assert list(read_body(body(thinking, MESSAGE, call, created_at=7, usage=usage))) == [
        ev.MessageStart("resp_1", "gpt", 7),
        ev.ThinkingStart(0, "rs_1"),
        ev.Signature(0, ev.Opaque(OWN, "gAAA")),
        ev.BlockStop(0),
        *text(1, "Hello"),
        ev.ToolCallStart(2, "call_1", "f"),
        ev.ArgumentsDelta(2, "{}"),
        ev.BlockStop(2),
        ev.UsageUpdate(ev.Usage(input=5, output=7)),
        ev.Finish(StopReason.TOOL_CALL, native="completed"),
        ev.End(),
    ]


@pytest.mark.parametrize("status", ["complete", "completed", None, "a new one"])
def test_what_counts_as_complete(status: str | None) -> None:
    """C7: DeepSeek says `complete`."""
    found = collect(read_body(body(MESSAGE, status=status)))
    assert found.complete
    assert found.finish is not None
    assert found.finish.reason is StopReason.DONE


def test_a_bare_answer() -> None:
    """C7"""
    assert list(read_body({"output": [{"type": "message", "content": "Hello"}]})) == [
        ev.MessageStart(),
        *text(0, "Hello"),
        ev.Finish(StopReason.DONE, native="completed"),
        ev.End(),
    ]


def test_usage_in_the_names_of_chat() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 3}}
    found = collect(read_body(body(MESSAGE, usage=usage)))
    assert found.usage == ev.Usage(input=2, output=7, cache_read=3)


@pytest.mark.parametrize("status", ["failed", "cancelled", "queued", "in_progress"])
def test_what_is_no_answer(status: str) -> None:
    """C4"""
    failure = {"code": "rate_limit_exceeded", "message": "slowly"} if status == "failed" else None
    error = collect(read_body(body(MESSAGE, status=status, error=failure))).error
    assert error is not None
    assert error.status >= 400
    assert status != "failed" or (error.status, error.message, error.code) == (429, "slowly", "rate_limit_exceeded")


def test_an_error_with_the_status_of_success() -> None:
    """C23"""
    error = collect(read_body({"error": {"message": "no", "type": "invalid_request_error"}})).error
    assert error == ev.WireError(400, "no", "invalid_request_error", origin=OWN)


@pytest.mark.parametrize("document", [None, [], "<html>", {}, {"choices": []}, {"output": None}])
def test_a_body_that_is_no_response(document: Any) -> None:
    """C23"""
    with pytest.raises(Malformed):
        list(read_body(document))


def test_a_written_body_is_legal_and_reads_the_same() -> None:
    source = ev.Citation("web", "https://a", "A", None, 0, 5)
    events = whole(
        ev.ThinkingStart(0, "rs_1"),
        ev.ThinkingDelta(0, "Raw", 0, True),
        ev.ThinkingDelta(0, "One", 0),
        ev.ThinkingDelta(0, "Two", 1),
        ev.Signature(0, ev.Opaque(ev.WireFormat.GEMINI, "c2ln")),
        ev.BlockStop(0),
        ev.TextStart(1),
        ev.TextDelta(1, "Hello"),
        ev.CitationDelta(1, source),
        ev.BlockStop(1),
        ev.RefusalStart(2),
        ev.RefusalDelta(2, "No."),
        ev.BlockStop(2),
        ev.ToolCallStart(3, "call_1", "f"),
        ev.ArgumentsDelta(3, '{"x":1}'),
        ev.BlockStop(3),
        ev.Media("image/png", "aW1n", id="ig_1"),
        ev.UsageUpdate(ev.Usage(input=1, output=2, cache_read=3, cache_write=4, reasoning=1)),
        finish=ev.Finish(StopReason.TOOL_CALL, native="completed"),
    )
    answer = collect(events)
    written = write_body(answer, Asked("gpt"))
    assert check_body(written) == []
    again = collect(read_body(written))
    assert again.blocks[0] == answer.blocks[0]
    assert again.blocks[2:] == answer.blocks[2:]
    assert (again.start.id, again.usage, again.finish) == ("resp_1", answer.usage, answer.finish)


def test_an_answer_that_ran_out_of_tokens() -> None:
    written = write_body(collect(whole(*text(0, "a"), finish=ev.Finish(StopReason.LENGTH))), Asked("gpt"))
    assert check_body(written) == []
    assert (written["status"], written["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert written["output"][0]["status"] == "incomplete"
