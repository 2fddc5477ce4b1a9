"""A user's prompt as parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.messages import CachePoint, TextContent, UserPromptPart

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.gemini.media import MEDIA_TYPES, dump_media, dump_own

type Part = dict[str, Any]


def dump_prompt(prompt: UserPromptPart, call: ModelCall) -> list[Part]:
    """The parts of a prompt. Empty texts stay with Gemini's own clients only: some models refuse them."""
    content = [prompt.content] if isinstance(prompt.content, str) else prompt.content
    write = _own if call.origin is WireFormat.GEMINI else _foreign
    return _parts(content, call, write)


def _parts(content: Any, call: ModelCall, write: Callable[[Any, ModelCall], Part | None]) -> list[Part]:
    parts: list[Part] = []
    for item in content:
        if type(item) is str and item:
            parts.append({"text": item})
            continue
        part = write(item, call)
        if part is not None:
            parts.append(part)
    return parts


def _own(item: Any, call: ModelCall) -> Part | None:
    if isinstance(item, TextContent):
        metadata = _metadata(item)
        return metadata["raw"] if "raw" in metadata else {"text": item.content, **metadata.get("fields", {})}
    if isinstance(item, MEDIA_TYPES):
        return dump_own(item)
    return {"text": item} if isinstance(item, str) else None


def _foreign(item: Any, call: ModelCall) -> Part | None:
    if isinstance(item, CachePoint):
        call.drops.add("cache_control")
    elif isinstance(item, MEDIA_TYPES):
        return dump_media(item, call.drops)
    elif isinstance(item, TextContent):
        metadata = _metadata(item)
        if "cache_control" in metadata:
            call.drops.add("cache_control")
        if item.content:
            return {"text": item.content}
        if "raw" in metadata:
            call.drops.add("unknown_block")
    return None


def _metadata(item: TextContent) -> dict[str, Any]:
    return item.metadata if isinstance(item.metadata, dict) else {}
