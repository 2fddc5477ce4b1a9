"""Chat Completions streams as they are written, for every neutral event and as the official SDK adds them up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageFunctionToolCall

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.openai_chat.stream import StreamWriter
from ccproxy.lightllm.openai_chat.writer import HANDLERS
from tests.support.grammar.openai_chat import check_stream

START = ev.MessageStart("msg_1", "claude", 1700000000)
DONE = (ev.Finish(ev.StopReason.DONE), ev.End())
GEMINI = ev.Opaque(WireFormat.GEMINI, "c2ln")


def asked(tools: Sequence[dict[str, Any]] = (), usage: bool = True) -> Asked:
    document: dict[str, Any] = {"stream_options": {"include_usage": True}} if usage else {}
    return Asked(model="asked", document={**document, "tools": list(tools)})


def write(*events: ev.Event, client: Asked | None = None) -> str:
    writer = StreamWriter(client or asked())
    stream = b"".join(writer.write(event) for event in events).decode()
    assert check_stream(stream) == []
    return stream


def chunks(stream: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


def deltas(stream: str) -> list[dict[str, Any]]:
    return [chunk["choices"][0]["delta"] for chunk in chunks(stream) if chunk.get("choices")]


def added_up(stream: str) -> ChatCompletion:
    """What the official SDK makes of a stream. Raises for chunks that are not of its types."""
    state = ChatCompletionStreamState()
    for chunk in chunks(stream):
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    return state.get_final_completion()


def block(start: ev.Event, *more: ev.Event) -> tuple[ev.Event, ...]:
    return (start, *more, ev.BlockStop(getattr(start, "index", 0)))


def said(words: str, index: int = 0, *more: ev.Event) -> tuple[ev.Event, ...]:
    return block(ev.TextStart(index), ev.TextDelta(index, words), *more)


def test_text() -> None:
    stream = write(START, ev.TextStart(0), ev.TextDelta(0, "Hé"), ev.TextDelta(0, '"\n'), ev.BlockStop(0), *DONE)
    assert deltas(stream) == [{"role": "assistant", "content": ""}, {"content": "Hé"}, {"content": '"\n'}, {}]
    assert stream.endswith("data: [DONE]\n\n")
    assert {chunk["created"] for chunk in chunks(stream)} == {1700000000}
    assert added_up(stream).choices[0].message.content == 'Hé"\n'


def test_usage_comes_last_and_only_if_it_was_asked_for() -> None:
    """C3: the usage chunk that `include_usage` asks for."""
    usage = ev.UsageUpdate(ev.Usage(input=10, output=5, cache_read=3, cache_write=2, reasoning=1))
    events = (START, *said("x"), ev.Finish(ev.StopReason.DONE), usage, ev.End())
    last = chunks(write(*events))[-1]
    assert last["choices"] == []
    assert last["usage"] == {
        "prompt_tokens": 15,
        "completion_tokens": 5,
        "total_tokens": 20,
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 1},
    }
    assert all("usage" not in chunk for chunk in chunks(write(*events, client=asked(usage=False))))


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        (ev.StopReason.DONE, "stop"),
        (ev.StopReason.STOP_SEQUENCE, "stop"),
        (ev.StopReason.LENGTH, "length"),
        (ev.StopReason.FILTER, "content_filter"),
        (ev.StopReason.REFUSAL, "content_filter"),
        (ev.StopReason.TOOL_CALL, "stop"),
        (ev.StopReason.PAUSE, "stop"),
        (ev.StopReason.OTHER, "stop"),
    ],
)
def test_stop_reasons(reason: ev.StopReason, finish: str) -> None:
    """C3: max_tokens is `length`; nothing promises calls that are not there."""
    stream = write(START, *said("x"), ev.Finish(reason), ev.End())
    assert chunks(stream)[-2]["choices"][0]["finish_reason"] == finish


def test_interleaved_calls() -> None:
    """C9: parallel calls, whose pieces come in turns."""
    stream = write(
        START,
        ev.ToolCallStart(0, "a", "f"),
        ev.ToolCallStart(1, "b", "g"),
        ev.ArgumentsDelta(1, '{"y":'),
        ev.ArgumentsDelta(0, '{"x":1}'),
        ev.BlockStop(0),
        ev.ArgumentsDelta(1, "2}"),
        ev.BlockStop(1),
        *block(ev.ToolCallStart(2, "c", "h")),
        ev.Finish(ev.StopReason.TOOL_CALL),
        ev.End(),
    )
    choice = added_up(stream).choices[0]
    assert choice.finish_reason == "tool_calls"
    calls = [
        ChatCompletionMessageFunctionToolCall.model_validate(call.to_dict()) for call in choice.message.tool_calls or ()
    ]
    assert [(call.id, call.function.name, call.function.arguments) for call in calls] == [
        ("a", "f", '{"x":1}'),
        ("b", "g", '{"y":2}'),
        ("c", "h", "{}"),
    ]


def test_a_signature_of_gemini_goes_on_the_call() -> None:
    signature = block(ev.ThinkingStart(0), ev.Signature(0, GEMINI))
    client = asked()
    stream = write(START, *signature, *block(ev.ToolCallStart(1, "a", "f")), *DONE, client=client)
    (call,) = deltas(stream)[1]["tool_calls"]
    assert call["extra_content"] == {"google": {"thought_signature": "c2ln"}}
    assert not client.drops


@pytest.mark.parametrize(
    "events",
    [
        (*block(ev.ThinkingStart(0), ev.Signature(0, ev.Opaque(WireFormat.ANTHROPIC, "x"))), *said("x", 1)),
        (*block(ev.ThinkingStart(0), ev.Signature(0, GEMINI)), *said("x", 1)),
        (*said("x", 1), *block(ev.ThinkingStart(0), ev.Signature(0, GEMINI))),
        (ev.Redacted(ev.Opaque(WireFormat.ANTHROPIC, "x")),),
    ],
)
def test_other_signatures_are_counted(events: tuple[ev.Event, ...]) -> None:
    client = asked()
    write(START, *events, *DONE, client=client)
    assert client.drops.counts == {"signature": 1}


def test_thinking_in_parts() -> None:
    thinking = block(
        ev.ThinkingStart(0, "rs_1"),
        ev.ThinkingDelta(0, "one", part=0),
        ev.ThinkingDelta(0, "!", part=0),
        ev.ThinkingDelta(0, "two", part=1),
        ev.ThinkingDelta(0, "raw", part=0, raw=True),
    )
    again = block(ev.ThinkingStart(1), ev.ThinkingDelta(1, "more"))
    message = added_up(write(START, *thinking, *said("x", 2), *again, *DONE)).choices[0].message
    assert message.to_dict()["reasoning_content"] == "one!\n\ntwo\n\nraw\n\nmore"
    assert message.content == "x"


def test_citations_count_from_the_beginning_of_all_text() -> None:
    cite = [
        ev.CitationDelta(1, ev.Citation(url="https://a.example/", title="A", start=0, end=2)),
        ev.CitationDelta(1, ev.Citation(url="https://b.example/")),
        ev.CitationDelta(1, ev.Citation(kind="document", title="Report", document_id="0")),
        ev.CitationDelta(1, ev.Citation(kind="document", cited_text="words")),
    ]
    client = asked()
    stream = write(START, *said("abc"), *said("defg", 1, *cite), *said("h", 2), *DONE, client=client)
    found = added_up(stream).choices[0].message.annotations or []
    ChatCompletion.model_validate(added_up(stream).to_dict())
    assert [(one.url_citation.url, one.url_citation.start_index, one.url_citation.end_index) for one in found] == [
        ("https://a.example/", 3, 5),
        ("https://b.example/", 3, 7),
        ("Report", 3, 7),
    ]
    assert client.drops.counts == {"citations": 1}


def test_images() -> None:
    client = asked()
    media = (
        ev.Media("image/png", data="AAAA"),
        ev.Media("image/webp", url="https://a.example/i"),
        ev.Media("video/mp4"),
    )
    message = added_up(write(START, *media, *said("x"), *DONE, client=client)).choices[0].message.to_dict()
    urls = [image["image_url"]["url"] for image in message["images"]]  # type: ignore[attr-defined]
    assert urls == ["data:image/png;base64,AAAA", "https://a.example/i"]
    assert client.drops.counts == {"media": 1}


def test_refusals_end_with_stop() -> None:
    events = block(ev.RefusalStart(0), ev.RefusalDelta(0, "I "), ev.RefusalDelta(0, "won't"))
    choice = added_up(write(START, *events, ev.Finish(ev.StopReason.REFUSAL), ev.End())).choices[0]
    assert (choice.message.refusal, choice.finish_reason) == ("I won't", "stop")


def test_logprobs() -> None:
    tokens = [{"token": "x", "logprob": -0.5}]
    choice = added_up(write(START, *said("x", 0, ev.LogprobsDelta(0, tokens)), *DONE)).choices[0]
    assert choice.logprobs is not None
    assert [token.token for token in choice.logprobs.content or ()] == ["x"]


def test_what_has_no_place_is_counted() -> None:
    """C24: a provider's own tools are no calls of the client's."""
    client = asked()
    stream = write(
        START,
        ev.ServerToolCall("s", "web_search", {"query": "x"}),
        ev.ServerToolResult("s", "web_search", sources=[ev.Citation(url="https://a.example/")]),
        ev.Unknown({"type": "x"}, WireFormat.ANTHROPIC),
        *said("x"),
        *DONE,
        client=client,
    )
    assert "tool_calls" not in stream
    assert client.drops.counts == {"server_tool_blocks": 2, "unknown_block": 1}


CUSTOM = {"type": "custom", "custom": {"name": "sql"}}


@pytest.mark.parametrize("native", [True, False])
def test_custom_tools_get_free_text(native: bool) -> None:
    pieces = ["SELECT ", '"é"'] if native else ['{"input":"SEL', 'ECT \\"é\\""}']
    call = block(ev.ToolCallStart(0, "a", "sql", custom=native), *(ev.ArgumentsDelta(0, piece) for piece in pieces))
    entries = [
        entry
        for delta in deltas(write(START, *call, *DONE, client=asked([CUSTOM])))
        for entry in delta.get("tool_calls", ())
    ]
    assert entries[0] == {"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": ""}}
    assert "".join(entry["custom"]["input"] for entry in entries) == 'SELECT "é"'


def test_free_text_for_a_client_that_knows_no_custom_tools() -> None:
    call = block(ev.ToolCallStart(0, "a", "sql", custom=True), ev.ArgumentsDelta(0, 'a"'), ev.ArgumentsDelta(0, "\n"))
    entries = [entry for delta in deltas(write(START, *call, *DONE)) for entry in delta.get("tool_calls", ())]
    arguments = "".join(entry["function"]["arguments"] for entry in entries)
    assert json.loads(arguments) == {"input": 'a"\n'}


@pytest.mark.parametrize("events", [DONE, (START, *DONE), (ev.End(),), (ev.Ping(), *DONE)])
def test_empty_answers(events: tuple[ev.Event, ...]) -> None:
    assert added_up(write(*events)).choices[0].finish_reason == "stop"


def test_an_answer_that_was_never_begun() -> None:
    stream = write(*said("x"), *DONE)
    found = added_up(stream)
    assert (found.model, found.choices[0].message.content) == ("asked", "x")
    assert found.id.startswith("chatcmpl-")


@pytest.mark.parametrize(("id", "kept"), [("chatcmpl-7", True), ("msg_7", False), ("", False)])
def test_ids(id: str, kept: bool) -> None:
    assert (added_up(write(ev.MessageStart(id), *DONE)).id == id) is kept


@pytest.mark.parametrize(("tier", "written"), [("default", "default"), ("standard", "default"), ("batch", None)])
def test_service_tiers(tier: str, written: str | None) -> None:
    assert added_up(write(ev.MessageStart(service_tier=tier), *DONE)).service_tier == written


def test_keep_alives() -> None:
    assert write(ev.Ping(), START, ev.Ping(), *DONE).count(": keep-alive\n\n") == 2


ERROR = ev.Error(ev.WireError(529, "busy", "overloaded_error", origin=WireFormat.ANTHROPIC))


@pytest.mark.parametrize(
    "before",
    [
        (),
        (START,),
        (START, ev.TextStart(0), ev.TextDelta(0, "half")),
        (START, ev.ToolCallStart(0, "a", "f"), ev.ToolCallStart(1, "b", "g"), ev.ArgumentsDelta(1, '{"y')),
        (START, ev.ThinkingStart(0)),
        (START, *said("x"), ev.Finish(ev.StopReason.DONE)),
    ],
)
def test_errors_end_the_stream(before: tuple[ev.Event, ...]) -> None:
    """C4, C8: an error is shown as one, without `[DONE]`, and nothing comes after it."""
    stream = write(*before, ERROR, ev.End(), ev.TextStart(7))
    assert chunks(stream)[-1] == {"error": {"message": "busy", "type": "server_error", "param": None, "code": None}}
    assert "[DONE]" not in stream
    assert stream.count('finish_reason":"') == 0


def test_every_event_has_a_handler() -> None:
    assert set(HANDLERS) == set(get_args(ev.Event.__value__))
