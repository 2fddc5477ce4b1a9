"""Chat Completions streams: what OpenAI and compatible servers send, and what is written of any format's events."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import Answer, ToolCall, collect
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.openai_chat.stream import StreamReader

ENVELOPE = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m"}


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return {**ENVELOPE, "choices": [choice], **more}


def read(*chunks: Any, done: bool = True) -> list[ev.Event]:
    """The events of chunks, given as objects or as bytes, with `[DONE]` or the mere end after them."""
    reader = StreamReader()
    events: list[ev.Event] = []
    for data in chunks:
        events += reader.read(b"", data if isinstance(data, bytes) else json.dumps(data).encode())
    if done:
        events += reader.read(b"", b"[DONE]")
    events += reader.end()
    check_order(events)
    return events


def check_order(events: list[ev.Event]) -> None:
    """The rules that writers of every format rely on (events.py)."""
    open_blocks: set[int] = set()
    kinds = [type(event) for event in events]
    assert kinds[-1] in {ev.End, ev.Error}
    assert kinds.count(ev.End) + kinds.count(ev.Error) == 1
    assert ev.MessageStart not in kinds[1:]
    for event in events:
        if isinstance(event, ev.TextStart | ev.ThinkingStart | ev.ToolCallStart | ev.RefusalStart):
            assert event.index not in open_blocks
            open_blocks.add(event.index)
        elif isinstance(event, ev.BlockStop):
            open_blocks.remove(event.index)
        elif isinstance(event, ev.Finish):
            assert not open_blocks
        elif hasattr(event, "index"):
            assert event.index in open_blocks


def answer(*chunks: Any, done: bool = True) -> Answer:
    return collect(read(*chunks, done=done))


def text(found: Answer) -> str:
    return "".join(getattr(block, "text", "") for block in found.blocks)


def calls(found: Answer) -> list[tuple[str, str, str]]:
    return [(block.id, block.name, block.arguments) for block in found.blocks if isinstance(block, ToolCall)]


def call(index: int | None = None, id: str | None = None, name: str | None = None, arguments: Any = None) -> Any:
    entry = {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}
    entry["function"] = {key: value for key, value in entry["function"].items() if value is not None}  # type: ignore[union-attr]
    return {key: value for key, value in entry.items() if value is not None}


def tool_deltas(*entries: Any) -> Iterable[dict[str, Any]]:
    return (chunk({"tool_calls": [entry]}) for entry in entries)


def test_text() -> None:
    events = read(
        chunk({"role": "assistant", "content": ""}, service_tier="default"),
        chunk({"content": "Hello"}),
        chunk({"content": " wörld"}),
        chunk({}, "stop"),
    )
    assert events == [
        ev.MessageStart("chatcmpl-1", "m", 1700000000, "default"),
        ev.TextStart(0),
        ev.TextDelta(0, "Hello"),
        ev.TextDelta(0, " wörld"),
        ev.BlockStop(0),
        ev.Finish(ev.StopReason.DONE, native="stop"),
        ev.End(),
    ]


def test_no_done_after_a_finish_reason_is_a_whole_answer() -> None:
    assert answer(chunk({"content": "x"}, "stop"), done=False).complete


def test_done_without_a_finish_reason_is_a_whole_answer() -> None:
    assert answer(chunk({"content": "x"})).finish == ev.Finish(ev.StopReason.DONE)


@pytest.mark.parametrize("chunks", [(), (chunk({"content": "x"}),), ({**ENVELOPE, "choices": []},)])
def test_an_end_in_mid_answer_is_an_error(chunks: tuple[Any, ...]) -> None:
    """C4: a body that ends early is no clean success."""
    error = answer(*chunks, done=False).error
    assert error is not None
    assert error.status == 502


def test_done_alone_is_no_answer() -> None:
    """C23: an empty body is no success."""
    assert answer().error is not None


def test_nothing_comes_after_the_end() -> None:
    reader = StreamReader()
    assert [type(event) for event in reader.read(b"", json.dumps(chunk({}, "stop")).encode())] == [ev.MessageStart]
    assert list(reader.read(b"", b" [DONE]"))[-1] == ev.End()
    assert list(reader.read(b"", json.dumps(chunk({"content": "late"})).encode())) == []
    assert list(reader.end()) == []


@pytest.mark.parametrize("missing", ["id", "created", "model", "object"])
def test_missing_members_of_the_envelope(missing: str) -> None:
    """C7: compatible servers leave members out."""
    chunks = [
        {key: value for key, value in one.items() if key != missing} for one in (chunk({"content": "x"}, "stop"),)
    ]
    found = answer(*chunks)
    assert text(found) == "x"
    assert found.complete


@pytest.mark.parametrize("finish", ["weird", "eos", "STOP", 7])
def test_unknown_finish_reasons_keep_the_text(finish: Any) -> None:
    """C7: an unknown finish reason or service tier drops no chunk."""
    found = answer(chunk({"content": "x"}, finish, service_tier="on_demand"))
    assert text(found) == "x"
    assert found.finish is not None
    assert found.finish.reason in {ev.StopReason.OTHER, ev.StopReason.DONE}


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("stop", ev.StopReason.DONE),
        ("length", ev.StopReason.LENGTH),
        ("content_filter", ev.StopReason.FILTER),
        ("model_length", ev.StopReason.LENGTH),
        ("brand_new", ev.StopReason.OTHER),
    ],
)
def test_stop_reasons(native: str, reason: ev.StopReason) -> None:
    """C3: the limit of tokens is not reported as a plain end."""
    assert answer(chunk({"content": "x"}, native)).finish == ev.Finish(reason, native=native)


@pytest.mark.parametrize("native", ["tool_calls", "stop", "function_call"])
def test_calls_end_with_a_tool_call(native: str) -> None:
    """C2: agents go on only if the reason says so; a forced call ends with `stop`."""
    found = answer(*tool_deltas(call(0, "a", "f", "{}")), chunk({}, native))
    assert found.finish is not None
    assert found.finish.reason is ev.StopReason.TOOL_CALL


def test_tool_calls_without_calls_are_done() -> None:
    found = answer(chunk({"content": "x"}, "tool_calls"))
    assert found.finish is not None
    assert found.finish.reason is ev.StopReason.DONE


def test_a_finish_reason_that_is_sent_twice() -> None:
    found = answer(chunk({"content": "x"}, "length"), chunk({"content": ""}, "length"), chunk({}))
    assert found.finish == ev.Finish(ev.StopReason.LENGTH, native="length")


def test_interleaved_calls() -> None:
    """C9: pieces of parallel calls, told apart by their index."""
    entries = (
        call(0, "a", "f", ""),
        call(1, "b", "g", ""),
        call(0, arguments='{"x":'),
        call(1, arguments='{"y":'),
        call(0, arguments="1}"),
        call(1, arguments="2}"),
    )
    assert calls(answer(*tool_deltas(*entries))) == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


@pytest.mark.parametrize(
    "entries",
    [
        (call(None, "a", "f", '{"x":1}'), call(None, "b", "g", '{"y":2}')),
        (call(0, "a", "f", '{"x":1}'), call(0, "b", "g", '{"y":2}')),
        (call(0, "a", "f", {"x": 1}), call(1, "b", "g", {"y": 2})),
        (call(0, "a", "f", '{"x"'), call(0, "a", "f", ":1}"), call(1, "b", "g", '{"y":2}')),
        (call(0, "a", "", '{"x"'), call(0, None, "f", ":1}"), call(1, "b", "g", '{"y":2}')),
        (call(None, "a", "f", '{"x"'), call(None, None, None, ":1}"), call(None, "b", "g", '{"y":2}')),
        (call(0, "a", "f", '{"x"'), call(0, "other", None, ":1}"), call(1, "b", "g", '{"y":2}')),
    ],
    ids=["no index", "always index 0", "objects", "repeated", "late name", "only ids", "new ids"],
)
def test_calls_as_compatible_servers_send_them(entries: tuple[Any, ...]) -> None:
    found = calls(answer(*tool_deltas(*entries)))
    assert [(id, name, json.loads(arguments)) for id, name, arguments in found] == [
        ("a", "f", {"x": 1}),
        ("b", "g", {"y": 2}),
    ]


def test_whole_calls_in_one_delta_without_ids() -> None:
    found = calls(answer(chunk({"tool_calls": [call(None, None, "f", "{}"), call(None, None, "f", '{"x":1}')]})))
    assert [(name, arguments) for _, name, arguments in found] == [("f", "{}"), ("f", '{"x":1}')]
    assert len({id for id, _, _ in found}) == 2
    assert all(id.startswith("call_") for id, _, _ in found)


def test_an_id_that_two_calls_share() -> None:
    found = calls(answer(*tool_deltas(call(0, "a", "f", "{}"), call(1, "a", "g", "{}"))))
    assert len({id for id, _, _ in found}) == 2


def test_arguments_without_a_name_are_not_lost() -> None:
    assert [entry[1:] for entry in calls(answer(*tool_deltas(call(0, "a", None, "{}"))))] == [("unknown", "{}")]


def test_the_legacy_function_call() -> None:
    deltas = ({"name": "f", "arguments": ""}, {"arguments": '{"x":'}, {"arguments": "1}"})
    found = answer(*(chunk({"function_call": delta}) for delta in deltas), chunk({}, "function_call"))
    assert [entry[1:] for entry in calls(found)] == [("f", '{"x":1}')]


def test_custom_calls() -> None:
    first = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": ""}}
    events = read(*tool_deltas(first, {"index": 0, "custom": {"input": "SELECT"}}))
    assert ev.ToolCallStart(0, "a", "sql", custom=True) in events
    assert ev.ArgumentsDelta(0, "SELECT") in events


def test_a_signature_of_gemini_on_a_call() -> None:
    """C5: Gemini wants it back with the call."""
    entry = {**call(0, "a", "f", "{}"), "extra_content": {"google": {"thought_signature": "c2ln"}}}
    assert read(*tool_deltas(entry))[1:5] == [
        ev.ThinkingStart(0),
        ev.Signature(0, ev.Opaque(WireFormat.GEMINI, "c2ln")),
        ev.BlockStop(0),
        ev.ToolCallStart(1, "a", "f"),
    ]


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": "why"},
        {"reasoning": "why"},
        {"reasoning": "why", "reasoning_content": "why"},
        {"reasoning": "why", "reasoning_details": [{"type": "reasoning.text", "text": "why"}]},
        {"reasoning": None, "reasoning_details": [{"type": "reasoning.summary", "summary": "why"}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "why"}]}]},
        {"content": [{"type": "thinking", "thinking": "why"}]},
    ],
)
def test_thinking_is_read_once(delta: dict[str, Any]) -> None:
    assert read(chunk(delta), chunk({"content": "x"}, "stop"))[1:7] == [
        ev.ThinkingStart(0),
        ev.ThinkingDelta(0, "why"),
        ev.BlockStop(0),
        ev.TextStart(1),
        ev.TextDelta(1, "x"),
        ev.BlockStop(1),
    ]


def test_details_that_repeat_what_was_streamed_are_not_thinking_again() -> None:
    found = answer(
        chunk({"reasoning": "wh"}),
        chunk({"reasoning": "y"}),
        chunk({"reasoning_details": [{"type": "reasoning.text", "text": "why", "signature": "sig"}]}),
        chunk({"reasoning_details": [{"type": "reasoning.encrypted", "data": "blob"}]}),
    )
    thinking, redacted = found.blocks
    assert getattr(thinking, "text", None) == "why"
    assert getattr(thinking, "signature", None) == ev.Opaque(WireFormat.OPENAI, "sig")
    assert redacted == ev.Redacted(ev.Opaque(WireFormat.OPENAI, "blob"))


def test_refusals() -> None:
    found = answer(chunk({"refusal": "I "}), chunk({"refusal": "won't"}), chunk({}, "stop"))
    assert text(found) == "I won't"
    assert found.finish is not None
    assert found.finish.reason is ev.StopReason.REFUSAL


def test_logprobs() -> None:
    token = {"token": "x", "logprob": -0.5, "bytes": [120], "top_logprobs": []}
    one = chunk({"content": "x"})
    one["choices"][0]["logprobs"] = {"content": [token], "refusal": None}
    assert ev.LogprobsDelta(0, [token]) in read(one)


@pytest.mark.parametrize("place", ["delta", "choice", "chunk", "later"])
def test_citations(place: str) -> None:
    source = {"url": "https://a.example/", "title": "A"}
    annotation = {"type": "url_citation", "url_citation": {**source, "start_index": 0, "end_index": 4}}
    last = chunk({"content": "text"}, "stop")
    more: list[Any] = []
    match place:
        case "delta":
            last["choices"][0]["delta"]["annotations"] = [annotation]
        case "choice":
            last["choices"][0]["annotations"] = [annotation]
        case "chunk":
            last["search_results"] = [source]
            more = [last]
        case "later":
            more = [chunk({"annotations": [annotation]})]
    found = answer(last, *more)
    (citation,) = getattr(found.blocks[0], "citations", [])
    assert (citation.url, citation.title) == ("https://a.example/", "A")
    assert citation.end == (None if place == "chunk" else 4)


def test_images() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}, "index": 0}
    assert ev.Media("image/png", data="AAAA") in read(chunk({"content": "", "images": [image]}))


def test_words_of_speech_are_text() -> None:
    assert (
        text(answer(chunk({"audio": {"id": "audio_1", "transcript": "Hi"}}), chunk({"audio": {"data": "AA"}}))) == "Hi"
    )


USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}


@pytest.mark.parametrize(
    "last",
    [
        {**ENVELOPE, "choices": [], "usage": USAGE},
        {"usage": USAGE},
        chunk({}, usage=USAGE),
        chunk({}, x_groq={"id": "req", "usage": USAGE}),
        chunk({}, usage=USAGE, x_groq={"usage": USAGE}),
    ],
)
def test_usage_wherever_it_is(last: dict[str, Any]) -> None:
    events = read(chunk({"content": "x"}, "stop", usage=None, x_groq={"id": "req"}), last)
    updates = [event.usage for event in events if isinstance(event, ev.UsageUpdate)]
    assert updates == [ev.Usage(input=6, output=5, cache_read=4)]


def test_usage_in_a_choice() -> None:
    one = chunk({"content": "x"}, "stop")
    one["choices"][0]["usage"] = USAGE
    assert answer(one).usage.total_input == 10


def test_a_prompt_that_is_counted_as_read_and_as_written() -> None:
    details = {"cached_tokens": 8, "cache_write_tokens": 8}
    found = answer(chunk({"content": "x"}, "stop", usage={**USAGE, "prompt_tokens_details": details})).usage
    assert (found.total_input, found.cache_read) == (10, 8)


def test_other_choices_are_left_out() -> None:
    other = {"index": 1, "delta": {"content": "other"}, "finish_reason": "length"}
    found = answer({**ENVELOPE, "choices": [other, *chunk({"content": "x"})["choices"]]}, chunk({}, "stop"))
    assert text(found) == "x"
    assert found.finish is not None
    assert found.finish.native == "stop"


@pytest.mark.parametrize(
    ("data", "status", "type"),
    [
        ({"error": {"message": "no", "type": "rate_limit_exceeded"}}, 429, "rate_limit_exceeded"),
        ({"error": {"message": "no", "type": "overloaded_error"}}, 529, "overloaded_error"),
        ({"error": {"message": "no", "code": 400}}, 400, ""),
        ({"error": {"message": "no", "type": "x", "status_code": 403}}, 403, "x"),
        ([{"error": {"message": "no", "code": 503, "status": "UNAVAILABLE"}}], 503, "UNAVAILABLE"),
        ({"object": "error", "message": "no", "type": "BadRequestError", "code": 400}, 400, "BadRequestError"),
        ({**chunk({"content": ""}), "error": {"message": "no"}}, 500, ""),
        ({"error": "no"}, 500, ""),
    ],
)
def test_errors_in_mid_stream(data: Any, status: int, type: str) -> None:
    """C4: an error event is no clean end, whatever came before it."""
    error = answer(chunk({"content": "x"}, "stop"), data).error
    assert error is not None
    assert (error.status, error.message, error.type) == (status, "no", type)


def test_an_error_in_a_choice() -> None:
    one = chunk({"content": "x"}, "error")
    one["choices"][0]["error"] = {"code": 429, "message": "slow down"}
    error = answer(one).error
    assert error is not None
    assert (error.status, error.message) == (429, "slow down")


def test_a_failure_without_words() -> None:
    assert answer(chunk({"content": "x"}, "error")).error is not None


def test_a_named_error_event() -> None:
    reader = StreamReader()
    (event,) = reader.read(b"error", b'{"message": "no", "type": "overloaded_error"}')
    assert event == ev.Error(ev.WireError(529, "no", "overloaded_error", origin=WireFormat.OPENAI))


@pytest.mark.parametrize("data", [b"nonsense", b'{"choices":', b"1", b"[]", b"null"])
def test_what_is_no_chunk(data: bytes) -> None:
    with pytest.raises(Malformed):
        StreamReader().read(b"", data)


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        {"type": "ping"},
        {"id": "", "choices": [], "prompt_filter_results": []},
        {**ENVELOPE, "choices": [{"index": 0, "content_filter_results": {}}], "object": ""},
        chunk({"channel": "analysis", "weird": {"a": [1]}, "content": None, "tool_calls": None, "annotations": None}),
        chunk({"content": 7, "reasoning": {"a": 1}, "refusal": 3}),
    ],
)
def test_unknown_events_and_members_are_passed_over(odd: Any) -> None:
    """C8: what nobody knows breaks nothing."""
    assert text(answer(chunk({"content": "x"}), odd, chunk({"content": "y"}, "stop"))) == "xy"


def test_a_part_that_nobody_knows() -> None:
    part = {"type": "hologram", "data": 1}
    assert ev.Unknown(part, WireFormat.OPENAI) in read(chunk({"content": [part, {"type": "text", "text": "x"}]}))
