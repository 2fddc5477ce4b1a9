"""Content parts of Chat Completions, and of servers that speak it in their own way, as pydantic-ai's."""

from __future__ import annotations

from typing import Any

from pydantic_ai.messages import CachePoint, TextContent, UserContent

from ccproxy.lightllm.openai_chat.load_media import READERS
from ccproxy.lightllm.openai_chat.members import details, listed, member, text_of

CACHE_POINTS: tuple[tuple[dict[str, str], CachePoint], ...] = (
    ({"type": "ephemeral"}, CachePoint()),
    ({"type": "ephemeral", "ttl": "1h"}, CachePoint(ttl="1h")),
)
"""Markers that a CachePoint can say; others stay in the metadata."""


def load_content(content: Any, place: str) -> list[UserContent]:
    """Items of a message's content: text, a list of parts, or nothing. Raises InvalidCall, naming `place`."""
    if isinstance(content, str):
        return [content]
    items: list[UserContent] = []
    for number, part in enumerate(listed(content, place)):
        if isinstance(part, str):
            items.append(part)
        else:
            where = f"{place}[{number}]"
            items += _part(member(part, where), where)
    return items


def _part(part: dict[str, Any], place: str) -> tuple[UserContent, ...]:
    kind = part.get("type", "text" if "text" in part else None)
    if kind in TEXT_TYPES:
        return _text(part, place)
    reader = READERS.get(kind) if isinstance(kind, str) else None
    return (TextContent("", metadata={"raw": part}) if reader is None else reader(part, place),)


TEXT_TYPES = ("text", "input_text", "output_text")


def _text(part: dict[str, Any], place: str) -> tuple[UserContent, ...]:
    text = text_of(part, "text", place)
    if len(part) <= 2:
        return (text,)
    found = details(part, ("type", "text"))
    if not found:
        return (text,)
    if len(found) == 1:
        point = next((point for marker, point in CACHE_POINTS if marker == found.get("cache_control")), None)
        if point is not None:
            return text, point
    return (TextContent(text, metadata=found),)
