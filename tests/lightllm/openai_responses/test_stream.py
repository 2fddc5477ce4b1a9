"""Reading a provider's stream."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.events import StopReason
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.openai_responses.stream import StreamReader
from ccproxy.lightllm.stream_translator import read_frame
from tests.lightllm.openai_responses.wire import (
    OWN,
    Wire,
    added,
    at,
    blocks,
    completed,
    created,
    done,
    item_of,
    part,
    read,
)

TEXT = [
    added(0, "message", id="msg_1", content=[]),
    at(0, "content_part.added", item_id="msg_1", content_index=0, part=part("")),
    at(0, "output_text.delta", item_id="msg_1", content_index=0, delta="Hel", logprobs=[]),
    at(0, "output_text.delta", item_id="msg_1", content_index=0, delta="lo", logprobs=[]),
    at(0, "output_text.done", item_id="msg_1", content_index=0, text="Hello"),
    at(0, "content_part.done", item_id="msg_1", content_index=0, part=part("Hello")),
    done(0, item_of("message", id="msg_1", content=[part("Hello")])),
]
HELLO = [ev.TextStart(0), ev.TextDelta(0, "Hel"), ev.TextDelta(0, "lo"), ev.BlockStop(0)]
HELLO_AT_ONCE = [ev.TextStart(0), ev.TextDelta(0, "Hello"), ev.BlockStop(0)]
MESSAGE: Wire = {"type": "message", "id": "msg_1", "content": [part("Hello")]}


def test_an_answer_of_text() -> None:
    usage = {
        "input_tokens": 20,
        "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 2},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 4},
    }
    assert read(created(service_tier="flex"), *TEXT, completed(MESSAGE, usage=usage)) == [
        ev.MessageStart("resp_1", "gpt", 7, "flex"),
        *HELLO,
        ev.UsageUpdate(ev.Usage(input=10, output=9, cache_read=8, cache_write=2, reasoning=4)),
        ev.Finish(StopReason.DONE, native="completed"),
        ev.End(),
    ]


@pytest.mark.parametrize("kept", range(len(TEXT)))
def test_every_retelling_may_be_the_only_one(kept: int) -> None:
    told = TEXT[:kept]
    words = [event.text for event in blocks(*told, completed(MESSAGE)) if isinstance(event, ev.TextDelta)]
    assert "".join(words) == "Hello"


@pytest.mark.parametrize("missing", range(len(TEXT)))
def test_any_event_of_a_text_may_be_missing_but_for_its_deltas(missing: int) -> None:
    if TEXT[missing]["type"] == "response.output_text.delta":
        return
    assert blocks(*TEXT[:missing], *TEXT[missing + 1 :], completed(MESSAGE)) == HELLO
    assert blocks(*TEXT[:missing], *TEXT[missing + 1 :], completed()) == HELLO


def test_a_response_in_one_event() -> None:
    assert blocks(completed(MESSAGE)) == HELLO_AT_ONCE
    assert read(created(), {"object": "response", "status": "completed", "output": [MESSAGE]})[1:4] == HELLO_AT_ONCE


@pytest.mark.parametrize("ids", [{}, {"item_id": ""}, {"item_id": "other"}])
def test_ids_that_are_missing_or_change_from_event_to_event(ids: Wire) -> None:
    """C7, and GitHub Copilot's rotating ids: the place in the output tells the item."""
    wire = [{**event, **ids} if "item_id" in event else event for event in TEXT]
    again = {**MESSAGE, "id": "yet_another"}
    assert blocks(*wire[:-1], done(0, again), completed(again)) == HELLO


def test_one_place_for_all_items() -> None:
    second = [{**event, "item_id": "msg_2"} for event in TEXT[1:-1]]
    wire = [
        *TEXT,
        added(0, "message", id="msg_2"),
        *second,
        done(0, item_of("message", id="msg_2", content=[part("Hello")])),
    ]
    found = blocks(*wire, completed(MESSAGE, {**MESSAGE, "id": "msg_2"}))
    assert found == [*HELLO, ev.TextStart(1), ev.TextDelta(1, "Hel"), ev.TextDelta(1, "lo"), ev.BlockStop(1)]


def test_no_ids_no_places_no_model() -> None:
    """C7"""
    bare = [{key: value for key, value in event.items() if key not in ("item_id", "output_index")} for event in TEXT]
    bare[0]["item"], bare[-1]["item"] = {"type": "message"}, {"type": "message", "content": [part("Hello")]}
    found = read(*bare, {"type": "response.completed", "response": {}})
    assert found == [ev.MessageStart(), *HELLO, ev.Finish(StopReason.DONE, native="completed"), ev.End()]


def test_unknown_events_fields_and_parts_are_passed_over() -> None:
    noise = [{"type": "response.new_thing", "x": 1}, {"type": "keepalive"}, {"mystery": True}]
    odd = {"type": "message", "id": "msg_1", "phase": "final", "content": [part("Hello"), {"type": "hologram", "x": 1}]}
    assert blocks(*noise, *TEXT[:-1], done(0, odd), *noise, completed(odd)) == [ev.Ping(), *HELLO, ev.Ping()]


def test_sources_and_logprobs_come_once_wherever_they_stand() -> None:
    url = {"type": "url_citation", "url": "https://a", "title": "A", "start_index": 0, "end_index": 5}
    file = {"type": "file_citation", "file_id": "file_1", "filename": "a.pdf", "index": 5}
    token = {"token": "Hello", "logprob": -0.1, "bytes": [72], "top_logprobs": []}
    told = part("Hello", annotations=[url, file], logprobs=[token])
    annotated = at(0, "output_text.annotation.added", content_index=0, annotation_index=0, annotation=url)
    found = blocks(*TEXT[:4], annotated, at(0, "content_part.done", content_index=0, part=told), completed())
    assert found == [
        *HELLO[:3],
        ev.CitationDelta(0, ev.Citation("web", "https://a", "A", None, 0, 5, None, url, OWN)),
        ev.CitationDelta(0, ev.Citation("file", None, "a.pdf", None, None, None, "file_1", file, OWN)),
        ev.LogprobsDelta(0, [token]),
        ev.BlockStop(0),
    ]
    assert blocks(done(0, item_of("message", content=[told])), completed())[2:] == found[3:]


def test_logprobs_of_a_delta() -> None:
    token = {"token": "Hel", "logprob": -0.1}
    wire = {**TEXT[2], "logprobs": [token]}
    assert blocks(*TEXT[:2], wire, *TEXT[3:], completed())[1:3] == [
        ev.TextDelta(0, "Hel"),
        ev.LogprobsDelta(0, [token]),
    ]


def test_a_refusal() -> None:
    said = {"type": "refusal", "refusal": "No."}
    wire = [
        added(0, "message", id="msg_1"),
        at(0, "content_part.added", content_index=0, part={"type": "refusal", "refusal": ""}),
        at(0, "refusal.delta", content_index=0, delta="No."),
        at(0, "refusal.done", content_index=0, refusal="No."),
        at(0, "content_part.done", content_index=0, part=said),
        done(0, item_of("message", id="msg_1", content=[said])),
        completed(),
    ]
    expected = [ev.RefusalStart(0), ev.RefusalDelta(0, "No."), ev.BlockStop(0)]
    assert read(created(), *wire)[1:-1] == [*expected, ev.Finish(StopReason.REFUSAL, native="completed")]
    assert blocks(done(0, item_of("message", content=[said])), completed()) == expected


REASONING: Wire = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "One"}, {"text": "Two"}],
}


def test_summaries_are_parts_and_the_signature_comes_once() -> None:
    wire = [
        added(0, "reasoning", id="rs_1", summary=[], encrypted_content="unfinished"),
        at(0, "reasoning_summary_part.added", item_id="rs_1", summary_index=0, part={"text": ""}),
        at(0, "reasoning_summary_text.delta", item_id="rs_1", summary_index=0, delta="One"),
        at(0, "reasoning_summary_text.done", item_id="rs_1", summary_index=0, text="One"),
        at(0, "reasoning_summary_part.done", item_id="rs_1", summary_index=0, part={"text": "One"}),
        at(0, "reasoning_summary_text.delta", item_id="rs_1", summary_index=1, delta="Two"),
        done(0, {**REASONING, "encrypted_content": "sealed"}),
        completed({**REASONING, "encrypted_content": "sealed again"}),
    ]
    expected = [
        ev.ThinkingStart(0, "rs_1"),
        ev.ThinkingDelta(0, "One", 0),
        ev.ThinkingDelta(0, "Two", 1),
        ev.Signature(0, ev.Opaque(OWN, "sealed")),
        ev.BlockStop(0),
    ]
    assert blocks(*wire) == expected
    assert blocks(*wire[-2:]) == expected


def test_the_thinking_itself_is_told_from_its_summary() -> None:
    """DeepSeek and gpt-oss stream `reasoning_text`."""
    content = [{"type": "reasoning_text", "text": "Hm"}]
    wire = [
        at(0, "reasoning_text.delta", item_id="r", content_index=0, delta="Hm"),
        at(0, "reasoning_text.done", item_id="r", content_index=0, text="Hm"),
        at(0, "content_part.done", item_id="r", content_index=0, part=content[0]),
    ]
    expected = [ev.ThinkingStart(0, "r"), ev.ThinkingDelta(0, "Hm", 0, True), ev.BlockStop(0)]
    assert blocks(*wire, done(0, item_of("reasoning", id="r", content=content)), completed()) == expected
    same = done(0, item_of("reasoning", id="r", summary=[{"type": "summary_text", "text": "Hm"}]))
    assert blocks(*wire, same, completed()) == expected  # retold under the other name


def test_reasoning_without_a_word_or_a_signature_is_no_block() -> None:
    assert (
        blocks(added(0, "reasoning", id="rs_1"), done(0, item_of("reasoning", id="rs_1", summary=[])), completed())
        == []
    )


def test_a_foreign_signature_is_unsealed() -> None:
    found = blocks(done(0, item_of("reasoning", id="rs_1", encrypted_content="ccproxy.gemini.c2ln")), completed())
    assert found[1] == ev.Signature(0, ev.Opaque(ev.WireFormat.GEMINI, "c2ln"))


def test_parallel_calls_that_interleave() -> None:
    """C9: both are open at once, and each delta goes to its own."""
    wire = [
        added(0, "function_call", id="fc_1", call_id="call_1", name="a", arguments=""),
        added(1, "function_call", id="fc_2", call_id="call_2", name="b", arguments=""),
        at(1, "function_call_arguments.delta", item_id="fc_2", delta='{"y":'),
        at(0, "function_call_arguments.delta", item_id="fc_1", delta='{"x":1}'),
        at(1, "function_call_arguments.delta", item_id="fc_2", delta="2}"),
        at(0, "function_call_arguments.done", item_id="fc_1", arguments='{"x": 1}'),
        done(0, item_of("function_call", id="fc_1", call_id="call_1", name="a", arguments='{"x": 1}')),
        done(1, item_of("function_call", id="fc_2", call_id="call_2", name="b", arguments='{"y":2}')),
        completed(),
    ]
    assert read(created(), *wire)[1:-1] == [
        ev.ToolCallStart(0, "call_1", "a"),
        ev.ToolCallStart(1, "call_2", "b"),
        ev.ArgumentsDelta(1, '{"y":'),
        ev.ArgumentsDelta(0, '{"x":1}'),
        ev.ArgumentsDelta(1, "2}"),
        ev.BlockStop(0),
        ev.BlockStop(1),
        ev.Finish(StopReason.TOOL_CALL, native="completed"),
    ]


def test_a_call_whose_name_comes_late_or_never() -> None:
    delta = at(0, "function_call_arguments.delta", item_id="fc_1", delta="{}")
    named = item_of("function_call", id="fc_1", call_id="call_1", name="a", arguments="{}")
    expected = [ev.ToolCallStart(0, "call_1", "a"), ev.ArgumentsDelta(0, "{}"), ev.BlockStop(0)]
    assert blocks(added(0, "function_call", id="fc_1"), delta, done(0, named), completed()) == expected
    nameless = blocks(delta, completed())
    assert isinstance(nameless[0], ev.ToolCallStart)
    assert (nameless[0].id, bool(nameless[0].name)) == ("fc_1", True)
    assert nameless[1:] == expected[1:]


def test_arguments_as_an_object() -> None:
    wire = done(0, item_of("function_call", call_id="c", name="a", arguments={"x": 1}))
    assert blocks(wire, completed())[1] == ev.ArgumentsDelta(0, '{"x":1}')


def test_a_custom_call_takes_text() -> None:
    wire = [
        added(0, "custom_tool_call", id="ctc_1", call_id="call_1", name="apply_patch", input=""),
        at(0, "custom_tool_call_input.delta", item_id="ctc_1", delta="*** Begin"),
        at(0, "custom_tool_call_input.done", item_id="ctc_1", input="*** Begin"),
        done(0, item_of("custom_tool_call", id="ctc_1", call_id="call_1", name="apply_patch", input="*** Begin")),
        completed(),
    ]
    expected = [ev.ToolCallStart(0, "call_1", "apply_patch", True), ev.ArgumentsDelta(0, "*** Begin"), ev.BlockStop(0)]
    assert blocks(*wire) == expected
    assert blocks(*wire[3:]) == expected


def test_an_image_is_the_result_and_not_the_partial_ones() -> None:
    item = {"type": "image_generation_call", "id": "ig_1", "result": "aW1n", "output_format": "webp"}
    partial = at(0, "image_generation_call.partial_image", item_id="ig_1", partial_image_b64="eHh4")
    opening = added(0, "image_generation_call", id="ig_1", result=None)
    found = blocks(opening, partial, done(0, item), completed(item))
    assert found == [ev.Media("image/webp", "aW1n", id="ig_1")]


def test_a_search_with_its_sources() -> None:
    action = {"type": "search", "query": "q", "sources": [{"type": "url", "url": "https://a"}]}
    item = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": action}
    source = ev.Citation("web", "https://a", origin=OWN)
    assert blocks(at(0, "web_search_call.searching", item_id="ws_1"), done(0, item), completed(item)) == [
        ev.ServerToolCall("ws_1", "web_search", {"query": "q"}, item, OWN),
        ev.ServerToolResult("ws_1", "web_search", sources=[source], origin=OWN),
    ]


def test_a_program_its_output_and_its_pictures() -> None:
    outputs = [{"type": "logs", "logs": "4\n"}, {"type": "image", "url": "data:image/png;base64,aW1n"}]
    item = {"type": "code_interpreter_call", "id": "ci_1", "code": "2+2", "container_id": "c", "outputs": outputs}
    assert blocks(done(0, item), completed()) == [
        ev.ServerToolCall("ci_1", "code_execution", {"code": "2+2", "language": "python"}, item, OWN),
        ev.ServerToolResult("ci_1", "code_execution", "4\n", origin=OWN),
        ev.Media("image/png", "aW1n", id="ci_1"),
    ]


def test_items_of_other_tools_and_unknown_ones_are_kept() -> None:
    shell = {"type": "shell_call", "id": "sh_1", "action": {"commands": ["ls"]}}
    answer = {"type": "shell_call_output", "id": "so_1", "call_id": "call_1", "output": "a.txt"}
    odd = {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}
    mcp = {"type": "mcp_call", "id": "mcp_1", "name": "ask", "arguments": '{"q":1}', "output": None, "error": "down"}
    assert blocks(done(0, shell), done(1, answer), done(2, odd), done(3, mcp), completed()) == [
        ev.ServerToolCall("sh_1", "shell", {"commands": ["ls"]}, shell, OWN),
        ev.ServerToolResult("call_1", "shell", "a.txt", raw=answer, origin=OWN),
        ev.Unknown(odd, OWN),
        ev.ServerToolCall("mcp_1", "ask", {"q": 1}, mcp, OWN),
        ev.ServerToolResult("mcp_1", "ask", "down", failed=True, origin=OWN),
    ]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("max_output_tokens", StopReason.LENGTH),
        ("content_filter", StopReason.FILTER),
        ("steered", StopReason.OTHER),
        (None, StopReason.OTHER),
    ],
)
def test_an_incomplete_response(reason: str | None, expected: StopReason) -> None:
    """C3, C4: it is neither a whole answer nor an error."""
    response = {"status": "incomplete", "incomplete_details": {"reason": reason}, "usage": {"output_tokens": 3}}
    found = read(created(), *TEXT[:3], {"type": "response.incomplete", "response": response})
    usage, finish = ev.UsageUpdate(ev.Usage(output=3)), ev.Finish(expected, native=reason or "incomplete")
    assert found[1:] == [*HELLO[:2], ev.BlockStop(0), usage, finish, ev.End()]


def test_a_call_in_a_response_that_ran_out_of_tokens_is_no_reason_to_run_it() -> None:
    response = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    wire = added(0, "function_call", id="fc_1", call_id="call_1", name="a")
    found = read(created(), wire, {"type": "response.incomplete", "response": response})
    assert found[-2] == ev.Finish(StopReason.LENGTH, native="max_output_tokens")


@pytest.mark.parametrize(
    ("event", "status", "message"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "slowly"}, 429, "slowly"),
        ({"type": "error", "error": {"type": "server_error", "code": None, "message": "oops"}}, 500, "oops"),
        ({"type": "response.failed", "response": {"error": {"code": "server_error", "message": "oops"}}}, 500, "oops"),
        ({"type": "response.completed", "response": {"status": "failed", "error": {"message": "oops"}}}, 500, "oops"),
        ({"error": {"type": "overloaded_error", "message": "busy"}}, 529, "busy"),
        ({"error": {"code": 503, "status": "UNAVAILABLE", "message": "busy"}}, 503, "busy"),
    ],
)
def test_an_error_in_mid_stream(event: Wire, status: int, message: str) -> None:
    """C4"""
    found = read(created(), *TEXT[:3], event, completed(MESSAGE))
    assert found[:-1] == [ev.MessageStart("resp_1", "gpt", 7), *HELLO[:2]]
    assert isinstance(found[-1], ev.Error)
    error = found[-1].error
    assert (error.status, error.message, error.origin) == (status, message, OWN)


def test_a_failure_is_paid_for() -> None:
    failed = {"error": {"code": "server_error", "message": "oops"}, "usage": {"input_tokens": 3, "output_tokens": 0}}
    found = read(created(), {"type": "response.failed", "response": failed})
    assert found[1] == ev.UsageUpdate(ev.Usage(input=3, output=0))
    assert isinstance(found[2], ev.Error)


@pytest.mark.parametrize("told", [[], TEXT[:3], TEXT])
def test_a_stream_that_ends_early(told: list[Wire]) -> None:
    """C4"""
    last = read(created(), *told)[-1]
    assert isinstance(last, ev.Error)
    assert last.error.status == 502


def test_done_stands_for_the_end_if_all_that_began_is_whole() -> None:
    def ended(*wire: Wire) -> ev.Event:
        reader = StreamReader()
        for event in wire:
            list(reader.read(b"", json.dumps(event).encode()))
        return list(reader.read(b"", b"[DONE]"))[-1]

    assert ended(created(), *TEXT) == ev.End()
    assert isinstance(ended(created(), *TEXT[:4]), ev.Error)
    assert isinstance(ended(created()), ev.Error)


def test_nothing_comes_after_the_end() -> None:
    reader = StreamReader()
    assert list(reader.read(b"", json.dumps(completed(MESSAGE)).encode()))[-1] == ev.End()
    assert list(reader.read(b"", b"[DONE]")) == list(reader.read(b"", b"not JSON")) == list(reader.end()) == []


@pytest.mark.parametrize("data", [b"{", b"[]", b'"x"'])
def test_data_that_is_no_event(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(StreamReader().read(b"", data))


@pytest.mark.parametrize(
    ("name", "data"), [(b"ping", b""), (b"ping", b"{half"), (b"", b"ping"), (b"keepalive", b"1"), (b"message", b"")]
)
def test_what_keeps_a_connection_alive_is_no_answer(name: bytes, data: bytes) -> None:
    assert list(StreamReader().read(name, data)) == [ev.Ping()]


def test_text_that_is_no_unicode_is_replaced() -> None:
    for said in (b"\\ud800", b"\xff"):
        reader = StreamReader()
        for wire in TEXT[:2]:
            list(reader.read(b"", json.dumps(wire).encode()))
        delta = json.dumps(TEXT[2] | {"delta": "hello"}).encode().replace(b"hello", b"hel" + said)
        assert list(reader.read(b"", delta))[-1] == ev.TextDelta(0, "hel\ufffd")


@given(st.binary(max_size=60), st.sampled_from([b"", b"error", b"ping", b"response.failed", b"response.completed"]))
def test_any_bytes_as_an_event(data: bytes, name: bytes) -> None:
    with suppress(Malformed):
        list(read_frame(StreamReader(), name, b'{"a":"' + data + b'"}'))


def test_the_name_of_the_event_stands_in_for_its_type() -> None:
    reader = StreamReader()
    bare = {key: value for key, value in TEXT[2].items() if key != "type"}
    found = list(reader.read(b"response.output_text.delta", json.dumps(bare).encode()))
    assert found == [ev.MessageStart(), ev.TextStart(0), ev.TextDelta(0, "Hel")]
