"""Blocks that are written in one piece: redacted thinking, the providers' own tools, what nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.events import Media, Redacted, ServerToolCall, ServerToolResult, Unknown
from ccproxy.lightllm.ids import safe_id
from ccproxy.lightllm.signatures import sealed

PREFIX = "srvtoolu_"

type Wire = dict[str, Any]


def _redacted(block: Redacted, drops: Drops) -> Wire | None:
    return {"type": "redacted_thinking", "data": sealed(block.opaque, WireFormat.ANTHROPIC)}


def _media(block: Media, drops: Drops) -> Wire | None:
    drops.add("media")
    return None


def _unknown(block: Unknown, drops: Drops) -> Wire | None:
    if block.origin is WireFormat.ANTHROPIC and isinstance(block.raw.get("type"), str):
        return block.raw
    drops.add("unknown_block")
    return None


def _call(block: ServerToolCall, drops: Drops) -> Wire | None:
    if block.origin is WireFormat.ANTHROPIC and block.raw:
        return block.raw
    fields = INPUTS.get(block.name)
    if fields is None:
        drops.add("server_tool_blocks")
        return None
    arguments = {name: block.input[name] for name in fields if name in block.input}
    return {"type": "server_tool_use", "id": server_id(block.id), "name": block.name, "input": arguments}


INPUTS: Mapping[str, tuple[str, ...]] = {
    "web_search": ("query",),
    "web_fetch": ("url",),
    "code_execution": ("code",),
}
"""The tools that others have too, and what they take here."""


def _result(block: ServerToolResult, drops: Drops) -> Wire | None:
    if block.origin is WireFormat.ANTHROPIC and block.raw:
        return block.raw
    write = RESULTS.get(block.name)
    content = write(block) if write is not None else None
    if content is None:
        drops.add("server_tool_blocks")
        return None
    return {"type": f"{block.name}_tool_result", "tool_use_id": server_id(block.call_id), "content": content}


def _search(result: ServerToolResult) -> Wire | list[Wire]:
    if result.failed:
        return {"type": "web_search_tool_result_error", "error_code": "unavailable"}
    # Their text is for the model alone; another vendor's model state has none for this one.
    return [
        {
            "type": "web_search_result",
            "url": source.url,
            "title": source.title or source.url,
            "encrypted_content": "",
            "page_age": None,
        }
        for source in result.sources
        if source.url
    ]


def _fetch(result: ServerToolResult) -> Wire | None:
    if result.failed:
        return {"type": "web_fetch_tool_result_error", "error_code": "url_not_accessible"}
    source = next((source for source in result.sources if source.url), None)
    if source is None:
        return None
    text = {"type": "text", "media_type": "text/plain", "data": result.output or source.cited_text or ""}
    document = {"type": "document", "source": text, "title": source.title}
    return {"type": "web_fetch_result", "url": source.url, "content": document, "retrieved_at": None}


def _execution(result: ServerToolResult) -> Wire:
    return {
        "type": "code_execution_result",
        "stdout": result.output,
        "stderr": "",
        "return_code": int(result.failed),
        "content": [],
    }


RESULTS: Mapping[str, Callable[[ServerToolResult], Wire | list[Wire] | None]] = {
    "web_search": _search,
    "web_fetch": _fetch,
    "code_execution": _execution,
}


def server_id(id: str) -> str:
    """An id that the API takes, `^srvtoolu_[a-zA-Z0-9_]+$`; the same for the same id, so that results find calls."""
    tail = safe_id(id.removeprefix(PREFIX) or "0", 64 - len(PREFIX))
    return PREFIX + tail.replace("-", "_")


WHOLE_BLOCKS: Mapping[type, Callable[[Any, Drops], Wire | None]] = {
    Redacted: _redacted,
    Media: _media,
    Unknown: _unknown,
    ServerToolCall: _call,
    ServerToolResult: _result,
}
"""How a block is written that neutral events have in one piece; None, and counted, where there is no form for it."""
