"""Reading a provider's stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.anthropic.stream import StreamReader
from ccproxy.lightllm.events import StopReason
from ccproxy.lightllm.failures import Malformed
from tests.lightllm.anthropic.wire import OWN, begin, delta, over, read, start, stop

TEXT = [start(0, "text", text=""), delta(0, "text_delta", text="Hi"), stop(0)]


def blocks(*wire: dict[str, Any]) -> list[ev.Event]:
    """The events of the blocks alone."""
    return read(begin(), *wire, *over())[1:-2]


def test_an_answer_of_text() -> None:
    usage = {"input_tokens": 5, "output_tokens": 1, "service_tier": "standard"}
    assert read(begin(usage=usage), {"type": "ping"}, *TEXT, *over(output_tokens=7)) == [
        ev.MessageStart("msg_1", "claude", service_tier="default"),
        ev.UsageUpdate(ev.Usage(input=5, output=1)),
        ev.Ping(),
        ev.TextStart(0),
        ev.TextDelta(0, "Hi"),
        ev.BlockStop(0),
        ev.UsageUpdate(ev.Usage(output=7)),
        ev.Finish(StopReason.DONE, None, "end_turn"),
        ev.End(),
    ]


def test_thinking_bears_its_signature_once_and_last() -> None:
    assert blocks(
        start(0, "thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking=""),
        delta(0, "thinking_delta", thinking="Hm"),
        delta(0, "signature_delta", signature="c2ln"),
        stop(0),
        start(1, "redacted_thinking", data="cmVk"),
        stop(1),
    ) == [
        ev.ThinkingStart(0),
        ev.ThinkingDelta(0, "Hm"),
        ev.Signature(0, ev.Opaque(OWN, "c2ln")),
        ev.BlockStop(0),
        ev.Redacted(ev.Opaque(OWN, "cmVk", redacted=True)),
    ]


def test_parallel_calls_may_interleave() -> None:
    assert read(
        begin(),
        start(0, "tool_use", id="toolu_a", name="a", input={}),
        start(1, "tool_use", id="toolu_b", name="b", input={}),
        delta(0, "input_json_delta", partial_json='{"x":'),
        delta(1, "input_json_delta", partial_json='{"y":2}'),
        delta(0, "input_json_delta", partial_json="1}"),
        stop(1),
        stop(0),
        *over("tool_use"),
    )[1:] == [
        ev.ToolCallStart(0, "toolu_a", "a"),
        ev.ToolCallStart(1, "toolu_b", "b"),
        ev.ArgumentsDelta(0, '{"x":'),
        ev.ArgumentsDelta(1, '{"y":2}'),
        ev.ArgumentsDelta(0, "1}"),
        ev.BlockStop(1),
        ev.BlockStop(0),
        ev.Finish(StopReason.TOOL_CALL, None, "tool_use"),
        ev.End(),
    ]


@pytest.mark.parametrize(
    ("given", "pieces", "arguments"),
    [({}, [""], "{}"), ({}, [], "{}"), ({"x": 1}, [], '{"x":1}'), ({"x": 1}, ['{"x":', "1}"], '{"x":1}')],
)
def test_a_call_has_its_input_once_wherever_it_came(given: dict[str, int], pieces: list[str], arguments: str) -> None:
    deltas = [delta(0, "input_json_delta", partial_json=piece) for piece in pieces]
    found = blocks(start(0, "tool_use", id="i", name="n", input=given), *deltas, stop(0))
    assert "".join(event.json for event in found if isinstance(event, ev.ArgumentsDelta)) == arguments


def test_a_server_tools_call_is_one_event_with_its_whole_input() -> None:
    found = blocks(
        start(0, "server_tool_use", id="srvtoolu_1", name="web_search", input={}),
        delta(0, "input_json_delta", partial_json=""),
        delta(0, "input_json_delta", partial_json='{"query": "a'),
        delta(0, "input_json_delta", partial_json=' b"}'),
        stop(0),
        start(
            1,
            "web_search_tool_result",
            tool_use_id="srvtoolu_1",
            content=[
                {"type": "web_search_result", "url": "https://e.org", "title": "E", "encrypted_content": "x"},
            ],
        ),
        stop(1),
    )
    raw = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "a b"}}
    assert found[0] == ev.ServerToolCall("srvtoolu_1", "web_search", {"query": "a b"}, raw, OWN)
    result = found[1]
    assert isinstance(result, ev.ServerToolResult)
    assert (result.call_id, result.name, result.failed) == ("srvtoolu_1", "web_search", False)
    assert [(source.url, source.title) for source in result.sources] == [("https://e.org", "E")]


def test_c8_a_call_of_an_mcp_server_has_its_input_at_the_start() -> None:
    """C8: `mcp_tool_use` with its input on `content_block_start` was an exception, and raw bytes in the stream."""
    call, result = blocks(
        start(0, "mcp_tool_use", id="mcptoolu_1", name="web_search", server_name="wiki", input={"q": 1}),
        stop(0),
        start(1, "mcp_tool_result", tool_use_id="mcptoolu_1", is_error=True, content=[{"type": "text", "text": "no"}]),
        stop(1),
    )
    assert isinstance(call, ev.ServerToolCall)
    assert isinstance(result, ev.ServerToolResult)
    assert (call.name, call.input) == ("mcp.wiki.web_search", {"q": 1})
    assert (result.name, result.output, result.failed) == ("mcp.wiki.web_search", "no", True)


@pytest.mark.parametrize(
    ("kind", "content", "name", "output", "failed"),
    [
        ("code_execution", {"stdout": "4\n", "stderr": "", "return_code": 0}, "code_execution", "4\n", False),
        ("bash_code_execution", {"stdout": "", "stderr": "no", "return_code": 2}, "code_execution", "no", True),
        ("code_execution", {"error_code": "unavailable"}, "code_execution", "unavailable", True),
        (
            "web_fetch",
            {"url": "https://e.org", "content": {"source": {"type": "text", "data": "page"}}},
            "web_fetch",
            "page",
            False,
        ),
        ("text_editor_code_execution", {"content": "file"}, "text_editor_code_execution", "file", False),
        ("tool_search", {"tool_references": [{"tool_name": "a"}, {"tool_name": "b"}]}, "tool_search", "a, b", False),
        ("advisor", {"text": "yes"}, "advisor", "yes", False),
        ("web_search", {"error_code": "max_uses_exceeded"}, "web_search", "max_uses_exceeded", True),
        ("tomorrows", None, "tomorrows", "", False),
    ],
)
def test_results_of_server_tools(kind: str, content: Any, name: str, output: str, failed: bool) -> None:
    (result,) = blocks(start(0, f"{kind}_tool_result", tool_use_id="srvtoolu_1", content=content), stop(0))
    assert isinstance(result, ev.ServerToolResult)
    assert (result.name, result.output, result.failed) == (name, output, failed)
    assert result.raw == {"type": f"{kind}_tool_result", "tool_use_id": "srvtoolu_1", "content": content}


CITATIONS = {
    "char_location": ({"document_index": 1, "document_title": "T"}, ("document", None, "T", "1")),
    "page_location": ({"document_index": 0, "file_id": "file_1"}, ("file", None, None, "file_1")),
    "content_block_location": ({"document_index": 2}, ("document", None, None, "2")),
    "web_search_result_location": ({"url": "https://e.org", "title": "E"}, ("web", "https://e.org", "E", None)),
    "search_result_location": ({"source": "notes", "title": "N"}, ("document", None, "N", "notes")),
}


@pytest.mark.parametrize("kind", CITATIONS)
def test_citations_of_every_kind_back_the_whole_block(kind: str) -> None:
    fields, expected = CITATIONS[kind]
    raw = {"type": kind, "cited_text": "said", **fields}
    found = blocks(
        start(0, "text", text="", citations=[]),
        delta(0, "citations_delta", citation=raw),
        delta(0, "text_delta", text="abc"),
        stop(0),
    )
    (event,) = [event for event in found if isinstance(event, ev.CitationDelta)]
    citation = event.citation
    assert (citation.kind, citation.url, citation.title, citation.document_id) == expected
    assert (citation.cited_text, citation.start, citation.end) == ("said", 0, 3)
    assert (citation.raw, citation.origin) == (raw, OWN)
    assert found[-1] == ev.BlockStop(0)


def test_blocks_that_nobody_knows_are_kept_as_they_came() -> None:
    found = blocks(
        start(0, "compaction", content=None),
        delta(0, "compaction_delta", content="short", encrypted_content="eA=="),
        stop(0),
        start(1, "container_upload", file_id="file_1"),
        stop(1),
    )
    assert found == [
        ev.Unknown({"type": "compaction", "content": "short", "encrypted_content": "eA=="}, OWN),
        ev.Unknown({"type": "container_upload", "file_id": "file_1"}, OWN),
    ]


def test_usage_is_cumulative_and_tells_caches_by_their_life() -> None:
    found = read(
        begin(
            usage={
                "input_tokens": 3,
                "cache_read_input_tokens": 100,
                "cache_creation_input_tokens": 50,
                "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 20},
                "output_tokens": 1,
            }
        ),
        *TEXT,
        *over(output_tokens=9, input_tokens=4),
    )
    total = ev.Usage()
    for event in found:
        if isinstance(event, ev.UsageUpdate):
            total.update(event.usage)
    assert total == ev.Usage(input=4, output=9, cache_read=100, cache_write=50, cache_write_1h=20)
    assert (total.total_input, total.total) == (154, 163)


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("end_turn", StopReason.DONE),
        ("stop_sequence", StopReason.STOP_SEQUENCE),
        ("max_tokens", StopReason.LENGTH),
        ("model_context_window_exceeded", StopReason.LENGTH),
        ("tool_use", StopReason.TOOL_CALL),
        ("refusal", StopReason.REFUSAL),
        ("pause_turn", StopReason.PAUSE),
        ("length", StopReason.LENGTH),
        ("tomorrows_reason", StopReason.OTHER),
        (None, StopReason.DONE),
    ],
)
def test_stop_reasons(native: str | None, reason: StopReason) -> None:
    assert read(begin(), *TEXT, *over(native))[-2] == ev.Finish(reason, None, native or "")


def test_an_end_after_calls_is_one_for_calls() -> None:
    call = [start(0, "tool_use", id="i", name="n", input={}), stop(0)]
    assert read(begin(), *call, *over("end_turn"))[-2] == ev.Finish(StopReason.TOOL_CALL, None, "end_turn")
    assert read(begin(), *call, *over("max_tokens"))[-2] == ev.Finish(StopReason.LENGTH, None, "max_tokens")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, 529, "Overloaded"),
        ({"type": "rate_limit_error", "message": "slow"}, 429, "slow"),
        ({"type": "UNAVAILABLE", "message": "gone"}, 503, "gone"),
        ({"type": "tomorrows_error", "message": "?"}, 500, "?"),
        ({"code": 429, "message": "by number"}, 429, "by number"),
        ("plain", 500, "plain"),
    ],
)
def test_c4_an_error_event_ends_the_answer(error: Any, status: int, message: str) -> None:
    """C4: an `error` event in mid-answer was shown as a clean end."""
    found = read(begin(), *TEXT[:2], {"type": "error", "error": error}, *over())
    last = found[-1]
    assert isinstance(last, ev.Error)
    assert (last.error.status, last.error.message, last.error.origin) == (status, message, OWN)
    assert not any(isinstance(event, (ev.End, ev.Finish)) for event in found)


def test_c4_a_body_that_ends_early_is_an_error() -> None:
    """C4: a body without `message_stop` was shown as a clean end, even with a stop reason."""
    for wire in ([], [begin()], [begin(), *TEXT], [begin(), *TEXT, over()[0]]):
        last = read(*wire)[-1]
        assert isinstance(last, ev.Error)
        assert last.error.status == 502


def test_an_error_event_without_json_or_name_is_one_too() -> None:
    (event,) = StreamReader().read(b"error", b"upstream connect error")
    assert isinstance(event, ev.Error)
    assert event.error.message == "upstream connect error"
    (event,) = StreamReader().read(b"", b'{"error": {"message": "as OpenAI says it"}}')
    assert isinstance(event, ev.Error)
    assert event.error.message == "as OpenAI says it"


@pytest.mark.parametrize("data", [b'{"this is": not json', b"", b"[1]", b'"text"', b"[" * 5000, b'{"a": NaN}{'])
def test_data_that_is_no_event_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        StreamReader().read(b"content_block_delta", data)


def test_half_a_surrogate_pair_does_not_end_the_stream() -> None:
    """Servers that cut text by UTF-16 units send halves of a pair, which JSON has and text has not."""
    reader = StreamReader()
    text = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\\ud83d"}}'
    found = [*reader.read(b"", text)]
    assert found[-1] == ev.TextDelta(0, "a?")


def test_compatible_servers_leave_out_what_they_like() -> None:
    """No `message_start`, no `content_block_start` and `…_stop`, no indices, no event names, content at the start."""
    reader = StreamReader()
    wire: list[dict[str, Any]] = [
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "b"}},
        {"type": "tomorrows_event", "x": 1},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "tomorrows_delta"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "thinking", "thinking": "t"}},
        {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "u"}},
        {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "name": "n"}},
        {"type": "message_delta", "delta": {}, "usage": None},
        {"type": "message_stop"},
    ]
    found = [event for item in wire for event in reader.read(b"", json.dumps(item).encode())]
    call = next(event for event in found if isinstance(event, ev.ToolCallStart))
    assert call.id.startswith("toolu_")
    assert found == [
        ev.MessageStart(),
        ev.TextStart(0),
        ev.TextDelta(0, "a"),
        ev.TextDelta(0, "b"),
        ev.ThinkingStart(1),
        ev.ThinkingDelta(1, "t"),
        ev.ThinkingDelta(1, "u"),
        call,
        ev.BlockStop(0),
        ev.BlockStop(1),
        ev.ArgumentsDelta(2, "{}"),
        ev.BlockStop(2),
        ev.Finish(StopReason.TOOL_CALL, None, ""),
        ev.End(),
    ]


def test_an_index_used_again_is_another_block() -> None:
    found = blocks(*TEXT, *TEXT[:2], start(0, "thinking", thinking=""), stop(0))
    assert [event for event in found if isinstance(event, (ev.TextStart, ev.ThinkingStart, ev.BlockStop))] == [
        ev.TextStart(0),
        ev.BlockStop(0),
        ev.TextStart(1),
        ev.BlockStop(1),
        ev.ThinkingStart(2),
        ev.BlockStop(2),
    ]


def test_done_is_of_no_interest_after_the_end_and_ends_what_has_a_reason() -> None:
    reader = StreamReader()
    for item in (begin(), *TEXT, *over()):
        reader.read(b"", json.dumps(item).encode())
    assert not [*reader.read(b"", b"[DONE]"), *reader.end()]
    reader = StreamReader()
    reader.read(b"", json.dumps(begin()).encode())
    assert not [*reader.read(b"", b"[DONE]")]
    reader.read(b"", json.dumps(over()[0]).encode())
    assert [*reader.read(b"", b"[DONE]")][-1] == ev.End()
