"""Values that are nested deeper than anybody means: an error that says so, wherever they stand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.crossing import CLIENTS, PAIRS, answering, ask_across, read
from tests.support.daemon import Daemon
from tests.support.provider_answers import (
    anthropic_block,
    anthropic_end,
    anthropic_message,
    anthropic_start,
    body_of,
    chat_end,
    chunk,
    gemini_usage,
    named,
    part,
    response,
)
from tests.support.replies import json_reply, stream
from tests.support.upstream import Upstream

DEPTHS = [100, 300, 900]


def nested(depth: int) -> dict[str, Any]:
    """An object in an object in an object."""
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"x": value}
    return value


def asking(client: str, value: Any) -> dict[str, Any]:
    """A request with a value in a place where any value may stand."""
    match client:
        case "anthropic":
            return {"tools": [{"name": "left", "input_schema": {"type": "object", "properties": value}}]}
        case "openai":
            function = {"name": "left", "parameters": {"type": "object", "properties": value}}
            return {"tools": [{"type": "function", "function": function}]}
        case "openai_responses":
            return {"tools": [{"type": "function", "name": "left", "parameters": {"properties": value}}]}
        case _:
            declared = {"name": "left", "parametersJsonSchema": {"type": "object", "properties": value}}
            return {"tools": [{"functionDeclarations": [declared]}]}


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_requests(daemon: Daemon, upstream: Upstream, client: str, provider: str, depth: int) -> None:
    upstream.script = answering(provider, sse=False)
    answer = ask_across(daemon, client, provider, asking(client, nested(depth)))
    if depth == 100:
        assert read(client, answer).text == "Hello there"
    else:
        assert "deep" in CLIENTS[client].error(answer, 400)
        assert upstream.requests == []


def having_called(client: str, value: Any) -> dict[str, Any]:
    """A request whose history holds a call with a value."""
    match client:
        case "anthropic":
            call = {"type": "tool_use", "id": "c1", "name": "left", "input": value}
            result = {"type": "tool_result", "tool_use_id": "c1", "content": "done"}
            return {"messages": [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]}
        case "openai":
            call = {"id": "c1", "type": "function", "function": {"name": "left", "arguments": value}}
            said = {"role": "assistant", "tool_calls": [call]}
            return {"messages": [said, {"role": "tool", "tool_call_id": "c1", "content": "done"}]}
        case "openai_responses":
            call = {"type": "function_call", "call_id": "c1", "name": "left", "arguments": "{}"}
            return {"input": [call, {"type": "function_call_output", "call_id": "c1", "output": value}]}
        case _:
            call = {"functionCall": {"name": "left", "args": {}}}
            result = {"functionResponse": {"name": "left", "response": value}}
            return {"contents": [{"role": "model", "parts": [call]}, {"role": "user", "parts": [result]}]}


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_requests_with_a_history(daemon: Daemon, upstream: Upstream, client: str, provider: str, depth: int) -> None:
    upstream.script = answering(provider, sse=False)
    answer = ask_across(daemon, client, provider, having_called(client, nested(depth)))
    if depth == 100:
        assert read(client, answer).text == "Hello there"
    else:
        assert "deep" in CLIENTS[client].error(answer, 400)
        assert upstream.requests == []


def calling(provider: str, value: Any) -> tuple[Any, list[bytes]]:
    """An answer that calls a tool with a value, as a body and as a stream."""
    text = json.dumps(value)
    match provider:
        case "anthropic":
            block = {"type": "tool_use", "id": "toolu_1", "name": "left", "input": value}
            events = anthropic_block(0, block | {"input": {}}, [{"type": "input_json_delta", "partial_json": text}])
            whole = anthropic_message([block], "tool_use")
            return whole, [anthropic_start(), *events, *anthropic_end("tool_use")]
        case "openai":
            call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "left", "arguments": text}}
            choice = {"index": 0, "message": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "tool_calls"}
            return body_of("openai") | {"choices": [choice]}, [chunk({"tool_calls": [call]}), *chat_end("tool_calls")]
        case "openai_responses":
            item = {"id": "fc_1", "type": "function_call", "call_id": "c1", "name": "left", "status": "completed"}
            item["arguments"] = text
            begun = {"type": "response.created", "response": response([], "in_progress")}
            added = {"type": "response.output_item.done", "output_index": 0, "item": item}
            done = {"type": "response.completed", "response": response([item])}
            return response([item]), [named(begun), named(added), named(done)]
        case _:
            parts = [{"functionCall": {"name": "left", "args": value}}]
            candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}
            return {"candidates": [candidate]}, [part(parts, "STOP", usageMetadata=gemini_usage())]


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_answers(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, depth: int, streamed: bool, agent: str
) -> None:
    """Arguments that are text in both formats may be as deep as they like."""
    body, events = calling(provider, nested(depth))
    upstream.script = stream(events) if streamed else json_reply(body)
    headers = [(b"user-agent", agent.encode())]
    answer = ask_across(daemon, client, provider, asking(client, {}), stream=streamed, headers=headers)
    assert answer.complete
    assert answer.status in ({200} if depth == 100 else {200, 502}), answer.body[:200]
    if answer.status == 502:
        assert CLIENTS[client].error(answer, 502)
    elif daemon.flow(agent)["error"]:
        assert CLIENTS[client].stream_error(answer.body)
        assert depth > 100
    else:
        assert b"left" in answer.body
    daemon.healthy()


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("depth", DEPTHS)
def test_what_a_response_repeats(daemon: Daemon, upstream: Upstream, depth: int, streamed: bool) -> None:
    """A member that the provider never sees comes back in the response."""
    upstream.script = answering("anthropic", sse=streamed)
    members = {"metadata": nested(depth)}
    answer = ask_across(daemon, "openai_responses", "anthropic", members, stream=streamed)
    assert read("openai_responses", answer).text == "Hello there"


def test_a_response_that_cannot_be_remembered_is_given_all_the_same(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = answering("openai", sse=False)
    novelty = {"type": "novelty", "x": nested(300)}
    members = {"input": [{"role": "user", "content": "hi"}, novelty]}
    assert read("openai_responses", ask_across(daemon, "openai_responses", "openai", members)).text == "Hello there"
