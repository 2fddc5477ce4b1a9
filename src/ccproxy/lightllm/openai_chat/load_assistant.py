"""An assistant message of a Chat Completions request as a pydantic-ai response."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic_ai.messages import (
    BinaryContent,
    FilePart,
    ModelResponse,
    ModelResponsePart,
    NativeToolCallPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_chat.load_content import TEXT_TYPES, load_content
from ccproxy.lightllm.openai_chat.members import details, listed, member, text_of
from ccproxy.lightllm.openai_chat.thinking import read_details, thinking_text
from ccproxy.lightllm.signatures import unsealed

NO_TIME = datetime.fromtimestamp(0, UTC)
"""Wire messages bear no time."""
OWN = WireFormat.OPENAI.value
KNOWN = ("role", "content", "refusal", "tool_calls", "function_call", "reasoning_content")


@dataclass(slots=True)
class Assistant:
    """What one assistant message holds."""

    response: ModelResponse
    calls: dict[str, str] = field(default_factory=dict)
    """Names of the tools that it calls, by the ids of the calls, in order."""


def load_assistant(message: dict[str, Any], place: str, number: int) -> Assistant:
    """Reads an assistant message; `number` makes ids that are missing. Raises InvalidCall."""
    parts: list[ModelResponsePart] = []
    fields = details(message, KNOWN)
    if any(name in message for name in ("reasoning_content", "reasoning", "reasoning_details")):
        parts += _reasoning(message, fields)
    content = message.get("content")
    if isinstance(content, str):
        if content:
            parts.append(TextPart(content))
    else:
        for index, part in enumerate(listed(content, f"{place}.content")):
            parts += _part(part, f"{place}.content[{index}]")
    if refusal := message.get("refusal"):
        parts.append(TextPart(str(refusal), provider_name=OWN, provider_details={"refusal": True}))
    parts += _images(message, place)
    calls = list(_calls(message, place, number))
    parts += calls
    response = ModelResponse(parts=parts, metadata=fields or None, timestamp=NO_TIME)
    return Assistant(response, {part.tool_call_id: part.tool_name for part in calls if isinstance(part, ToolCallPart)})


def _reasoning(message: dict[str, Any], found: dict[str, Any]) -> Iterator[ModelResponsePart]:
    """Servers give reasoning under several names, often the same text under two: one of them is read.

    The others stay among the fields.
    """
    fields = found.get("fields", {})
    text = message.get("reasoning_content")
    form = "reasoning_content"
    if not isinstance(text, str) and isinstance(fields.get("reasoning"), str):
        form, text = "reasoning", fields.pop("reasoning")
        if not fields:
            found.pop("fields")
    if not isinstance(text, str) and isinstance(fields.get("reasoning_details"), list):
        form, text = "fields", "".join(detail.text for detail in read_details(fields["reasoning_details"]))
    if text == "":  # DeepSeek wants even that back
        found.setdefault("fields", fields)["reasoning_content"] = text
    elif isinstance(text, str):
        yield ThinkingPart(text, provider_name=OWN, provider_details={"form": form})


def _part(part: Any, place: str) -> Iterator[ModelResponsePart]:
    if isinstance(part, str):
        yield TextPart(part)
        return
    kind = member(part, place).get("type", "text" if "text" in part else "unknown")
    if kind in TEXT_TYPES:
        found = details(part, ("type", "text"))
        yield TextPart(
            text_of(part, "text", place), provider_name=OWN if found else None, provider_details=found or None
        )
    elif kind == "refusal":
        found = {"refusal": True, **details(part, ("type", "refusal"))}
        yield TextPart(text_of(part, "refusal", place), provider_name=OWN, provider_details=found)
    elif kind == "thinking":
        yield _thinking(part)
    else:
        yield NativeToolCallPart(
            "unknown", None, "", provider_name=OWN, provider_details={"raw": part, "form": "content"}
        )


def _thinking(part: dict[str, Any]) -> ThinkingPart:
    found = {"form": "thinking", **details(part, ("type", "thinking"))}
    return ThinkingPart(thinking_text(part), provider_name=OWN, provider_details=found)


def _images(message: dict[str, Any], place: str) -> Iterator[ModelResponsePart]:
    """Images that the model made, in OpenRouter's form. By data only: a FilePart has no address."""
    images = message.get("images")
    if not isinstance(images, list):
        return
    for item in load_content(images, f"{place}.images"):
        if isinstance(item, BinaryContent):
            yield FilePart(item, provider_name=OWN, provider_details={"form": "fields"})


def _calls(message: dict[str, Any], place: str, number: int) -> Iterator[ModelResponsePart]:
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        name = _name(legacy, f"{place}.function_call")
        yield ToolCallPart(
            name, _arguments(legacy), f"call_{number}", provider_name=OWN, provider_details={"form": "function_call"}
        )
    for index, call in enumerate(listed(message.get("tool_calls"), f"{place}.tool_calls")):
        where = f"{place}.tool_calls[{index}]"
        yield from _call(member(call, where), text_of(call, "id", where) or f"call_{number}_{index}", where)


def _call(call: dict[str, Any], id: str, place: str) -> Iterator[ModelResponsePart]:
    kind = call.get("type") or "function"
    inner = call.get(kind) if isinstance(kind, str) else None
    if kind not in ("function", "custom") or not isinstance(inner, dict):
        yield NativeToolCallPart(
            "unknown", None, id, provider_name=OWN, provider_details={"raw": call, "form": "tool_calls"}
        )
        return
    found = details(call, ("id", "type", kind))
    if signature := _thought_signature(call):
        opaque = unsealed(signature, WireFormat.GEMINI)
        yield ThinkingPart(
            "", signature=opaque.data, provider_name=opaque.origin.value, provider_details={"form": "fields"}
        )
    name = _name(inner, f"{place}.{kind}")
    arguments = _arguments(inner)
    if kind == "custom":
        found["custom"] = True
        arguments = text_of(inner, "input", f"{place}.custom")
    yield ToolCallPart(name, arguments, id, provider_name=OWN if found else None, provider_details=found or None)


def _thought_signature(call: dict[str, Any]) -> str | None:
    """Google's OpenAI-compatible server wants it back: ai.google.dev/gemini-api/docs/thought-signatures."""
    extra = call.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return signature if isinstance(signature, str) and signature else None


def _name(inner: dict[str, Any], place: str) -> str:
    name = text_of(inner, "name", place)
    if not name:
        raise InvalidCall(f"{place}.name: the name of a tool is expected", f"{place}.name")
    return name


def _arguments(inner: dict[str, Any]) -> str | dict[str, Any] | None:
    arguments = inner.get("arguments")
    if arguments is None or isinstance(arguments, (str, dict)):
        return arguments
    return orjson.dumps(arguments).decode()
