"""Writing a client's stream from neutral events of any provider."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import Refusal, Text, Thinking, ToolCall, collect
from ccproxy.lightllm.anthropic.stream import StreamWriter
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import StopReason
from ccproxy.lightllm.ids import safe_id
from tests.lightllm.anthropic.wire import OWN, clean, fold, sent, write
from tests.support.grammar.anthropic import check_body, check_error, check_stream

RESPONSES, GEMINI = WireFormat.OPENAI_RESPONSES, WireFormat.GEMINI


def answer(*blocks: ev.Event, reason: StopReason = StopReason.DONE) -> list[ev.Event]:
    """An answer around blocks."""
    return [ev.MessageStart("chatcmpl-1", "gpt"), *blocks, ev.Finish(reason), ev.End()]


def content(*blocks: ev.Event, asked: Asked | None = None) -> list[dict[str, Any]]:
    """The content of the message that blocks make."""
    found: list[dict[str, Any]] = clean(answer(*blocks), asked)["content"]
    return found


def test_an_answer_of_text() -> None:
    text = write(
        [
            ev.MessageStart("msg_abc", "claude-x", service_tier="default"),
            ev.UsageUpdate(ev.Usage(input=5, cache_read=7)),
            ev.TextStart(0),
            ev.TextDelta(0, 'a "quoted"\n'),
            ev.TextDelta(0, "é\u2028🙂"),
            ev.BlockStop(0),
            ev.Finish(StopReason.STOP_SEQUENCE, "END", "stop_sequence"),
            ev.UsageUpdate(ev.Usage(output=9, reasoning=2)),
            ev.End(),
        ]
    )
    assert check_stream(text) == []
    usage = {"input_tokens": 5, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 7, "output_tokens": 0}
    message = {
        "id": "msg_abc", "type": "message", "role": "assistant", "model": "claude-x", "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": usage | {"service_tier": "standard"},
    }  # fmt: skip
    counts = {"input_tokens": 5, "cache_read_input_tokens": 7, "output_tokens": 9}
    assert sent(text) == [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 'a "quoted"\n'}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "é\u2028🙂"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END"},
            "usage": counts | {"output_tokens_details": {"thinking_tokens": 2}},
        },
        {"type": "message_stop"},
    ]


def test_c2_calls_end_with_tool_use_and_usage_crosses() -> None:
    """C2: a stream always ended with `end_turn` and no usage, so that agent loops stopped."""
    call = [ev.ToolCallStart(0, "call_1", "f"), ev.ArgumentsDelta(0, '{"x":1}'), ev.BlockStop(0)]
    usage = ev.UsageUpdate(ev.Usage(input=11, output=7, cache_read=3))
    for reason in (StopReason.TOOL_CALL, StopReason.DONE):
        message = clean([*answer(*call, reason=reason)[:-1], usage, ev.End()])
        assert message["stop_reason"] == "tool_use"
        assert message["content"] == [{"type": "tool_use", "id": "call_1", "name": "f", "input": {"x": 1}}]
        assert message["usage"]["input_tokens"] == 11
        assert message["usage"]["output_tokens"] == 7
        assert message["usage"]["cache_read_input_tokens"] == 3


def test_c9_interleaved_calls_come_one_after_the_other() -> None:
    """C9: deltas of blocks that had been closed lost the first call's input."""
    events = answer(
        ev.ToolCallStart(0, "call_a", "a"),
        ev.ToolCallStart(1, "call_b", "b"),
        ev.ArgumentsDelta(0, '{"x"'),
        ev.ArgumentsDelta(1, '{"y"'),
        ev.ArgumentsDelta(0, ":1}"),
        ev.Redacted(ev.Opaque(OWN, "cmVk")),
        ev.ToolCallStart(2, "call_c", "c"),
        ev.BlockStop(1),
        ev.ArgumentsDelta(2, "{}"),
        ev.BlockStop(0),
        ev.BlockStop(2),
        reason=StopReason.TOOL_CALL,
    )
    with pytest.raises(AssertionError):  # the second call was not whole when it stopped
        clean(events)
    events.insert(events.index(ev.BlockStop(1)), ev.ArgumentsDelta(1, ":2}"))
    assert [(block.get("name"), block.get("input")) for block in clean(events)["content"]] == [
        ("a", {"x": 1}),
        ("b", {"y": 2}),
        (None, None),
        ("c", {}),
    ]


def test_c9_the_open_block_is_not_held_back() -> None:
    """C9: only what would disturb the open block waits."""
    writer = StreamWriter(Asked())
    for event in (ev.MessageStart(), ev.ToolCallStart(0, "a", "a"), ev.ToolCallStart(1, "b", "b")):
        writer.write(event)
    assert b"partial_json" in writer.write(ev.ArgumentsDelta(0, "{"))
    assert writer.write(ev.ArgumentsDelta(1, "{")) == b""
    assert writer.write(ev.ArgumentsDelta(1, "}")) == b""
    assert writer.write(ev.Ping()).startswith(b"event: ping\n")
    released = writer.write(ev.BlockStop(0))
    assert released.index(b"content_block_stop") < released.index(b'"id":"b"')
    assert b"partial_json" in writer.write(ev.ArgumentsDelta(1, " "))


def test_thousands_of_calls_at_once() -> None:
    count = 3000
    starts: list[ev.Event] = [ev.ToolCallStart(at, f"call_{at}", "f") for at in range(count)]
    stops: list[ev.Event] = [ev.BlockStop(at) for at in reversed(range(count))]
    assert len(content(*starts, *stops)) == count


def test_thinking_of_several_parts_is_paragraphs_with_the_signature_last() -> None:
    assert content(
        ev.ThinkingStart(0, "rs_1"),
        ev.ThinkingDelta(0, "one ", part=0),
        ev.ThinkingDelta(0, "more", part=0),
        ev.Signature(0, ev.Opaque(OWN, "c2ln")),
        ev.ThinkingDelta(0, "two", part=1),
        ev.ThinkingDelta(0, "raw", raw=True),
        ev.BlockStop(0),
    ) == [{"type": "thinking", "thinking": "one more\n\ntwo\n\nraw", "signature": "c2ln"}]


def test_the_state_of_another_vendor_is_sealed() -> None:
    found = content(
        ev.ThinkingStart(0),
        ev.Signature(0, ev.Opaque(GEMINI, "c2ln")),
        ev.BlockStop(0),
        ev.Redacted(ev.Opaque(RESPONSES, "ZW5j")),
    )
    assert found == [
        {"type": "thinking", "thinking": "", "signature": "ccproxy.gemini.c2ln"},
        {"type": "redacted_thinking", "data": "ccproxy.openai_responses.ZW5j"},
    ]


def test_empty_blocks_are_not_written() -> None:
    """The API refuses empty text when a client sends the answer back."""
    assert content(
        ev.TextStart(0),
        ev.BlockStop(0),
        ev.ThinkingStart(1),
        ev.BlockStop(1),
        ev.RefusalStart(2),
        ev.BlockStop(2),
        ev.TextStart(3),
        ev.TextDelta(3, "x"),
        ev.BlockStop(3),
    ) == [{"type": "text", "text": "x"}]


def test_an_empty_answer_is_a_message() -> None:
    message = clean([ev.End()])
    assert message["id"].startswith("msg_")
    assert (message["model"], message["content"], message["stop_reason"]) == ("asked", [], "end_turn")


@pytest.mark.parametrize(
    ("pieces", "expected", "wrapped"),
    [
        ([], {}, False),
        (["{", '"a":', "1}"], {"a": 1}, False),
        ([" \n", ' {"a":1}'], {"a": 1}, False),
        (["null"], {}, False),
        (["[1,", "2]"], {"arguments": [1, 2]}, True),
        (["just ", "words"], {"arguments": "just words"}, True),
        (['"{}"'], {"arguments": "{}"}, True),
    ],
)
def test_the_input_of_a_call_is_an_object(pieces: list[str], expected: Any, wrapped: bool) -> None:
    asked = Asked()
    deltas = [ev.ArgumentsDelta(0, piece) for piece in pieces]
    message = clean(
        answer(ev.ToolCallStart(0, "c", "f"), *deltas, ev.BlockStop(0)), Asked(model="m", drops=asked.drops)
    )
    assert message["content"][0]["input"] == expected
    assert bool(asked.drops) is wrapped


def test_a_custom_tools_text_is_the_member_input() -> None:
    start = ev.ToolCallStart(0, "c", "f", custom=True)
    words = [ev.ArgumentsDelta(0, 'say "'), ev.ArgumentsDelta(0, '{é\n"')]
    assert content(start, *words, ev.BlockStop(0))[0]["input"] == {"input": 'say "{é\n"'}
    assert content(start, ev.BlockStop(0))[0]["input"] == {"input": ""}


def test_ids_that_the_api_would_refuse_are_made_safe() -> None:
    block = content(ev.ToolCallStart(0, "functions.f:0", "f"), ev.BlockStop(0))[0]
    assert block["id"] == safe_id("functions.f:0")


def test_a_refusal_is_text_and_a_reason() -> None:
    message = clean(answer(ev.RefusalStart(0), ev.RefusalDelta(0, "No."), ev.BlockStop(0)))
    assert message["content"] == [{"type": "text", "text": "No."}]
    assert message["stop_reason"] == "refusal"


def test_citations_of_the_web_cross_and_others_are_counted() -> None:
    asked = Asked()
    own = {"type": "char_location", "cited_text": "c", "document_index": 0, "start_char_index": 0, "end_char_index": 1}
    found = content(
        ev.TextStart(0),
        ev.TextDelta(0, "x"),
        ev.CitationDelta(0, ev.Citation(url="https://e.org", title="E", start=0, end=1)),
        ev.CitationDelta(0, ev.Citation("document", document_id="0", raw=own, origin=OWN)),
        ev.CitationDelta(0, ev.Citation("file", document_id="file_1", raw={"file_id": "file_1"}, origin=RESPONSES)),
        ev.LogprobsDelta(0, [{"token": "x"}]),
        ev.LogprobsDelta(0, [{"token": "y"}]),
        ev.BlockStop(0),
        asked=asked,
    )
    web = {
        "type": "web_search_result_location", "url": "https://e.org", "title": "E", "cited_text": "",
        "encrypted_index": "",
    }  # fmt: skip
    assert found == [{"type": "text", "text": "x", "citations": [web, own]}]
    assert asked.drops.counts == {"citations": 1, "logprobs": 1}


def test_own_server_blocks_are_as_they_came() -> None:
    call = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "advisor", "input": {"q": 1}, "caller": {"x": 1}}
    result = {"type": "advisor_tool_result", "tool_use_id": "srvtoolu_1", "content": {"type": "advisor_result"}}
    compaction = {"type": "compaction", "content": "short"}
    assert content(
        ev.ServerToolCall("srvtoolu_1", "advisor", {"q": 1}, call, OWN),
        ev.ServerToolResult("srvtoolu_1", "advisor", raw=result, origin=OWN),
        ev.Unknown(compaction, OWN),
    ) == [call, result, compaction]


def test_server_tools_of_others_are_those_of_the_api() -> None:
    sources = [ev.Citation(url="https://e.org", title="E"), ev.Citation(url="https://f.org"), ev.Citation(title="?")]
    found = content(
        ev.ServerToolCall("ws_1-x", "web_search", {"query": "q", "queries": ["q"]}, {"id": "ws_1"}, RESPONSES),
        ev.ServerToolResult("ws_1-x", "web_search", sources=sources, origin=RESPONSES),
        ev.ServerToolCall("", "code_execution", {"code": "1+1", "language": "PYTHON"}, {}, GEMINI),
        ev.ServerToolResult("", "code_execution", "2\n", origin=GEMINI),
        ev.ServerToolCall("u", "web_fetch", {"url": "https://e.org"}, {}, GEMINI),
        ev.ServerToolResult("u", "web_fetch", "page", sources[:1], origin=GEMINI),
        ev.ServerToolResult("ws_2", "web_search", failed=True, origin=RESPONSES),
    )
    assert [block["type"] for block in found] == [
        "server_tool_use", "web_search_tool_result", "server_tool_use", "code_execution_tool_result",
        "server_tool_use", "web_fetch_tool_result", "web_search_tool_result",
    ]  # fmt: skip
    assert found[0]["input"] == {"query": "q"}
    assert found[0]["id"] == found[1]["tool_use_id"] == "srvtoolu_ws_1_x"
    assert [(item["url"], item["title"]) for item in found[1]["content"]] == [
        ("https://e.org", "E"),
        ("https://f.org", "https://f.org"),
    ]
    assert found[2]["input"] == {"code": "1+1"}
    assert found[3]["content"]["stdout"] == "2\n"
    assert found[5]["content"]["content"]["source"]["data"] == "page"
    assert found[6]["content"]["error_code"] == "unavailable"


def test_what_the_format_cannot_carry_is_counted() -> None:
    asked = Asked()
    assert not content(
        ev.Media("image/png", "aGk="),
        ev.Unknown({"type": "x"}, GEMINI),
        ev.ServerToolCall("1", "image_generation", {}, {}, RESPONSES),
        ev.ServerToolResult("1", "image_generation", origin=RESPONSES),
        asked=asked,
    )
    assert asked.drops.counts == {"media": 1, "unknown_block": 1, "server_tool_blocks": 2}


@pytest.mark.parametrize(
    ("finish", "word"),
    [
        (ev.Finish(StopReason.DONE, None, "stop"), "end_turn"),
        (ev.Finish(StopReason.LENGTH, None, "length"), "max_tokens"),
        (ev.Finish(StopReason.LENGTH, None, "model_context_window_exceeded"), "model_context_window_exceeded"),
        (ev.Finish(StopReason.FILTER, None, "SAFETY"), "refusal"),
        (ev.Finish(StopReason.REFUSAL), "refusal"),
        (ev.Finish(StopReason.PAUSE, None, "pause_turn"), "pause_turn"),
        (ev.Finish(StopReason.OTHER, None, "MALFORMED_FUNCTION_CALL"), "end_turn"),
        (ev.Finish(StopReason.STOP_SEQUENCE, "X"), "stop_sequence"),
        (ev.Finish(StopReason.DONE, "X"), "end_turn"),
    ],
)
def test_stop_reasons(finish: ev.Finish, word: str) -> None:
    message = clean([ev.MessageStart(), finish, ev.End()])
    assert message["stop_reason"] == word
    assert message["stop_sequence"] == (finish.stop_sequence if word == "stop_sequence" else None)


def test_c4_an_error_is_the_last_event() -> None:
    """C4: what broke off was shown as whole. Blocks stay open, nothing says that the answer ended."""
    half = [ev.MessageStart(), ev.TextStart(0), ev.TextDelta(0, "a"), ev.ToolCallStart(1, "c", "f")]
    for before in ([], half):
        writer = StreamWriter(Asked(model="m"))
        text = b"".join(map(writer.write, before)).decode()
        text += writer.write(ev.Error(ev.WireError(503, "no room", "UNAVAILABLE", origin=GEMINI))).decode()
        assert not any(map(writer.write, [ev.BlockStop(0), ev.Finish(StopReason.DONE), ev.End(), ev.Ping()]))
        assert check_stream(text) == []
        last = sent(text)[-1]
        assert check_error(last) == []
        assert last["error"] == {"type": "overloaded_error", "message": "no room"}


def test_a_ping_may_come_before_the_answer() -> None:
    text = write([ev.Ping(), ev.MessageStart("msg_1", "m"), ev.Ping(), ev.End()])
    assert check_stream(text) == []
    assert [event["type"] for event in sent(text)] == ["ping", "ping", "message_start", "message_delta", "message_stop"]


def sdk(text: str) -> anthropic.types.Message:
    """What the official SDK makes of a stream."""
    headers = {"content-type": "text/event-stream"}
    reply = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, content=text.encode()))
    client = anthropic.Anthropic(api_key="k", max_retries=0, http_client=httpx2.Client(transport=reply))
    with client.messages.stream(model="m", max_tokens=1, messages=[{"role": "user", "content": "x"}]) as stream:
        return stream.get_final_message()


def test_the_official_sdk_reads_it() -> None:
    message = sdk(
        write(
            answer(
                ev.ThinkingStart(0),
                ev.ThinkingDelta(0, "hm"),
                ev.Signature(0, ev.Opaque(OWN, "c2ln")),
                ev.BlockStop(0),
                ev.ServerToolCall("w", "web_search", {"query": "q"}, {}, RESPONSES),
                ev.ServerToolResult("w", "web_search", sources=[ev.Citation(url="https://e.org")]),
                ev.TextStart(1),
                ev.CitationDelta(1, ev.Citation(url="https://e.org")),
                ev.TextDelta(1, "text"),
                ev.BlockStop(1),
                ev.ToolCallStart(2, "a", "a"),
                ev.ToolCallStart(3, "b", "b"),
                ev.ArgumentsDelta(3, '{"y":2}'),
                ev.ArgumentsDelta(2, '{"x":1}'),
                ev.BlockStop(3),
                ev.BlockStop(2),
                ev.UsageUpdate(ev.Usage(input=3, output=4)),
            )
        )
    )
    document = message.model_dump(mode="json", exclude_none=True)
    assert check_body(document | {"stop_sequence": None}) == []
    assert [block.type for block in message.content] == [
        "thinking", "server_tool_use", "web_search_tool_result", "text", "tool_use", "tool_use",
    ]  # fmt: skip
    assert [block["input"] for block in document["content"][-2:]] == [{"x": 1}, {"y": 2}]
    assert (message.usage.input_tokens, message.usage.output_tokens) == (3, 4)


def test_the_official_sdk_raises_on_an_error() -> None:
    text = write([ev.MessageStart(), ev.TextStart(0), ev.TextDelta(0, "a"), ev.Error(ev.WireError(429, "slow down"))])
    with pytest.raises(anthropic.APIStatusError, match="slow down"):
        sdk(text)


WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
OBJECTS = st.dictionaries(WORDS, st.one_of(st.integers(), WORDS), max_size=3).map(json.dumps)


@st.composite
def block(draw: st.DrawFn, index: int) -> list[ev.Event]:
    """The events of one block, whole."""
    kind = draw(st.sampled_from(["text", "thinking", "call", "custom", "refusal"]))
    pieces = draw(st.lists(WORDS, max_size=4))
    middle: list[ev.Event]
    match kind:
        case "text":
            first, middle = ev.TextStart(index), [ev.TextDelta(index, piece) for piece in pieces]
        case "refusal":
            first, middle = ev.RefusalStart(index), [ev.RefusalDelta(index, piece) for piece in pieces]
        case "thinking":
            first, middle = ev.ThinkingStart(index), [ev.ThinkingDelta(index, piece) for piece in pieces]
            middle += draw(st.sampled_from([[], [ev.Signature(index, ev.Opaque(GEMINI, "c2ln"))]]))
        case _:
            first = ev.ToolCallStart(index, f"call_{index}", "f", kind == "custom")
            text = "".join(pieces) if kind == "custom" else draw(OBJECTS)
            cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
            parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
            middle = [ev.ArgumentsDelta(index, part) for part in parts if part]
    return [first, *middle, ev.BlockStop(index)]


@st.composite
def interleaved(draw: st.DrawFn) -> list[ev.Event]:
    """Events of several blocks, open at once as they like."""
    streams = [draw(block(index)) for index in range(draw(st.integers(0, 5)))]
    events: list[ev.Event] = []
    while streams:
        at = draw(st.integers(0, len(streams) - 1))
        events.append(streams[at].pop(0))
        if draw(st.integers(0, 9)) == 0:
            events.append(draw(st.sampled_from([ev.Ping(), ev.UsageUpdate(ev.Usage(input=1)), ev.Media("image/png")])))
        streams = [stream for stream in streams if stream]
    return events


@settings(max_examples=150, deadline=None)
@given(interleaved())
def test_any_blocks_in_any_order_make_a_legal_stream_with_all_their_content(events: list[ev.Event]) -> None:
    text = write(answer(*events))
    assert check_stream(text) == []
    expected: list[tuple[str, Any]] = []
    for found in collect(events).blocks:
        match found:
            case Text() | Refusal() if found.text:
                expected.append(("text", found.text))
            case Thinking() if found.text or found.signature:
                expected.append(("thinking", found.text))
            case ToolCall():
                wanted = {"input": found.arguments} if found.custom else json.loads(found.arguments)
                expected.append(("tool_use", wanted))
    seen = fold(text)["content"]
    values = [(item["type"], item.get("input", item.get("text", item.get("thinking")))) for item in seen]
    assert values == expected
