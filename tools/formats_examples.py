"""What docs/formats.md shows: one small example for each thing that crosses between formats."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.events import StopReason

ANTHROPIC, CHAT, RESPONSES, GEMINI = (
    WireFormat.ANTHROPIC,
    WireFormat.OPENAI,
    WireFormat.OPENAI_RESPONSES,
    WireFormat.GEMINI,
)

MODELS = {ANTHROPIC: "claude-sonnet-4-5", CHAT: "gpt-4o", RESPONSES: "gpt-4o", GEMINI: "gemini-2.5-flash"}
"""The model that each provider is asked for: some settings depend on it."""

USER = {"role": "user", "content": "hi"}
BASE: dict[WireFormat, dict[str, Any]] = {
    ANTHROPIC: {"model": "m", "max_tokens": 4096, "messages": [USER]},
    CHAT: {"model": "m", "messages": [USER]},
    RESPONSES: {"model": "m", "input": [USER]},
    GEMINI: {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
}

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA}}
THIS = {"type": "function", "function": {"name": "f"}}
NAMED = {"name": "n", "schema": SCHEMA}
STRICT = {"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}}
PNG = "iVBORw0KGgo="
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"city":"Oslo"}'}}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "rain"}
ASKED = [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}]
USE = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"city": "Oslo"}}
FAILED = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "no such city", "is_error": True}
TOOLS_ANTHROPIC = [{"name": "f", "input_schema": SCHEMA}]
WEB = {"type": "web_search_20250305", "name": "web_search"}


def said(*parts: dict[str, Any]) -> dict[str, Any]:
    """A Chat request whose user says parts of content."""
    return {"messages": [{"role": "user", "content": list(parts)}]}


def shown(*blocks: dict[str, Any]) -> dict[str, Any]:
    """An Anthropic request whose user shows blocks of content."""
    return {"messages": [{"role": "user", "content": list(blocks)}]}


PDF_BY_URL = {"type": "document", "source": {"type": "url", "url": "https://a.example/b.pdf"}}
PLAIN = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}

REQUESTS: list[tuple[str, WireFormat, dict[str, Any]] | tuple[str, WireFormat, dict[str, Any], dict[str, Any]]] = [
    ("system", CHAT, {"messages": [{"role": "system", "content": "Be brief."}, USER]}),
    ("system in mid-list", CHAT, {"messages": [USER, {"role": "system", "content": "Be brief."}, USER]}),
    ("a tool", CHAT, {"tools": [TOOL]}),
    ("a strict tool", CHAT, {"tools": [STRICT]}),
    ("tool choice: must", CHAT, {"tool_choice": "required"}, {"tools": [TOOL]}),
    ("tool choice: this one", CHAT, {"tool_choice": THIS}, {"tools": [TOOL]}),
    ("tool choice: none", CHAT, {"tool_choice": "none"}, {"tools": [TOOL]}),
    ("one call at a time", CHAT, {"parallel_tool_calls": False}, {"tools": [TOOL]}),
    ("call and result", CHAT, {"messages": [*ASKED, RESULT]}, {"tools": [TOOL]}),
    (
        "a result that is an error",
        ANTHROPIC,
        {"messages": [USER, {"role": "assistant", "content": [USE]}, {"role": "user", "content": [FAILED]}]},
        {"tools": TOOLS_ANTHROPIC},
    ),
    ("image by value", CHAT, said({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}})),
    ("image by URL", CHAT, said({"type": "image_url", "image_url": {"url": "https://a.example/b.png"}})),
    ("PDF by value", CHAT, said({"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PNG}"}})),
    ("PDF by URL", ANTHROPIC, shown(PDF_BY_URL)),
    ("plain text document", ANTHROPIC, shown(PLAIN)),
    ("sound", CHAT, said({"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}})),
    ("JSON of a schema", CHAT, {"response_format": {"type": "json_schema", "json_schema": NAMED}}),
    ("JSON of any shape", CHAT, {"response_format": {"type": "json_object"}}),
    ("thinking, by budget", ANTHROPIC, {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
    ("thinking, by effort", CHAT, {"reasoning_effort": "high"}),
    ("thinking off", ANTHROPIC, {"thinking": {"type": "disabled"}}),
    ("most tokens", CHAT, {"max_completion_tokens": 100}),
    ("temperature", CHAT, {"temperature": 0.5}),
    ("top p", CHAT, {"top_p": 0.5}),
    ("top k", ANTHROPIC, {"top_k": 40}),
    ("seed, penalties", CHAT, {"seed": 1, "presence_penalty": 0.5}),
    ("stop sequences", CHAT, {"stop": ["END"]}),
    ("log-probabilities", CHAT, {"logprobs": True, "top_logprobs": 2}),
    ("cache marker", ANTHROPIC, shown({"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}})),
    ("end user", CHAT, {"user": "u1"}),
    ("service tier", CHAT, {"service_tier": "priority"}),
    ("web search", ANTHROPIC, {"tools": [WEB]}),
]  # fmt: skip
"""What it is, the format of the example, its members, and what stands beside them in any case."""

START = ev.MessageStart("x", "m", 1)


def answer_of(*events: ev.Event, reason: StopReason = StopReason.DONE) -> list[ev.Event]:
    """A whole answer of some blocks."""
    return [START, *events, ev.Finish(reason, "END" if reason is StopReason.STOP_SEQUENCE else None), ev.End()]


TEXT: tuple[ev.Event, ...] = (ev.TextStart(0), ev.TextDelta(0, "hi"), ev.BlockStop(0))
CALLED: tuple[ev.Event, ...] = (ev.ToolCallStart(0, "call_1", "f"), ev.ArgumentsDelta(0, '{"a":1}'), ev.BlockStop(0))
THOUGHT: tuple[ev.Event, ...] = (ev.ThinkingStart(0), ev.ThinkingDelta(0, "hm"))
SIGNED = ev.Signature(0, ev.Opaque(ANTHROPIC, "c2ln"))
SOURCE = ev.Citation("web", "https://a.example", "A", "cited", 0, 2)
REFUSED: tuple[ev.Event, ...] = (ev.RefusalStart(0), ev.RefusalDelta(0, "No."), ev.BlockStop(0))
COUNTED = ev.Usage(input=10, output=7, cache_read=3, cache_write=2, reasoning=4)

ANSWERS: list[tuple[str, tuple[ev.Event, ...]]] = [
    ("text", TEXT),
    ("thinking", (*THOUGHT, ev.BlockStop(0))),
    ("… with Anthropic's signature", (*THOUGHT, SIGNED, ev.BlockStop(0))),
    ("redacted thinking", (ev.Redacted(ev.Opaque(ANTHROPIC, "cmVk", redacted=True)),)),
    ("a tool call", CALLED),
    ("a source on the web", (TEXT[0], TEXT[1], ev.CitationDelta(0, SOURCE), TEXT[2])),
    ("a refusal", REFUSED),
    ("an image", (ev.Media("image/png", PNG),)),
    ("web search", (ev.ServerToolCall("s1", "web_search", {"query": "q"}), ev.ServerToolResult("s1", "web_search"))),
    ("code that ran", (ev.ServerToolCall("s1", "code_execution", {"code": "1+1", "language": "python"}),
                       ev.ServerToolResult("s1", "code_execution", "2"))),
    ("usage", (ev.UsageUpdate(COUNTED),)),
]  # fmt: skip

STOPS: list[tuple[StopReason, tuple[ev.Event, ...]]] = [
    (reason, CALLED if reason is StopReason.TOOL_CALL else TEXT) for reason in StopReason
]
ERRORS = (400, 401, 403, 404, 413, 429, 500, 501, 502, 503, 504, 529)
