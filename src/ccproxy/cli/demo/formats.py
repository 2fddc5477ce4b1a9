"""The four wire formats as a client speaks them: what to send for a turn, and what the events of the answer say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

type Event = dict[str, Any]
type Tokens = tuple[int, int]
"""Input and output tokens."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a client of one API streams a turn."""

    title: str
    path: str
    key_header: str
    key_prefix: str
    body: Callable[[str], Event]
    """The request for a prompt."""
    text: Callable[[Event], str]
    """What an event adds to the text."""
    usage: Callable[[Event], Tokens | None]
    """The token counts, if the event tells them."""


def anthropic_body(prompt: str) -> Event:
    """POST /v1/messages."""
    messages = [{"role": "user", "content": prompt}]
    return {"model": "claude-sonnet-4-5", "max_tokens": 1024, "stream": True, "messages": messages}


def anthropic_text(event: Event) -> str:
    """The text of a content_block_delta."""
    return str(event.get("delta", {}).get("text", ""))


def anthropic_usage(event: Event) -> Tokens | None:
    """The usage of the message_delta; it repeats the input's."""
    usage = event.get("usage") if event.get("type") == "message_delta" else None
    return (usage.get("input_tokens", 0), usage["output_tokens"]) if usage else None


def chat_body(prompt: str) -> Event:
    """POST /v1/chat/completions."""
    messages = [{"role": "user", "content": prompt}]
    return {"model": "gpt-4o", "stream": True, "stream_options": {"include_usage": True}, "messages": messages}


def chat_text(event: Event) -> str:
    """The content of the first choice's delta."""
    return "".join(choice.get("delta", {}).get("content") or "" for choice in event.get("choices", []))


def chat_usage(event: Event) -> Tokens | None:
    """The usage of the last chunk."""
    usage = event.get("usage")
    return (usage["prompt_tokens"], usage["completion_tokens"]) if usage else None


def responses_body(prompt: str) -> Event:
    """POST /v1/responses."""
    return {"model": "gpt-5.1", "stream": True, "input": prompt}


def responses_text(event: Event) -> str:
    """The delta of a response.output_text.delta."""
    return str(event["delta"]) if event.get("type") == "response.output_text.delta" else ""


def responses_usage(event: Event) -> Tokens | None:
    """The usage of the response.completed."""
    usage = event.get("response", {}).get("usage") if event.get("type") == "response.completed" else None
    return (usage["input_tokens"], usage["output_tokens"]) if usage else None


def gemini_body(prompt: str) -> Event:
    """POST /v1beta/models/MODEL:streamGenerateContent."""
    return {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}


def gemini_text(event: Event) -> str:
    """The text of the candidates' parts."""
    return "".join(part.get("text", "") for part in gemini_parts(event))


def gemini_parts(event: Event) -> Iterator[Event]:
    """The parts of all candidates."""
    for candidate in event.get("candidates", []):
        yield from candidate.get("content", {}).get("parts", [])


def gemini_usage(event: Event) -> Tokens | None:
    """The usageMetadata; each chunk has it, the last counts."""
    usage = event.get("usageMetadata")
    return (usage.get("promptTokenCount", 0), usage.get("candidatesTokenCount", 0)) if usage else None


ANTHROPIC = Format(
    "Anthropic Messages", "/v1/messages", "x-api-key", "", anthropic_body, anthropic_text, anthropic_usage
)
CHAT = Format(
    "OpenAI Chat Completions", "/v1/chat/completions", "authorization", "Bearer ", chat_body, chat_text, chat_usage
)
RESPONSES = Format(
    "OpenAI Responses", "/v1/responses", "authorization", "Bearer ", responses_body, responses_text, responses_usage
)
GEMINI = Format(
    "Google Gemini",
    "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    "x-goog-api-key",
    "",
    gemini_body,
    gemini_text,
    gemini_usage,
)
FORMATS = (ANTHROPIC, CHAT, RESPONSES, GEMINI)
