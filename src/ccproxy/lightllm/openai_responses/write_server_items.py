"""What a provider's own tools did, as the output items that Responses has for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccproxy.lightllm.events import Media, ServerToolCall, ServerToolResult

type Wire = dict[str, Any]

STEPS: Mapping[str, tuple[str, ...]] = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
    "image_generation_call": ("in_progress", "generating", "completed"),
    "mcp_call": ("in_progress", "completed"),
    "mcp_list_tools": ("in_progress", "completed"),
}
"""The events by which the API tells how a tool gets on: `response.{type}.{step}`."""

PREFIXES = {"web_search_call": "ws_", "code_interpreter_call": "ci_", "image_generation_call": "ig_"}
FORMATS = frozenset({"png", "webp", "jpeg", "gif"})


def call_item(call: ServerToolCall) -> Wire | None:
    """The item for a call of another format's tool, without its id; None if Responses has no such tool."""
    writer = WRITERS.get(call.name)
    return writer(call.input) if writer else None


def _search(given: Wire) -> Wire:
    query = given.get("query")
    action: Wire = {"type": "search", "query": query if isinstance(query, str) else ""}
    if isinstance(queries := given.get("queries"), list):
        action["queries"] = queries
    return {"type": "web_search_call", "status": "completed", "action": action}


def _fetch(given: Wire) -> Wire:
    url = given.get("url")
    action = {"type": "open_page", "url": url if isinstance(url, str) else None}
    return {"type": "web_search_call", "status": "completed", "action": action}


def _execution(given: Wire) -> Wire:
    code = given.get("code", given.get("command"))
    item = {"type": "code_interpreter_call", "status": "completed", "code": code if isinstance(code, str) else ""}
    return {**item, "container_id": "", "outputs": None}


WRITERS: Mapping[str, Callable[[Wire], Wire]] = {
    "web_search": _search,
    "web_fetch": _fetch,
    "code_execution": _execution,
}


def add_result(item: Wire, result: ServerToolResult) -> None:
    """Puts what a tool brought into the item of its call."""
    if result.failed:
        item["status"] = "failed"
    if item["type"] == "code_interpreter_call":
        item["outputs"] = [{"type": "logs", "logs": result.output}] if result.output else []
    elif item["action"]["type"] == "search":
        sources = [{"type": "url", "url": source.url} for source in result.sources if source.url]
        if sources:
            item["action"]["sources"] = sources


def image_item(media: Media) -> Wire | None:
    """The item for an image, without its id; None for what is no image, or not here."""
    kind, _, form = media.media_type.partition("/")
    if kind != "image" or not media.data:
        return None
    item = {"type": "image_generation_call", "status": "completed", "result": media.data}
    return {**item, "output_format": form} if form in FORMATS else item
