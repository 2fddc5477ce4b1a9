"""Thinking in the forms of compatible servers; the API itself does not show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Detail:
    """An entry of OpenRouter's `reasoning_details` (openrouter.ai/docs: preserving reasoning)."""

    text: str = ""
    signature: str = ""
    encrypted: str = ""


def plain_thinking(delta: dict[str, Any]) -> str:
    """Thinking as text: `reasoning_content` (DeepSeek, vLLM) or `reasoning` (Groq, OpenRouter), not both."""
    for name in ("reasoning_content", "reasoning"):
        text = delta.get(name)
        if isinstance(text, str) and text:
            return text
    return ""


def read_details(details: Any) -> Iterator[Detail]:
    """What the entries of `reasoning_details` hold."""
    for entry in details if isinstance(details, list) else ():
        if isinstance(entry, dict):
            yield Detail(
                _text(entry.get("text")) or _text(entry.get("summary")),
                _text(entry.get("signature")),
                _text(entry.get("data")),
            )


def thinking_text(part: dict[str, Any]) -> str:
    """The text of a `thinking` part, which is a string or a list of text parts (Mistral)."""
    thinking = part.get("thinking")
    if isinstance(thinking, list):
        return "".join(_text(piece.get("text")) for piece in thinking if isinstance(piece, dict))
    return _text(thinking)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
