"""Weaknesses of ai-ccproxy 2.0 in answers, by their numbers in the specification of the wire layer (section 7.2).

C2 to C10, C20, C21, C23 and C24 are here; the rest of C1 to C26 is in `test_wire_weaknesses_requests.py` and
`test_wire_weaknesses_program.py`. C22 is about Perplexity, which has no provider type yet that is served.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.crossing import CLIENTS, PAIRS, answering, ask_across, read, read_stream, received
from tests.support.daemon import Daemon
from tests.support.provider_answers import (
    anthropic_block,
    anthropic_end,
    anthropic_message,
    anthropic_start,
    body_of,
    chat_end,
    chunk,
    error_event_of,
    event,
    gemini_usage,
    named,
    part,
    response,
    stream_of,
)
from tests.support.replies import SSE, close_delimited, each, json_reply, reply, stream
from tests.support.sse import events
from tests.support.upstream import Close, Upstream

TOOLS = [{"name": name, "input_schema": {"type": "object"}} for name in ("left", "right")]
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "left", "arguments": '{"a":1}'}}
STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
FROM_OTHERS = pytest.mark.parametrize("provider", ["openai", "openai_responses", "gemini"])


def calling(provider: str) -> list[bytes]:
    """A stream in which one tool is called."""
    match provider:
        case "openai":
            return [chunk({"role": "assistant", "tool_calls": [CALL]}), *chat_end("tool_calls")]
        case "gemini":
            parts = [{"functionCall": {"name": "left", "args": {"a": 1}}}]
            return [part(parts, "STOP", usageMetadata=gemini_usage())]
        case _:
            item = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "left", "status": "completed"}
            done = item | {"arguments": '{"a":1}'}
            listed: list[dict[str, Any]] = [
                {"type": "response.created", "response": response([], "in_progress")},
                {"type": "response.output_item.added", "output_index": 0, "item": item | {"arguments": ""}},
                {
                    "type": "response.function_call_arguments.delta",
                    "item_id": "fc_1",
                    "output_index": 0,
                    "delta": '{"a":1}',
                },
                {"type": "response.output_item.done", "output_index": 0, "item": done},
                {"type": "response.completed", "response": response([done])},
            ]
            return [named(each) for each in listed]


@FROM_OTHERS
def test_C02_a_tool_call_is_the_stop_reason_and_usage_crosses(
    daemon: Daemon, upstream: Upstream, provider: str
) -> None:
    upstream.script = stream(calling(provider))
    answer = ask_across(daemon, "anthropic", provider, {"tools": TOOLS}, stream=True)
    got = read("anthropic", answer)
    assert (got.stop, got.usage) == ("tool_use", (11, 5))
    deltas = [each.json() for each in events(answer.body) if each.name == "content_block_delta"]
    assert json.loads("".join(each["delta"]["partial_json"] for each in deltas)) == {"a": 1}


@STREAMED
@pytest.mark.parametrize("provider", ["anthropic", "openai_responses", "gemini"])
def test_C03_length_is_length_and_usage_comes_if_asked_for(
    daemon: Daemon, upstream: Upstream, provider: str, streamed: bool
) -> None:
    upstream.script = answering(provider, end="length", sse=streamed)
    options = {"stream_options": {"include_usage": True}} if streamed else {}
    got = read("openai", ask_across(daemon, "openai", provider, options, stream=streamed))
    assert (got.stop, got.usage) == ("length", (11, 5))
    if streamed:
        assert read("openai", ask_across(daemon, "openai", provider, stream=True)).usage is None


@pytest.mark.parametrize("how", ["error", "ended", "another error"])
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_C04_what_failed_or_was_not_finished_is_no_success(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, how: str
) -> None:
    whole = stream_of(provider, ["Hel", "lo"])
    begun = whole[: next(number for number, each in enumerate(whole) if b"Hel" in each) + 1]
    tail = {
        "error": [error_event_of(provider, "overloaded")],
        "ended": [],
        "another error": [named({"type": "error", "code": "server_error", "message": "overloaded"})],
    }[how]
    if how == "another error" and provider != "openai_responses":
        tail = [b'event: error\ndata: {"error":{"message":"overloaded"}}\n\n']
    upstream.script = stream([*begun, *tail])
    answer = ask_across(daemon, client, provider, stream=True)
    message = CLIENTS[client].stream_error(answer.body)
    assert how == "ended" or "overloaded" in message
    for success in (b"message_stop", b"[DONE]", b"response.completed", b'"finishReason":"STOP"'):
        assert success not in answer.body


@STREAMED
@pytest.mark.parametrize("client", ["anthropic", "openai", "gemini"])
def test_C04_incomplete_is_no_plain_end(daemon: Daemon, upstream: Upstream, client: str, streamed: bool) -> None:
    upstream.script = answering("openai_responses", end="length", sse=streamed)
    expected = {"anthropic": "max_tokens", "openai": "length", "gemini": "MAX_TOKENS"}
    assert read(client, ask_across(daemon, client, "openai_responses", stream=streamed)).stop == expected[client]


@STREAMED
@pytest.mark.parametrize("client", ["anthropic", "openai", "openai_responses"])
def test_C05_thoughts_do_not_leak_into_the_answer(
    daemon: Daemon, upstream: Upstream, client: str, streamed: bool
) -> None:
    parts = [{"text": "secretly", "thought": True}, {"text": "Hello", "thoughtSignature": "c2ln"}]
    usage = {"usageMetadata": gemini_usage()}
    whole = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}], **usage}
    pieces = [part(parts[:1]), part(parts[1:], "STOP", **usage)]
    upstream.script = stream(pieces) if streamed else json_reply(whole)
    answer = ask_across(daemon, client, "gemini", stream=streamed)
    assert read(client, answer).text == "Hello"
    assert b"secretly" in answer.body


def test_C05_signatures_of_thoughts_come_back_to_gemini(daemon: Daemon, upstream: Upstream) -> None:
    call = {"functionCall": {"name": "left", "args": {"a": 1}}, "thoughtSignature": "c2lnbmF0dXJl"}
    content = {"role": "model", "parts": [{"text": "hm", "thought": True}, call]}
    upstream.script = json_reply(
        {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": gemini_usage()}
    )
    first = ask_across(daemon, "anthropic", "gemini", {"tools": TOOLS}).json()
    assert first["stop_reason"] == "tool_use"
    (used,) = [block for block in first["content"] if block["type"] == "tool_use"]
    upstream.forget()
    result = {"type": "tool_result", "tool_use_id": used["id"], "content": "42"}
    turns = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": [result]},
    ]
    ask_across(daemon, "anthropic", "gemini", {"tools": TOOLS, "messages": turns})
    sent = received(upstream)["contents"]
    (part_with_call,) = [part for part in sent[1]["parts"] if "functionCall" in part]
    assert part_with_call["thoughtSignature"] == "c2lnbmF0dXJl"
    assert sent[2]["parts"][0]["functionResponse"]["name"] == "left"


@STREAMED
@pytest.mark.parametrize("client", ["anthropic", "openai", "openai_responses"])
def test_C06_unknown_fields_and_envelopes_of_gemini(
    daemon: Daemon, upstream: Upstream, client: str, streamed: bool
) -> None:
    """Of a chunk with a sibling that nobody knew, the text was gone."""
    for wrap in (False, True):
        documents = [json.loads(each[6:]) for each in stream_of("gemini")]
        for document in documents:
            document["candidates"][0] |= {"novelty": {"x": 1}}
            document["candidates"][0]["content"]["parts"][0]["novelty"] = 1
            document["traceId"] = "t"
        if wrap:
            documents = [{"response": document, "traceId": "t"} for document in documents]
        whole = body_of("gemini") | {"novelty": [1]}
        whole = {"response": whole, "traceId": "t"} if wrap else whole
        upstream.script = stream([event(each) for each in documents]) if streamed else json_reply(whole)
        got = read(client, ask_across(daemon, client, "gemini", stream=streamed))
        assert got.text == "Hello there"
        assert got.usage == (None if client == "openai" and streamed else (11, 5))


@STREAMED
@pytest.mark.parametrize("client", ["anthropic", "openai_responses", "gemini"])
def test_C07_compatible_servers_that_are_not_quite_openai(
    daemon: Daemon, upstream: Upstream, client: str, streamed: bool
) -> None:
    """Unknown tiers and reasons; no id, no time, no model, no index, no object."""
    bare = [
        {"choices": [{"delta": {"content": "Hello"}}], "service_tier": "warp", "x": 1},
        {"choices": [{"delta": {"content": " there"}, "finish_reason": "eos_reached"}], "provider": "p"},
    ]
    message = {"role": "assistant", "content": "Hello there", "novelty": True}
    whole = {"choices": [{"message": message, "finish_reason": "eos_reached"}], "service_tier": "warp"}
    upstream.script = stream([event(each) for each in bare]) if streamed else json_reply(whole)
    answer = ask_across(daemon, client, "openai", stream=streamed)
    body = answer.body if streamed else json.dumps(answer.json()).encode()
    assert b"Hello" in body
    assert b" there" in body
    assert answer.status == 200
    if streamed and client != "gemini":
        assert read_stream(client, answer.body).text == "Hello there"


def test_C08_a_block_that_cannot_be_told_does_not_put_foreign_events_into_the_stream(
    daemon: Daemon, upstream: Upstream
) -> None:
    used = {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "find", "server_name": "s", "input": {"q": "x"}}
    result = {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "is_error": False, "content": []}
    upstream.script = stream(
        [
            anthropic_start(),
            *anthropic_block(0, used),
            *anthropic_block(1, result),
            *anthropic_block(2, {"type": "novelty", "x": [1]}, [{"type": "novelty_delta", "y": 2}]),
            *anthropic_block(3, {"type": "text", "text": ""}, [{"type": "text_delta", "text": "Hello"}]),
            *anthropic_end(),
        ]
    )
    for client in ("openai", "openai_responses", "gemini"):
        answer = ask_across(daemon, client, "anthropic", stream=True)
        assert read(client, answer).text == "Hello"
        assert b"content_block" not in answer.body


def test_C09_parallel_calls_that_come_interleaved(daemon: Daemon, upstream: Upstream) -> None:
    def piece(index: int, arguments: str, name: str | None = None) -> bytes:
        call: dict[str, Any] = {"index": index, "function": {"arguments": arguments}}
        if name is not None:
            call |= {"id": f"call_{index}", "type": "function"}
            call["function"]["name"] = name
        return chunk({"tool_calls": [call]})

    upstream.script = stream(
        [
            piece(0, "", "left"),
            piece(1, "", "right"),
            piece(0, '{"a":'),
            piece(1, '{"b":'),
            piece(0, "1}"),
            piece(1, "2}"),
            *chat_end("tool_calls"),
        ]
    )
    answer = ask_across(daemon, "anthropic", "openai", {"tools": TOOLS}, stream=True)
    assert read("anthropic", answer).stop == "tool_use"
    inputs: dict[str, str] = {}
    open_block: dict[str, Any] = {}
    for found in (one.json() for one in events(answer.body)):
        if found["type"] == "content_block_start":
            assert not open_block
            open_block = found
        elif found["type"] == "content_block_delta":
            assert found["index"] == open_block["index"]
            name = open_block["content_block"]["name"]
            inputs[name] = inputs.get(name, "") + found["delta"]["partial_json"]
        elif found["type"] == "content_block_stop":
            assert found["index"] == open_block["index"]
            open_block = {}
    assert {name: json.loads(text) for name, text in inputs.items()} == {"left": {"a": 1}, "right": {"b": 2}}


@pytest.mark.parametrize("provider", ["anthropic", "openai", "gemini"])
def test_C10_a_completed_response_holds_its_output_and_items_are_done_when_they_are(
    daemon: Daemon, upstream: Upstream, provider: str
) -> None:
    words, tools = stream_of(provider, ["Hello"]), calling("openai")
    if provider == "anthropic":
        block = {"type": "tool_use", "id": "toolu_1", "name": "left", "input": {}}
        delta = {"type": "input_json_delta", "partial_json": '{"a":1}'}
        sent = [*words[:-2], *anthropic_block(1, block, [delta]), *anthropic_end("tool_use")]
    elif provider == "openai":
        sent = [*words[:2], *tools]
    else:
        sent = [part([{"text": "Hello"}]), *calling("gemini")]
    upstream.script = stream(sent)
    tool = {"type": "function", "name": "left", "parameters": {"type": "object", "properties": {}}}
    answer = ask_across(daemon, "openai_responses", provider, {"tools": [tool]}, stream=True)
    found = [each.json() for each in events(answer.body)]
    kinds = [(each["type"], each.get("output_index")) for each in found]
    assert kinds.index(("response.output_item.done", 0)) < kinds.index(("response.output_item.added", 1))
    done = [each["item"] for each in found if each["type"] == "response.output_item.done"]
    assert found[-1]["type"] == "response.completed"
    assert found[-1]["response"]["output"] == done
    assert [item["type"] for item in done] == ["message", "function_call"]
    assert done[0]["content"][0]["text"] == "Hello"
    assert json.loads(done[1]["arguments"]) == {"a": 1}


@pytest.mark.parametrize("array", [False, True], ids=["object", "array"])
@pytest.mark.parametrize("client", ["anthropic", "openai", "openai_responses"])
def test_C20_unavailable_and_errors_in_arrays_are_understood(
    daemon: Daemon, upstream: Upstream, client: str, array: bool
) -> None:
    """503 UNAVAILABLE is what overload looks like; clients retry by status and `retry-after`."""
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.2s"}]
    error = {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE", "details": details}}
    upstream.script = json_reply([error] if array else error, 503)
    answer = ask_across(daemon, client, "gemini")
    assert CLIENTS[client].error(answer, 503) == "overloaded"
    assert answer.field("retry-after") == b"4"


@STREAMED
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_C21_an_answer_at_the_second_attempt_is_translated_like_any_other(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool, agent: str
) -> None:
    good = answering(provider, sse=streamed)
    upstream.script = each(good, lambda request: [Close()], good)
    ask_across(daemon, client, provider, stream=streamed)
    headers = [(b"user-agent", agent.encode())]
    got = read(client, ask_across(daemon, client, provider, stream=streamed, headers=headers))
    assert got.text == "Hello there"
    assert daemon.flow(agent)["attempts"] == 2


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_C23_no_empty_success(daemon: Daemon, upstream: Upstream, client: str, provider: str) -> None:
    for page in (b"<html>maintenance</html>", b"", b"{}", b"null"):
        upstream.script = reply(200, [(b"Content-Type", b"text/html")], page)
        assert CLIENTS[client].error(ask_across(daemon, client, provider), 502)
    upstream.script = close_delimited([SSE], b"".join(stream_of(provider)))
    assert read(client, ask_across(daemon, client, provider)).text == "Hello there"


@STREAMED
def test_C23_arguments_that_are_no_json_are_not_an_internal_error(
    daemon: Daemon, upstream: Upstream, streamed: bool
) -> None:
    call = CALL | {"function": {"name": "left", "arguments": '{"a": 1'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    whole = body_of("openai") | {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    pieces = [chunk({"tool_calls": [call]}), *chat_end("tool_calls")]
    upstream.script = stream(pieces) if streamed else json_reply(whole)
    answer = ask_across(daemon, "anthropic", "openai", {"tools": TOOLS}, stream=streamed)
    assert answer.status == 200
    if streamed:
        assert b"tool_use" in answer.body
    else:
        (block,) = [block for block in answer.json()["content"] if block["type"] == "tool_use"]
        assert block["input"] == {"arguments": '{"a": 1'}


@STREAMED
@pytest.mark.parametrize("client", ["openai", "openai_responses", "gemini"])
def test_C24_a_tool_of_the_provider_is_no_call_of_the_clients(
    daemon: Daemon, upstream: Upstream, client: str, streamed: bool
) -> None:
    used = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
    text = {"type": "text", "text": "Hello"}
    blocks = [used, result, text]
    sent = [anthropic_start()]
    sent += anthropic_block(0, used | {"input": {}}, [{"type": "input_json_delta", "partial_json": '{"query":"x"}'}])
    sent += [
        *anthropic_block(1, result),
        *anthropic_block(2, text | {"text": ""}, [{"type": "text_delta", "text": "Hello"}]),
    ]
    upstream.script = (
        stream([*sent, *anthropic_end()]) if streamed else json_reply(anthropic_message(blocks, "end_turn"))
    )
    answer = ask_across(daemon, client, "anthropic", stream=streamed)
    got = read(client, answer)
    assert (got.text, got.stop) == ("Hello", {"openai": "stop", "gemini": "STOP"}.get(client, "completed"))
    for call in (b'"tool_calls"', b'"function_call"', b'"functionCall"'):
        assert call not in answer.body
