"""The content view LLM: requests and answers of all formats in words, whatever the bytes are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.contentviews import Metadata
from mitmproxy.http import HTTPFlow

from ccproxy.exchange import CLIENT_FORMATS, Exchange, Header, HttpRequest, HttpResponse, Origin, Route, WireFormat
from ccproxy.flows.mflow.writing import to_http_flow
from ccproxy.fronts.interceptor.llm_view import MOST_CHARACTERS, NOT_LLM, LlmView

DATA = Path(__file__).parents[1] / "flows" / "data"

ASKED_AND_ANSWERED = {
    "anthropic_buffered": (
        "── tools (3)\nload_capability(id): Load a capability",
        "── user: result of toolu_01VLwCjyU7u928EqHmMRvow8\n",
        "── calls lookup_refund_policy (toolu_01JA8S35SNy1ruX8gAXgb3Y6)\n",
        "tokens: 7 input, 60 output, 1,069 cache write\n",
    ),
    "anthropic_stream": ("── assistant: calls get_exchange_rate (", "── text\nThe current exchange rate is **1 USD"),
    "anthropic_error": ("── user\nhello", "── error\nnot_found_error: model: claude-sonet-4-5"),
    "chat_buffered": ("── system\nRetain this", "── text\ncache probe two.", "tokens: 44 input, 5 output, 224 ca"),
    "chat_stream": ("── tools (1)\nget_capital(country)", '── calls get_capital (call_ZR5UU'),
    "gemini_buffered": ("── model: calls record (pyd_ai", "── user: result of pyd_ai_71efbc", "── text\nI have rec"),
    "gemini_stream": ("── system\nYou are a helpful chatbot.", "── text\nThe capital of France is Paris."),
    "responses_buffered": ("── tool: result of call-a\ncontents-a", "── thinking\nWe need to reply", "── text\ndone"),
    "responses_stream": ("── user\nWhat is the capital", 'OtYSAL)\n{"country":'),
}  # fmt: skip


def flow_of(wire: str, request: bytes, answer: bytes, status: int = 200, coding: str = "") -> HTTPFlow:
    headers: list[Header] = [(b"content-encoding", coding.encode())] if coding else []
    ex = Exchange(HttpRequest("POST", b"/x", headers, request), format=WireFormat.ANTHROPIC)
    ex.route = Route("transform", "main", WireFormat(wire), Origin("https", "api.example.org", 443), "")
    ex.forwarded = ex.request
    ex.provider_response = ex.response = HttpResponse(status, headers, chunks=[answer], complete=True)
    return to_http_flow(ex)


def seen(flow: HTTPFlow) -> str:
    """What the view shows of the request and of the response."""
    shown = [LlmView().prettify(b"", Metadata(flow=flow, http_message=each)) for each in (flow.request, flow.response)]
    return "\n\n".join(shown)


@pytest.mark.parametrize("name", ASKED_AND_ANSWERED)
@pytest.mark.parametrize("coding", ["", "gzip"])
def test_what_real_providers_were_asked_and_answered(name: str, coding: str) -> None:
    case = json.loads((DATA / f"{name}.json").read_text())
    request, answer = json.dumps(case["request"]), case["response"]
    bodies = [request.encode(), (answer if case["stream"] else json.dumps(answer)).encode()]
    asked, answered = [gzip.compress(body) if coding else body for body in bodies]
    flow = flow_of(case["format"].removesuffix("_chat"), asked, answered, case["status"], coding)
    text = seen(flow)
    assert [part for part in ASKED_AND_ANSWERED[name] if part not in text] == []
    assert "── request\n" in text


PARTS_OF_TURNS: list[tuple[dict[str, Any], str]] = [
    ({"type": "thinking", "thinking": "hm", "signature": "x"}, "── user: thinking\nhm"),
    ({"type": "redacted_thinking", "data": "x"}, "── user: thinking\n(withheld by the provider)"),
    (
        {"type": "image", "source": {"media_type": "image/png", "data": "A" * 9000}},
        "── user: image\nimage/png, 9000 char",
    ),
    ({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "ok"}]}, "user: result of t\nok"),
    ({"type": "brand_new", "x": 1}, '── user: brand_new\n{"type":"brand_new","x":1}'),
]


@pytest.mark.parametrize(("part", "told"), PARTS_OF_TURNS)
def test_each_kind_of_part(part: dict[str, Any], told: str) -> None:
    request = json.dumps({"model": "m", "messages": [{"role": "user", "content": [part]}]})
    assert told in seen(flow_of("anthropic", request.encode(), b""))


def test_turns_of_chat_and_a_request_within_a_request() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "ls", "arguments": '{"a":1}'}}
    turns = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "x"},
    ]
    text = seen(flow_of("openai", json.dumps({"messages": turns}).encode(), b""))
    assert '── assistant: calls ls (c)\n{"a":1}\n\n── tool: result of c\nx' in text
    within = {
        "model": "gemini-x",
        "project": "p",
        "request": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
    }
    text = seen(flow_of("gemini", json.dumps(within).encode(), b""))
    assert text.startswith("── request\nmodel: gemini-x\nproject: p\n\n── user\nhi\n")


def test_a_flow_of_others_is_known_by_its_path() -> None:
    case = json.loads((DATA / "anthropic_stream.json").read_text())
    flow = flow_of("gemini", b"{}", case["response"].encode())
    flow.metadata.clear()
    assert seen(flow).endswith(NOT_LLM)
    flow.request.path = "/v1/messages?beta=true"
    assert "── text\nThe current exchange rate is" in seen(flow)


def test_its_text_is_bounded() -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "x" * 3_000_000}]}).encode()
    text = LlmView().prettify(b"", Metadata(flow=(flow := flow_of("openai", body, b"")), http_message=flow.request))
    assert len(text) < MOST_CHARACTERS + 100
    assert text.endswith("characters more")


def test_a_stream_that_broke_off_is_told_as_far_as_it_came() -> None:
    case = json.loads((DATA / "anthropic_stream.json").read_text())
    cut = case["response"].encode()[:-600]
    text = seen(flow_of("anthropic", b"{}", cut))
    assert "── text\nThe current" in text
    assert "── error\n" in text


@pytest.mark.parametrize(
    "flow", [flow_of("anthropic", b"a=b", b"<html>"), flow_of("gemini", b"\x1f\x8b", b"x", 200, "gzip")]
)
def test_what_is_no_conversation_is_said_to_be_none(flow: HTTPFlow) -> None:
    assert seen(flow) == f"{NOT_LLM}\n\n{NOT_LLM}"


KEYS = st.sampled_from(["type", "text", "content", "parts", "role", "input", "tools", "function", "tool_calls", "name"])
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["user", "tool", "x", "tool_use", "function", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(ANYTHING, st.sampled_from(["messages", "input", "contents", "tools", "system"]), st.binary(max_size=30))
def test_json_of_any_shape_is_shown(value: Any, name: str, answer: bytes) -> None:
    request = json.dumps({"messages": [], name: value}).encode()
    for wire in CLIENT_FORMATS:
        assert seen(flow_of(wire, request, answer))
