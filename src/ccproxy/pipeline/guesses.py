"""Which API a body belongs to, guessed from what is in it: for commands that get a body and no path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from ccproxy.exchange import CLIENT_FORMATS, WireFormat

ANTHROPIC, CHAT, RESPONSES, GEMINI = CLIENT_FORMATS

REQUEST_MARKS: tuple[tuple[frozenset[str], WireFormat], ...] = (
    (frozenset({"contents", "systemInstruction", "system_instruction", "generationConfig"}), GEMINI),
    (frozenset({"input", "instructions", "previous_response_id", "max_output_tokens"}), RESPONSES),
    (frozenset({"system", "stop_sequences", "thinking", "anthropic_version", "top_k", "mcp_servers"}), ANTHROPIC),
    (
        frozenset({"max_completion_tokens", "response_format", "stream_options", "stop", "reasoning_effort", "n"}),
        CHAT,
    ),
)
"""Members that only one of the formats has; the first that fits counts."""

ANSWER_MARKS: tuple[tuple[frozenset[str], WireFormat], ...] = (
    (frozenset({"candidates", "promptFeedback", "usageMetadata"}), GEMINI),
    (frozenset({"choices"}), CHAT),
    (frozenset({"output", "output_text"}), RESPONSES),
    (frozenset({"content", "stop_reason"}), ANTHROPIC),
)

CHAT_ROLES = frozenset({"system", "developer", "tool", "function"})
"""Roles that Anthropic's messages never have."""

STREAM_MARKS: tuple[tuple[bytes, WireFormat], ...] = (
    (b'"type":"message_start"', ANTHROPIC),
    (b'"type":"response.', RESPONSES),
    (b'"candidates":', GEMINI),
    (b'"choices":', CHAT),
)
"""By what the first event of a stream holds, blanks apart."""


def guess_format(body: bytes) -> WireFormat | None:
    """The format of a request; None where it looks like none, or is not JSON."""
    document = _parsed(body)
    if not isinstance(document, dict):
        return None
    if isinstance(document.get("request"), dict) and "contents" in document["request"]:
        return GEMINI
    return _by_marks(document, REQUEST_MARKS) or (_by_messages(document) if "messages" in document else None)


def guess_answer_format(body: bytes) -> WireFormat | None:
    """The format of an answer or a stream; None where it looks like none."""
    document = _parsed(body)
    if isinstance(document, list) and document:
        document = document[0]
    if isinstance(document, dict):
        wrapped = document.get("response")  # Code Assist
        return _by_marks(wrapped if isinstance(wrapped, dict) else document, ANSWER_MARKS)
    beginning = body[:4096].replace(b" ", b"")
    return next((format for mark, format in STREAM_MARKS if mark in beginning), None)


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _by_marks(document: dict[str, Any], marks: Iterable[tuple[frozenset[str], WireFormat]]) -> WireFormat | None:
    return next((format for names, format in marks if names & document.keys()), None)


def _by_messages(document: dict[str, Any]) -> WireFormat:
    """Anthropic's and Chat's requests look alike as long as they are simple: then the model's name tells."""
    messages, tools = _objects(document["messages"]), _objects(document.get("tools"))
    if any(message.get("role") in CHAT_ROLES or "tool_calls" in message for message in messages):
        return CHAT
    if any("input_schema" in tool for tool in tools) or any(map(_has_anthropic_block, messages)):
        return ANTHROPIC
    model = document.get("model")
    return ANTHROPIC if isinstance(model, str) and "claude" in model and "max_tokens" in document else CHAT


def _has_anthropic_block(message: dict[str, Any]) -> bool:
    return any("cache_control" in block or block.get("type") in BLOCKS for block in _objects(message.get("content")))


BLOCKS = frozenset({"tool_use", "tool_result", "thinking", "redacted_thinking", "image", "document"})
"""Types of Anthropic's blocks that Chat's content parts do not have."""


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
