"""Thinking in the forms of compatible servers; the API itself does not show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ccproxy.lightllm.openai_chat.tolerance import objects, words


@dataclass(slots=True)
class Detail:
    """An entry of OpenRouter's `reasoning_details` (openrouter.ai/docs: preserving reasoning)."""

    text: str = ""
    signature: str = ""
    encrypted: str = ""


def plain_thinking(delta: dict[str, Any]) -> str:
    """Thinking as text: `reasoning_content` (DeepSeek, vLLM) or `reasoning` (Groq, OpenRouter), not both."""
    for name in ("reasoning_content", "reasoning"):
        text = words(delta.get(name))
        if text:
            return text
    return ""


def read_details(details: Any) -> Iterator[Detail]:
    """What the entries of `reasoning_details` hold."""
    for entry in objects(details):
        text = words(entry.get("text")) or words(entry.get("summary"))
        yield Detail(text, words(entry.get("signature")), words(entry.get("data")))


def thinking_text(part: dict[str, Any]) -> str:
    """The text of a `thinking` part, which is a string or a list of text parts (Mistral)."""
    thinking = part.get("thinking")
    if isinstance(thinking, list):
        return "".join(words(piece.get("text")) for piece in objects(thinking))
    return words(thinking)
