"""Pieces of an answer that chunks and whole messages write alike."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.beside import told_beside
from ccproxy.lightllm.events import Finish, MessageStart
from ccproxy.lightllm.ids import answer_id

TIERS: Mapping[str, str] = {"standard": "default"} | {
    tier: tier for tier in ("auto", "default", "flex", "scale", "priority", "fast")
}
"""Service tiers that the API's clients know, by the name that a provider has for them."""
VENDOR = "pplx_"
"""What Perplexity's own names begin with."""


def envelope(start: MessageStart, asked_model: str, kind: str) -> dict[str, Any]:
    """What every chunk and every answer begins with. `kind` is the `object`."""
    members: dict[str, Any] = {
        "id": answer_id(start.id, "chatcmpl-", start.origin is WireFormat.OPENAI),
        "object": kind,
        "created": start.created or int(time.time()),
        "model": start.model or asked_model,
    }
    tier = TIERS.get(start.service_tier or "")
    if tier:
        members["service_tier"] = tier
    return members


def members_beside(finish: Finish | None) -> dict[str, Any]:
    """What the end of an answer tells beside it; what bears a vendor's own name stands by itself, too."""
    told = told_beside(finish)
    return told | {name: text for name, text in told.get("metadata", {}).items() if name.startswith(VENDOR)}


def custom_tools(asked: Asked) -> frozenset[str]:
    """Names of the client's tools that take free text."""
    tools = asked.document.get("tools")
    found = [tool.get("custom") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return frozenset(tool["name"] for tool in found if isinstance(tool, dict) and isinstance(tool.get("name"), str))


def free_text(arguments: str) -> str:
    """The input of a custom tool out of arguments `{"input": …}`, as which other formats have it."""
    try:
        value = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return arguments
    text = value.get("input") if isinstance(value, dict) else None
    return text if isinstance(text, str) else arguments


def tool_call(id: str, name: str, arguments: str, custom: bool) -> dict[str, Any]:
    """A call as an entry of `tool_calls`."""
    if custom:
        return {"id": id, "type": "custom", "custom": {"name": name, "input": arguments}}
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def google_signature(data: str) -> dict[str, Any]:
    """Gemini's signature of a call, where its OpenAI-compatible API has it."""
    return {"google": {"thought_signature": data}}


def logprobs(tokens: list[dict[str, Any]]) -> dict[str, Any]:
    """Log-probabilities of a choice, with the members that the API calls required."""
    complete = [{"bytes": None, "top_logprobs": [], **token} for token in tokens]
    return {"content": complete, "refusal": None}
