"""Content of prompts and of tool results as parts of Chat Completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from pydantic_ai.messages import CachePoint

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.openai_chat.dump_media import MEDIA, Part, Writer, outer

OWN = WireFormat.OPENAI
RESULT_KEYS = frozenset({"result", "output", "error"})
"""Members by which Gemini's clients wrap a tool's text."""


def content_parts(items: str | Sequence[Any], call: ModelCall) -> list[Part]:
    """The parts for the items of a prompt; what they cannot carry is counted."""
    parts: list[Part] = []
    for item in (items,) if isinstance(items, str) else items:
        if isinstance(item, str):
            parts.append({"type": "text", "text": item})
        elif isinstance(item, CachePoint):
            _mark(item, parts, call)
        elif (part := WRITERS[item.kind](item, call) if item.kind in WRITERS else None) is not None:
            parts.append(part)
    return parts


def content_of(parts: list[Part]) -> str | list[Part]:
    """Content of a message: text where that is all."""
    if len(parts) == 1 and parts[0].keys() == {"type", "text"}:
        text: str = parts[0]["text"]
        return text
    return parts


def result_items(content: Any) -> str | Sequence[Any]:
    """A tool's result as text or as items of a prompt."""
    if content is None:
        return ""
    if isinstance(content, dict) and len(content) == 1:
        ((name, value),) = content.items()
        content = value if name in RESULT_KEYS and isinstance(value, str) else content
    if isinstance(content, str) or (isinstance(content, list) and all(map(_is_item, content))):
        return content
    return orjson.dumps(content, default=str).decode()


def _is_item(item: Any) -> bool:
    return isinstance(item, str) or getattr(item, "kind", None) in WRITERS or isinstance(item, CachePoint)


def _mark(point: CachePoint, parts: list[Part], call: ModelCall) -> None:
    if call.origin is not OWN:
        call.drops.add("cache_control")
    elif parts:
        ttl = {} if point.ttl == "5m" else {"ttl": point.ttl}
        parts[-1]["cache_control"] = {"type": "ephemeral", **ttl}


def _text(item: Any, call: ModelCall) -> Part | None:
    metadata = item.metadata if isinstance(item.metadata, dict) else {}
    raw = metadata.get("raw")
    if isinstance(raw, dict) and call.origin is OWN:
        return raw
    if raw is not None and not item.content:
        call.drops.add("unknown_block")
        return None
    return {"type": "text", "text": item.content, **outer(metadata, call)}


WRITERS: dict[str, Writer] = {**MEDIA, "text-content": _text}
"""By the `kind` of an item of pydantic-ai's UserContent."""
