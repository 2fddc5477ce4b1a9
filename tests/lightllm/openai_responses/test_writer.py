"""Writing a stream for a Responses client; every stream here is checked against the grammar by `stream`."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import StopReason
from ccproxy.lightllm.openai_responses.stream import StreamWriter
from ccproxy.lightllm.signatures import unsealed
from tests.lightllm.openai_responses.wire import OWN, Wire, call, kinds, output, stream, text, whole, without_ids
from tests.support.grammar.openai_responses import check_stream

FOREIGN = WireFormat.ANTHROPIC


def the(items: list[Wire]) -> Wire:
    """The only item, without its id."""
    (item,) = items
    return without_ids(item)


def test_an_answer_of_text_event_by_event() -> None:
    found = stream(whole(*text(0, "Hel", "lo")))
    assert kinds(found) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    part = {"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}
    last = found[-1]["response"]
    assert the(last["output"]) == {"type": "message", "role": "assistant", "status": "completed", "content": [part]}
    assert (last["id"], last["model"], last["created_at"]) == ("resp_1", "gpt", 7)


def test_blocks_are_done_as_soon_as_they_are_whole() -> None:
    """C10: no `.done` waits for the end, and the last event holds the whole output."""
    events = whole(*text(0, "a"), *call(1, "c1", "f", "{}"), *text(2, "b"))
    found = kinds(stream(events))
    assert found.index("output_text.done") < found.index("function_call_arguments.delta")
    assert found.index("output_item.done") < found.index("function_call_arguments.delta")
    assert found.index("function_call_arguments.done") < len(found) - 6
    assert [item["type"] for item in output(events)] == ["message", "function_call", "message"]


def test_an_empty_answer() -> None:
    found = stream(whole())
    assert kinds(found) == ["created", "in_progress", "completed"]
    assert found[-1]["response"]["output"] == []
    assert kinds(stream([ev.End()])) == ["created", "in_progress", "completed"]


def test_what_the_client_asked_comes_back() -> None:
    """R15: strict clients fail without these fields."""
    asked: Wire = {
        "instructions": "Be brief.",
        "tools": [{"type": "function", "name": "f"}, {"type": "local_shell"}],
        "tool_choice": {"type": "function", "name": "f"},
        "parallel_tool_calls": False,
        "temperature": 0.2,
        "max_output_tokens": 9,
        "metadata": {"k": "v"},
        "text": {"verbosity": "low"},
        "reasoning": {"effort": "high"},
        "previous_response_id": "resp_0",
        "service_tier": "flex",
        "user": "u",
        "store": False,
    }
    last = stream(whole(), asked)[-1]["response"]
    same = ("instructions", "tool_choice", "parallel_tool_calls", "temperature", "max_output_tokens", "metadata")
    for name in (*same, "previous_response_id", "service_tier", "user", "store"):
        assert last[name] == asked[name], name
    assert last["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert last["reasoning"] == {"effort": "high", "summary": None}
    assert last["tools"][0] == {
        "type": "function",
        "name": "f",
        "description": None,
        "parameters": None,
        "strict": None,
    }
    defaults = stream(whole())[-1]["response"]
    assert (defaults["tools"], defaults["tool_choice"], defaults["parallel_tool_calls"]) == ([], "auto", True)


def test_ids_of_other_vendors_become_native_ones() -> None:
    found = stream([ev.MessageStart("msg_01", "claude"), *call(0, "toolu_1", "f", "{}"), ev.End()])
    response = found[-1]["response"]
    assert response["id"].startswith("resp_")
    assert (response["model"], response["output"][0]["call_id"]) == ("claude", "toolu_1")
    assert response["output"][0]["id"].startswith("fc_")


def test_the_same_id_twice_becomes_two() -> None:
    first, second = stream(whole(*call(0, "c", "f", "{}"), *call(1, "c", "g", "{}")))[-1]["response"]["output"]
    assert first["call_id"] == "c"
    assert second["call_id"] not in ("", "c")


def test_usage_may_come_after_the_end_of_the_model() -> None:
    """C3"""
    usage = ev.Usage(input=10, output=9, cache_read=8, cache_write=2, reasoning=4)
    events = [ev.MessageStart(), *text(0, "a"), ev.Finish(StopReason.DONE), ev.UsageUpdate(usage), ev.End()]
    assert stream(events)[-1]["response"]["usage"] == {
        "input_tokens": 20,
        "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 2},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 29,
    }


@pytest.mark.parametrize(
    ("reason", "kind", "detail"),
    [
        (StopReason.DONE, "completed", None),
        (StopReason.STOP_SEQUENCE, "completed", None),
        (StopReason.TOOL_CALL, "completed", None),
        (StopReason.PAUSE, "completed", None),
        (StopReason.OTHER, "completed", None),
        (StopReason.LENGTH, "incomplete", "max_output_tokens"),
        (StopReason.FILTER, "incomplete", "content_filter"),
        (StopReason.REFUSAL, "incomplete", "content_filter"),
    ],
)
def test_why_the_model_stopped(reason: StopReason, kind: str, detail: str | None) -> None:
    last = stream(whole(*text(0, "a"), finish=ev.Finish(reason)))[-1]
    assert last["type"] == f"response.{kind}"
    assert (last["response"]["incomplete_details"] or {}).get("reason") == detail
    assert last["response"]["output"][0]["status"] == kind
    assert (last["response"]["completed_at"] is None) == (kind == "incomplete")


def test_text_and_refusal_are_parts_of_one_message() -> None:
    refusal = [ev.RefusalStart(1), ev.RefusalDelta(1, "No."), ev.BlockStop(1)]
    events = whole(*text(0, "Well."), *refusal, finish=ev.Finish(StopReason.REFUSAL))
    assert stream(events)[-1]["type"] == "response.completed"
    parts = the(output(events))["content"]
    assert [(part["type"], part.get("text", part.get("refusal"))) for part in parts] == [
        ("output_text", "Well."),
        ("refusal", "No."),
    ]


def test_calls_that_interleave() -> None:
    """C9: every delta stands in its own item; items are done in order."""
    events = whole(
        ev.ToolCallStart(0, "c1", "f"),
        ev.ToolCallStart(1, "c2", "g"),
        ev.ArgumentsDelta(1, '{"y":'),
        ev.ArgumentsDelta(0, '{"x":1}'),
        ev.ArgumentsDelta(1, "2}"),
        ev.BlockStop(1),
        ev.BlockStop(0),
    )
    found = stream(events)
    assert [event["output_index"] for event in found if event["type"].endswith("arguments.delta")] == [1, 0, 1]
    assert [(item["name"], item["arguments"]) for item in output(events)] == [("f", '{"x":1}'), ("g", '{"y":2}')]


def test_text_may_stay_open_beside_a_call() -> None:
    events = whole(
        ev.TextStart(0),
        ev.TextDelta(0, "a"),
        *call(1, "c", "f", "{}"),
        ev.TextDelta(0, "b"),
        ev.BlockStop(0),
        *text(2, "c"),
    )
    texts = [[part["text"] for part in item.get("content", [])] for item in output(events)]
    assert texts == [["ab"], [], ["c"]]


def test_a_call_without_arguments_has_an_empty_object() -> None:
    assert the(output(whole(*call(0, "c", "f"))))["arguments"] == "{}"


PATCH = "*** Begin Patch\n+é"
APPLY: Wire = {"tools": [{"type": "custom", "name": "apply_patch", "format": {"type": "text"}}]}


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([json.dumps({"input": PATCH})[:9], json.dumps({"input": PATCH})[9:]], PATCH),
        ([json.dumps({"patch": PATCH})], PATCH),
        ([json.dumps(PATCH)], PATCH),
        ([PATCH], PATCH),
        (['{"a":1,"b":2}'], '{"a":1,"b":2}'),
        ([], ""),
    ],
)
def test_a_function_that_the_client_knows_as_a_custom_tool(pieces: list[str], expected: str) -> None:
    """Codex declares `apply_patch` so; other providers are given a function with the argument `input`."""
    item = the(output(whole(*call(0, "c", "apply_patch", *pieces)), APPLY))
    assert (item["type"], item["name"], item["call_id"], item["input"]) == (
        "custom_tool_call",
        "apply_patch",
        "c",
        expected,
    )


def test_a_custom_call_of_a_provider_with_custom_tools() -> None:
    events = whole(*call(0, "c", "apply_patch", "*** ", "Begin", custom=True))
    assert [event["delta"] for event in stream(events, APPLY) if event["type"].endswith("input.delta")] == [
        "*** ",
        "Begin",
    ]
    assert the(output(events, APPLY))["input"] == "*** Begin"
    assert the(output(events))["type"] == "custom_tool_call"


def test_the_local_shell() -> None:
    arguments = '{"command":["ls","-l"],"working_directory":"/tmp","timeout_ms":null}'
    shell = {"tools": [{"type": "local_shell"}]}
    assert the(output(whole(*call(0, "c", "local_shell", arguments)), shell)) == {
        "type": "local_shell_call",
        "status": "completed",
        "call_id": "c",
        "action": {"type": "exec", "command": ["ls", "-l"], "env": {}, "working_directory": "/tmp"},
    }
    line = the(output(whole(*call(0, "c", "local_shell", '{"command":"ls -l"}')), shell))
    assert line["action"]["command"] == ["bash", "-lc", "ls -l"]
    assert the(output(whole(*call(0, "c", "local_shell", "{}"))))["type"] == "function_call"


def test_a_tool_in_a_namespace() -> None:
    """Codex looks tools of MCP servers up by namespace and name."""
    group = {"type": "namespace", "name": "mcp__git__", "tools": [{"type": "function", "name": "log"}]}
    for name in ("mcp__git__log", "log"):
        item = the(output(whole(*call(0, "c", name, "{}")), {"tools": [group]}))
        assert (item["namespace"], item["name"]) == ("mcp__git__", "log")


def test_thinking_has_parts_and_a_signature() -> None:
    events = whole(
        ev.ThinkingStart(0, "rs_7"),
        ev.ThinkingDelta(0, "On", 0),
        ev.ThinkingDelta(0, "e", 0),
        ev.ThinkingDelta(0, "Two", 1),
        ev.Signature(0, ev.Opaque(FOREIGN, "c2ln")),
        ev.BlockStop(0),
    )
    (item,) = output(events)
    assert item == {
        "id": "rs_7",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "One"}, {"type": "summary_text", "text": "Two"}],
        "encrypted_content": "ccproxy.anthropic.c2ln",
    }


def test_thinking_itself_and_thinking_without_words() -> None:
    raw = [ev.ThinkingStart(0), ev.ThinkingDelta(0, "Hm", 0, True), ev.BlockStop(0)]
    signed = [ev.ThinkingStart(1), ev.Signature(1, ev.Opaque(OWN, "gAAA")), ev.BlockStop(1)]
    first, second = output(whole(*raw, *signed))
    assert without_ids(first) == {
        "type": "reasoning",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "Hm"}],
    }
    assert without_ids(second) == {"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}


def test_sources_with_and_without_offsets() -> None:
    own = {"type": "container_file_citation", "container_id": "c", "file_id": "f", "filename": "n", "start_index": 0,
           "end_index": 0}  # fmt: skip
    events = whole(
        ev.TextStart(0),
        ev.CitationDelta(0, ev.Citation("web", "https://a")),
        ev.TextDelta(0, "abc"),
        ev.CitationDelta(0, ev.Citation("web", "https://b", "B", None, 1, 2)),
        ev.CitationDelta(0, ev.Citation("file", raw=own, origin=OWN)),
        ev.CitationDelta(0, ev.Citation("document", title="a.pdf", document_id="0")),
        ev.BlockStop(0),
    )
    assert the(output(events))["content"][0]["annotations"] == [
        {"type": "url_citation", "url": "https://b", "title": "B", "start_index": 1, "end_index": 2},
        own,
        {"type": "url_citation", "url": "https://a", "title": "https://a", "start_index": 0, "end_index": 3},
        {"type": "file_citation", "file_id": "0", "filename": "a.pdf", "index": 3},
    ]


def test_a_bare_quotation_is_counted() -> None:
    asked = Asked("gpt")
    quotation = ev.CitationDelta(0, ev.Citation("document", cited_text="abc"))
    stream(whole(ev.TextStart(0), quotation, ev.BlockStop(0)), asked=asked)
    assert asked.drops.header() == "citations=1"


def test_logprobs() -> None:
    tokens = [{"token": "é", "logprob": -0.5, "bytes": None, "top_logprobs": [{"token": "e", "logprob": -1}]}]
    events = whole(ev.TextStart(0), ev.TextDelta(0, "é"), ev.LogprobsDelta(0, tokens), ev.BlockStop(0))
    expected = [
        {
            "token": "é",
            "bytes": [195, 169],
            "logprob": -0.5,
            "top_logprobs": [{"token": "e", "bytes": [101], "logprob": -1}],
        }
    ]
    assert the(output(events))["content"][0]["logprobs"] == expected
    deltas = [event["logprobs"] for event in stream(events) if event["type"] == "response.output_text.delta"]
    assert deltas == [[], expected]


def search(id: str, **more: Any) -> ev.ServerToolCall:
    """A search of another format."""
    return ev.ServerToolCall(id, "web_search", {"query": "q"}, {"type": "server_tool_use"}, FOREIGN, **more)


def test_tools_of_another_provider() -> None:
    """C24: what a provider ran itself is no call for the client."""
    source = ev.Citation("web", "https://a", "A")
    program = ev.ServerToolCall("s2", "code_execution", {"code": "2+2"}, None, FOREIGN)
    events = whole(
        search("s1"),
        ev.ServerToolResult("s1", "web_search", sources=[source], origin=FOREIGN),
        program,
        ev.ServerToolResult("s2", "code_execution", "4\n", failed=True, origin=FOREIGN),
        ev.ServerToolCall("s3", "web_fetch", {"url": "https://b"}, None, FOREIGN),
    )
    action = {"type": "search", "query": "q", "sources": [{"type": "url", "url": "https://a"}]}
    ran = {"code": "2+2", "container_id": "", "outputs": [{"type": "logs", "logs": "4\n"}]}
    assert [without_ids(item) for item in output(events)] == [
        {"type": "web_search_call", "status": "completed", "action": action},
        {"type": "code_interpreter_call", "status": "failed", **ran},
        {"type": "web_search_call", "status": "completed", "action": {"type": "open_page", "url": "https://b"}},
    ]


def test_tools_within_tools_are_done_in_order() -> None:
    results = [ev.ServerToolResult(id, "web_search", origin=FOREIGN) for id in ("s2", "s1")]
    assert len(output(whole(search("s1"), *text(0, "a"), search("s2"), *results, *text(1, "b")))) == 4


def test_items_of_this_format_come_as_they_were() -> None:
    pictured = {"type": "code_interpreter_call", "id": "ci_1", "status": "completed", "code": "x", "container_id": "c"}
    odd = {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}
    events = whole(
        ev.ServerToolCall("ci_1", "code_execution", {"code": "x"}, pictured, OWN),
        ev.ServerToolResult("ci_1", "code_execution", origin=OWN),
        ev.Media("image/png", "aW1n", id="ci_1"),
        ev.Unknown(odd, OWN),
    )
    assert output(events) == [pictured, odd]


def test_an_image() -> None:
    item = the(output(whole(ev.Media("image/png", "aW1n"))))
    expected = {"type": "image_generation_call", "status": "completed", "result": "aW1n", "output_format": "png"}
    assert item == expected


def test_what_has_no_form_here_is_counted_and_leaves_the_message_whole() -> None:
    asked = Asked("gpt")
    lost = [
        ev.ServerToolCall("s", "mcp", {}, None, FOREIGN),
        ev.ServerToolResult("s", "mcp", origin=FOREIGN),
        ev.Media("audio/wav", "d2F2"),
        ev.Unknown({"type": "x"}, FOREIGN),
    ]
    found = stream(whole(*text(0, "a"), *lost, *text(1, "b")), asked=asked)[-1]["response"]["output"]
    assert [part["text"] for part in the(found)["content"]] == ["a", "b"]
    assert asked.drops.counts == {"server_tool_blocks": 2, "media": 1, "unknown_block": 1}


def test_redacted_thinking_is_an_item_of_its_own() -> None:
    redacted = ev.Redacted(ev.Opaque(FOREIGN, "cmVk", redacted=True))
    item, message = stream(whole(redacted, *text(0, "a")))[-1]["response"]["output"]
    assert (item["type"], item["summary"], message["type"]) == ("reasoning", [], "message")
    assert unsealed(item["encrypted_content"], WireFormat.OPENAI_RESPONSES) == redacted.opaque


HALF: list[list[ev.Event]] = [
    [],
    [ev.MessageStart("resp_1", "gpt", 7)],
    [ev.TextStart(0), ev.TextDelta(0, "a")],
    [ev.ThinkingStart(0), ev.ThinkingDelta(0, "a")],
    [*text(0, "a"), ev.ToolCallStart(1, "c", "f"), ev.ArgumentsDelta(1, "{")],
    [search("s1")],
]


@pytest.mark.parametrize("before", HALF)
def test_an_error_at_any_point(before: list[ev.Event]) -> None:
    """C4: both events that the API sends. Codex reads `response.failed`; SDKs raise on an `error` member."""
    error = ev.WireError(529, "busy", "overloaded_error", origin=FOREIGN)
    found = stream([*before, ev.Error(error)])
    assert kinds(found)[-2:] == ["error", "failed"]
    assert found[-2]["message"] == found[-2]["error"]["message"] == "busy"
    failed = found[-1]["response"]
    assert (failed["status"], failed["error"]) == ("failed", {"code": "server_error", "message": "busy"})
    assert "completed" not in kinds(found)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ev.WireError(429, "m", "rate_limit_error", origin=FOREIGN), "rate_limit_exceeded"),
        (ev.WireError(400, "m", "invalid_request_error", origin=FOREIGN), "invalid_prompt"),
        (
            ev.WireError(400, "m", "invalid_request_error", "context_length_exceeded", origin=OWN),
            "context_length_exceeded",
        ),
        (ev.WireError(400, "m", "", "400", origin=WireFormat.OPENAI), "invalid_prompt"),
        (ev.WireError(502, "m"), "server_error"),
    ],
)
def test_codes_that_codex_acts_upon(error: ev.WireError, code: str) -> None:
    assert stream([ev.Error(error)])[-1]["response"]["error"]["code"] == code


def test_the_grammar_notices_what_is_missing_twice_or_out_of_turn() -> None:
    thinking = [ev.ThinkingStart(1), ev.ThinkingDelta(1, "Hm"), ev.BlockStop(1)]
    cited = [ev.TextStart(0), ev.TextDelta(0, "a"), ev.CitationDelta(0, ev.Citation(url="https://a")), ev.BlockStop(0)]
    writer = StreamWriter(Asked("gpt"))
    events = whole(*cited, *thinking, *call(2, "c", "f", "{}"), search("s"))
    legal = "".join(writer.write(event).decode() for event in events).split("\n\n")[:-1]
    assert check_stream(told(legal)) == []
    optional = ("response.in_progress", "response.web_search_call.")
    for at, frame in enumerate(legal):
        before, after = legal[:at], legal[at + 1 :]
        free = frame.removeprefix("event: ").startswith(optional)
        assert free or check_stream(told(before + after)), frame
        assert "web_search_call." in frame or check_stream(told([*before, frame, frame, *after])), frame
        pair = frame + "".join(after[:1])
        free = any(name in pair for name in ("web_search_call.", "annotation.added")) or "item.done\n" in frame
        assert not after or free or check_stream(told([*before, after[0], frame, *after[1:]])), frame


def told(found: list[str]) -> str:
    """Events as a stream, numbered anew: numbers alone would betray every change."""
    return "".join(re.sub(r'"sequence_number":\d+', f'"sequence_number":{n}', e) + "\n\n" for n, e in enumerate(found))


def test_a_ping_is_a_comment() -> None:
    writer = StreamWriter(Asked("gpt"))
    assert writer.write(ev.Ping()) == b": keep-alive\n\n"
    assert writer.write(ev.TextStart(0)).startswith(b"event: response.created\n")
    assert writer.write(ev.Ping()) == b": keep-alive\n\n"
