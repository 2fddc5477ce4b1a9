"""A request to an LLM API in its parts: parameters, system blocks, tools, messages with their blocks.

Plain JSON in, plain values out, whatever the format and however odd the body: each value of it is in exactly one part,
and what nobody knows is kept as it is. Where a format has its own word for a thing the neutral one is in `kind`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ccproxy.exchange import WireFormat

type Mark = tuple[str, str]
"""What may come and go without changing what is said: its name, such as `cache_control`, and its value as JSON."""

MARKS = ("cache_control",)
"""Members of a block that say how it is to be kept, not what it is: https://docs.anthropic.com prompt caching."""

AS_STRING: Mark = ("content", "as a string")
"""The mark of a message whose text stands there by itself and not in a block."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a message or of a system prompt."""

    kind: str
    """text, thinking, tool_use, tool_result, image, document, audio, video, refusal; else the format's own type."""
    text: str
    """What a person reads of it: words, arguments as JSON, the type and digest of an image."""
    value: Any
    """The JSON that it is, without its marks."""
    name: str = ""
    """Of the tool that it calls or answers for."""
    id: str = ""
    """Of the call."""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A turn: who says what."""

    role: str
    blocks: tuple[Block, ...]
    rest: Mapping[str, Any] = field(default_factory=dict)
    """The message's members besides."""
    marks: tuple[Mark, ...] = ()

    @property
    def text(self) -> str:
        """All its texts, a paragraph each."""
        return "\n".join(block.text for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the model may use."""

    name: str
    value: Any
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Parts:
    """A request, taken apart."""

    format: WireFormat
    parameters: Mapping[str, Any]
    """All that is none of the others, by name; Gemini's settings as `generationConfig.temperature`."""
    system: tuple[Block, ...]
    tools: tuple[Tool, ...]
    messages: tuple[Message, ...]


def parts_of(document: Any, format: WireFormat | None = None) -> Parts | None:
    """The parts of a request's body; None for JSON that is none. Without a `format` it is guessed."""
    from ccproxy.flows.parts import formats
    from ccproxy.flows.parts.gemini import gemini
    from ccproxy.flows.parts.perplexity import perplexity

    readers: dict[WireFormat, Callable[[dict[str, Any]], Parts]] = {
        WireFormat.ANTHROPIC: formats.anthropic,
        WireFormat.OPENAI: formats.chat,
        WireFormat.OPENAI_RESPONSES: formats.responses,
        WireFormat.GEMINI: gemini,
        WireFormat.PERPLEXITY: perplexity,
    }
    format = format or guessed(document)
    if format is None or not isinstance(document, dict):
        return None
    try:
        return readers[format](document)
    except RecursionError:  # blocks in blocks in blocks: no API takes such
        return None


def guessed(document: Any) -> WireFormat | None:
    """The format of a request that came to no listener path; None if it looks like none."""
    if not isinstance(document, dict):
        return None
    inner = document.get("request")
    if isinstance(document.get("params"), dict) and isinstance(document.get("query_str"), str):
        return WireFormat.PERPLEXITY
    if isinstance(document.get("contents"), list) or (isinstance(inner, dict) and "contents" in inner):
        return WireFormat.GEMINI
    if isinstance(document.get("messages"), list) and "model" in document:
        anthropic = "system" in document or any("input_schema" in each for each in dicts(document.get("tools")))
        return WireFormat.ANTHROPIC if anthropic else WireFormat.OPENAI
    items = document.get("input")  # of embeddings too, but those have no roles
    said = "instructions" in document or any("role" in each or "type" in each for each in dicts(items))
    return WireFormat.OPENAI_RESPONSES if said and "model" in document and isinstance(items, list | str) else None


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, if it is one."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def canonical(value: Any) -> str:
    """JSON by which two values are the same exactly if they say the same: `1` is neither `1.0` nor `true`."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def unmarked(value: Any) -> tuple[Any, tuple[Mark, ...]]:
    """A block or tool without its marks, and they; those of the blocks in a tool's result too."""
    if not isinstance(value, dict):
        return value, ()
    marks = [(name, canonical(value[name])) for name in MARKS if name in value]
    plain = {name: member for name, member in value.items() if name not in MARKS} if marks else value
    content = plain.get("content")
    if isinstance(content, list) and any(name in each for each in dicts(content) for name in MARKS):
        pairs = [unmarked(each) for each in content]
        plain = {**plain, "content": [each for each, _ in pairs]}
        marks += [mark for _, found in pairs for mark in found]
    return plain, tuple(marks)
