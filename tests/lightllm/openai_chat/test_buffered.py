"""Whole Chat Completions: as OpenAI and compatible servers send them, and as they are written of any format."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from openai.types.chat import ChatCompletion

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import Answer, Refusal, Text, Thinking, ToolCall, collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.openai_chat.buffered import read_body, write_body
from tests.support.grammar.openai_chat import check_body


def document(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, "logprobs": None}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **more}


def read(document: Any) -> Answer:
    return collect(read_body(document))


def write(*blocks: Any, asked: Asked | None = None, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = write_body(Answer(blocks=list(blocks), complete=True, **more), asked or Asked(model="asked"))
    body = orjson.loads(orjson.dumps(body))
    assert check_body(body) == []
    ChatCompletion.model_validate(body)
    return body


def message(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["choices"][0]["message"]
    return found


def test_reading_everything() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    annotation = {"type": "url_citation", "url_citation": {"url": "https://a.example/", "title": "A", "end_index": 4}}
    found = read(
        document(
            {"content": "text", "reasoning_content": "why", "tool_calls": [call], "annotations": [annotation]},
            "tool_calls",
            usage={"prompt_tokens": 3, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 1}},
            service_tier="default",
        )
    )
    thinking, text, sent = found.blocks
    assert isinstance(thinking, Thinking)
    assert isinstance(text, Text)
    assert isinstance(sent, ToolCall)
    assert (thinking.text, text.text, sent.name) == ("why", "text", "f")
    assert [citation.url for citation in text.citations] == ["https://a.example/"]
    assert found.usage == ev.Usage(input=3, output=2, reasoning=1)
    assert found.finish == ev.Finish(ev.StopReason.TOOL_CALL, native="tool_calls")
    assert found.start == ev.MessageStart("chatcmpl-1", "m", 1, "default")
    assert found.complete


def test_content_in_parts() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "why"}]}, {"type": "text", "text": "x"}, "y"]
    thinking, text = read(document({"content": parts})).blocks
    assert isinstance(thinking, Thinking)
    assert isinstance(text, Text)
    assert (thinking.text, text.text) == ("why", "xy")


@pytest.mark.parametrize("id", ["", "same", None])
def test_every_entry_of_a_message_is_a_call(id: str | None) -> None:
    entries = [{"index": 0, "id": id, "function": {"name": "f", "arguments": {"x": number}}} for number in range(3)]
    blocks = read(document({"content": None, "tool_calls": entries})).blocks
    found = [block for block in blocks if isinstance(block, ToolCall)]
    assert [json.loads(block.arguments) for block in found] == [{"x": 0}, {"x": 1}, {"x": 2}]
    assert len({block.id for block in found}) == 3


def test_refusal_and_speech() -> None:
    refused = read(document({"content": None, "refusal": "no"}))
    assert refused.finish == ev.Finish(ev.StopReason.REFUSAL, native="stop")
    spoken = read(document({"content": None, "audio": {"id": "audio_1", "data": "UklGRgAA", "transcript": "Hi"}}))
    assert isinstance(spoken.blocks[0], Text)
    assert spoken.blocks[1] == ev.Media("audio/wav", data="UklGRgAA", id="audio_1")


@pytest.mark.parametrize("message", [{}, {"content": None}, {"content": ""}])
def test_empty_messages(message: dict[str, Any]) -> None:
    found = read(document(message, None))
    assert (found.blocks, found.complete) == ([], True)


def test_missing_members() -> None:
    """C7: what a compatible server leaves out costs nothing."""
    (text,) = read({"choices": [{"message": {"content": "x"}}]}).blocks
    assert isinstance(text, Text)
    assert text.text == "x"


@pytest.mark.parametrize("body", [{}, [], "", None, {"choices": []}, {"choices": None}, 7])
def test_what_is_no_answer(body: Any) -> None:
    """C23: a body that is no answer is no empty success."""
    with pytest.raises(Malformed):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "no", "code": 429}},
        {**document({"content": "x"}), "error": {"message": "no", "code": 429}},
        [{"error": {"message": "no", "code": 429, "status": "RESOURCE_EXHAUSTED"}}],
    ],
)
def test_errors_with_status_200(body: Any) -> None:
    """C23: an error is shown as one, whatever the status line says."""
    error = read(body).error
    assert error is not None
    assert (error.status, error.message) == (429, "no")


def test_writing_everything() -> None:
    asked = Asked(model="asked")
    text = Text(["te", "xt"], [ev.Citation(url="https://a.example/", start=0, end=4)], [{"token": "t", "logprob": 0.0}])
    body = write(
        Thinking(parts={0: "one", 1: "two"}),
        text,
        Text(["!"], [ev.Citation(url="https://b.example/", title="B"), ev.Citation(cited_text="words")]),
        Thinking(signature=ev.Opaque(WireFormat.GEMINI, "c2ln")),
        ToolCall("a", "f", pieces=['{"x":', "1}"]),
        ToolCall("b", "g"),
        ev.Media("image/png", data="AAAA"),
        ev.Media("audio/wav", data="AAAA"),
        ev.Redacted(ev.Opaque(WireFormat.ANTHROPIC, "x")),
        ev.ServerToolCall("s", "web_search"),
        ev.Unknown({}, WireFormat.GEMINI),
        asked=asked,
        start=ev.MessageStart("msg_1", "claude", 5, "priority"),
        usage=ev.Usage(input=1, output=2),
        finish=ev.Finish(ev.StopReason.DONE),
    )
    found = message(body)
    assert (found["content"], found["reasoning_content"]) == ("text!", "one\n\ntwo")
    assert [one["url_citation"]["start_index"] for one in found["annotations"]] == [0, 4]
    assert [call["function"]["arguments"] for call in found["tool_calls"]] == ['{"x":1}', "{}"]
    assert found["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "c2ln"}}
    assert "extra_content" not in found["tool_calls"][1]
    assert [image["image_url"]["url"] for image in found["images"]] == ["data:image/png;base64,AAAA"]
    assert body["choices"][0]["finish_reason"] == "tool_calls"
    assert body["choices"][0]["logprobs"]["content"][0]["token"] == "t"
    assert (body["model"], body["created"], body["service_tier"]) == ("claude", 5, "priority")
    assert body["usage"]["total_tokens"] == 3
    counted = {"citations": 1, "media": 1, "signature": 1, "server_tool_blocks": 1, "unknown_block": 1}
    assert asked.drops.counts == counted


def test_content_is_null_only_beside_calls_or_a_refusal() -> None:
    assert message(write())["content"] == ""
    assert message(write(Thinking(parts={0: "why"})))["content"] == ""
    assert message(write(ToolCall("a", "f")))["content"] is None
    assert message(write(Refusal(["no"])))["content"] is None
    assert message(write(Refusal(["no"])))["refusal"] == "no"


@pytest.mark.parametrize(
    ("reason", "finish"),
    [(ev.StopReason.LENGTH, "length"), (ev.StopReason.FILTER, "content_filter"), (ev.StopReason.OTHER, "stop")],
)
def test_stop_reasons(reason: ev.StopReason, finish: str) -> None:
    """C3: the reason crosses."""
    body = write(Text(["x"]), finish=ev.Finish(reason))
    assert body["choices"][0]["finish_reason"] == finish


def test_signatures_that_no_call_takes_are_counted() -> None:
    asked = Asked()
    signature = Thinking(signature=ev.Opaque(WireFormat.GEMINI, "x"))
    write(signature, Text(["x"]), signature, asked=asked)
    assert asked.drops.counts == {"signature": 2}


def test_malformed_arguments_stay_as_the_model_wrote_them() -> None:
    """C23: they are text in this format."""
    (call,) = message(write(ToolCall("a", "f", pieces=['{"x":'])))["tool_calls"]
    assert call["function"]["arguments"] == '{"x":'


def test_custom_tools() -> None:
    asked = Asked(document={"tools": [{"type": "custom", "custom": {"name": "sql"}}, {"type": "function"}]})
    blocks = (
        ToolCall("a", "sql", pieces=['{"input":"x"}']),
        ToolCall("b", "sql", True, ["y"]),
        ToolCall("c", "f", True, ["z"]),
    )
    first, second, third = message(write(*blocks, asked=asked))["tool_calls"]
    assert (first["custom"]["input"], second["custom"]["input"]) == ("x", "y")
    assert json.loads(third["function"]["arguments"]) == {"input": "z"}


def test_there_and_back() -> None:
    blocks = [Thinking(parts={0: "why"}), Text(["x"]), ToolCall("a", "f", pieces=["{}"])]
    finish = ev.Finish(ev.StopReason.TOOL_CALL, native="tool_calls")
    usage = ev.Usage(input=1, output=2, cache_read=3, reasoning=0)
    body = write(*blocks, finish=finish, usage=usage, start=ev.MessageStart("chatcmpl-1", "m", 1))
    assert read(body) == Answer(ev.MessageStart("chatcmpl-1", "m", 1), blocks, usage, finish, complete=True)  # type: ignore[arg-type]
