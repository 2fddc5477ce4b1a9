"""What the content blocks of the four formats are, in neutral words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from ccproxy.flows.parts.parts import Block, canonical, unmarked

KINDS: Mapping[str, str] = {
    "text": "text", "input_text": "text", "output_text": "text", "summary_text": "text", "reasoning_text": "text",
    "thinking": "thinking", "redacted_thinking": "thinking", "reasoning": "thinking",
    "tool_use": "tool_use", "server_tool_use": "tool_use", "mcp_tool_use": "tool_use", "function": "tool_use",
    "function_call": "tool_use", "custom_tool_call": "tool_use", "custom": "tool_use",
    "tool_result": "tool_result", "mcp_tool_result": "tool_result", "web_search_tool_result": "tool_result",
    "function_call_output": "tool_result", "custom_tool_call_output": "tool_result",
    "image": "image", "image_url": "image", "input_image": "image",
    "document": "document", "file": "document", "input_file": "document",
    "input_audio": "audio", "refusal": "refusal",
}  # fmt: skip
"""The neutral word for a format's own `type`."""

TEXT_MEMBERS = ("text", "thinking", "refusal", "summary", "content", "output", "parts")
"""Where a block has its words; the first that is there counts."""
ARGUMENTS = ("input", "arguments", "args")
RESULTS = ("content", "output", "response")
IDS = ("tool_use_id", "call_id", "tool_call_id", "id")
DATA = ("data", "file_data", "url", "image_url", "file_url", "fileUri", "file_uri", "file_id")
TYPES = ("media_type", "mimeType", "mime_type", "format")
DIGEST_BYTES = 4
MEDIA = frozenset({"image", "audio", "video"})


def block_of(value: Any) -> Block:
    """A block of Anthropic's or OpenAI's."""
    if isinstance(value, str):
        return text_block(value)
    plain, marks = unmarked(value)
    if not isinstance(plain, dict):
        return Block("unknown", canonical(plain), plain)
    wire = plain.get("type")
    kind = KINDS.get(wire, wire) if isinstance(wire, str) else "unknown"
    inner = plain.get("function") or plain.get("custom")  # Chat's calls
    call = inner if isinstance(inner, dict) else plain
    return Block(kind, READINGS.get(kind, words)(call), plain, text_in(call, "name"), first_text(plain, IDS), marks)


def part_of(value: Any) -> Block:
    """A part of Gemini's: https://ai.google.dev/api/caching#Part."""
    if not isinstance(value, dict):
        return Block("unknown", canonical(value), value)
    for member, named in PARTS.items():
        inner = value.get(member)
        if isinstance(inner, dict):
            kind = media_kind(inner) if named == "media" else named
            return Block(kind, READINGS[kind](inner), value, text_in(inner, "name"), text_in(inner, "id"))
    if isinstance(value.get("text"), str):
        return Block("thinking" if value.get("thought") is True else "text", value["text"], value)
    return Block(next(iter(value), "unknown"), canonical(value), value)


def text_block(text: str) -> Block:
    """A text as the block that it stands for."""
    return Block("text", text, {"type": "text", "text": text})


def words(value: Any) -> str:
    """What is said, in a text, a block, or blocks; all of what says nothing."""
    found = said(value)
    return canonical(value) if found is None else found


def said(value: Any) -> str | None:
    """The words in a value; None if it is not made of words."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        texts = [words(each) for each in value]
        return "\n".join(texts)
    if isinstance(value, dict):
        member = next((name for name in TEXT_MEMBERS if name in value), None)
        return said(value[member]) if member is not None else None
    return None


def arguments(call: Mapping[str, Any]) -> str:
    """The arguments of a call as JSON, the same for the formats that have them as text."""
    value = next((call[name] for name in ARGUMENTS if name in call), None)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return str(value)
    return canonical(value)


def result(block: Mapping[str, Any]) -> str:
    """What a tool brought."""
    value = next((block[name] for name in RESULTS if name in block), None)
    if isinstance(value, dict) and len(value) == 1 and "response" in block:  # Gemini wants an object: a text is wrapped
        value = next(iter(value.values()))
    return "" if value is None else words(value)


def media(block: Mapping[str, Any]) -> str:
    """The type and the digest of what is no text, or its address."""
    source = next((inner for inner in (*block.values(), block) if isinstance(inner, dict) and has_data(inner)), block)
    data, kind = first_text(source, DATA), first_text(source, TYPES)
    if data.startswith("data:"):
        head, _, data = data.partition(",")
        kind = head.removeprefix("data:").partition(";")[0]
    if "://" in data:
        return data
    digest = blake2b(data.encode("utf-8", "replace"), digest_size=DIGEST_BYTES).hexdigest()
    return f"{kind or 'unknown type'}, {len(data)} characters ({digest})"


def has_data(value: Mapping[str, Any]) -> bool:
    """Whether it is here that a block has its data."""
    return any(isinstance(value.get(name), str) for name in DATA)


def media_kind(inner: Mapping[str, Any]) -> str:
    """What Gemini's data is, by its MIME type."""
    family = first_text(inner, TYPES).partition("/")[0]
    return family if family in MEDIA else "document"


def text_in(value: Mapping[str, Any], name: str) -> str:
    """A member that is text; empty if it is not."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def first_text(value: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of the members that is text."""
    return next((value[name] for name in names if isinstance(value.get(name), str)), "")


READINGS: Mapping[str, Callable[[Any], str]] = {
    "tool_use": arguments, "tool_result": result,
    "image": media, "audio": media, "video": media, "document": media,
}  # fmt: skip
"""How the text of a kind is read; the others' by `words`."""

PARTS: Mapping[str, str] = {
    "functionCall": "tool_use", "function_call": "tool_use",
    "functionResponse": "tool_result", "function_response": "tool_result",
    "inlineData": "media", "inline_data": "media", "fileData": "media", "file_data": "media",
}  # fmt: skip


def blocks_in(content: Any) -> tuple[Block, ...] | None:
    """The blocks of a content; None if it is neither text nor a list."""
    if isinstance(content, str):
        return (text_block(content),)
    return tuple(map(block_of, content)) if isinstance(content, list) else None


def has_parts(value: Any) -> bool:
    """Whether something is Gemini's content."""
    return isinstance(value, dict) and isinstance(value.get("parts"), list)
