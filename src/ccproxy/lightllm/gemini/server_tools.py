"""Google's own tools in an answer: code, searches and others, as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import ServerToolCall, ServerToolResult

TOOL_TYPES: Mapping[str, str] = {"GOOGLE_SEARCH_WEB": "web_search", "URL_CONTEXT": "web_fetch"}
"""Neutral names of tool types; of others, their own in lower case."""


def code(id: str, raw: dict[str, Any], part: dict[str, Any]) -> ServerToolCall:
    """A program that the model wrote and Google runs."""
    language = str(raw.get("language") or "PYTHON").lower()
    given = {"code": str(raw.get("code") or ""), "language": language}
    return ServerToolCall(id, "code_execution", given, part, WireFormat.GEMINI)


def output(call_id: str, raw: dict[str, Any], part: dict[str, Any]) -> ServerToolResult:
    """What a program printed."""
    failed = str(raw.get("outcome") or "OUTCOME_OK") != "OUTCOME_OK"
    text = str(raw.get("output") or "")
    return ServerToolResult(call_id, "code_execution", text, [], failed, part, WireFormat.GEMINI)


def call(raw: dict[str, Any], part: dict[str, Any]) -> ServerToolCall:
    """A call of another tool of Google's."""
    name = _name(raw)
    args = raw.get("args")
    given = dict(args) if isinstance(args, dict) else {}
    for several, one in (("queries", "query"), ("urls", "url")):
        values = given.get(several)
        if isinstance(values, list) and values:
            given.setdefault(one, values[0])
    return ServerToolCall(str(raw.get("id") or name), name, given, part, WireFormat.GEMINI)


def response(raw: dict[str, Any], part: dict[str, Any]) -> ServerToolResult:
    """What another tool brought. Of a search that is only a widget: its sources are in the grounding."""
    name = _name(raw)
    brought = raw.get("response")
    text = orjson.dumps(brought).decode() if brought and name != "web_search" else ""
    return ServerToolResult(str(raw.get("id") or name), name, text, [], False, part, WireFormat.GEMINI)


def _name(raw: dict[str, Any]) -> str:
    native = str(raw.get("toolType") or "tool")
    return TOOL_TYPES.get(native, native.lower())
