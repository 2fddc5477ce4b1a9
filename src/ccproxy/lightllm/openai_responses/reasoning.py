"""Thinking in the Responses format: what is asked for, and what earlier turns hold."""

from __future__ import annotations

import re
from typing import Any

from pydantic_ai.messages import ThinkingPart

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, Reasoning
from ccproxy.lightllm.effort import effort_of, nearest
from ccproxy.lightllm.events import Opaque
from ccproxy.lightllm.openai_responses.load_parts import rest
from ccproxy.lightllm.openai_responses.settings import typed, within
from ccproxy.lightllm.signatures import sealed, unsealed

OWN = WireFormat.OPENAI_RESPONSES
KNOWN_FIELDS = frozenset({"effort", "summary", "generate_summary"})
KNOWN_OF_ITEM = frozenset({"type", "id", "summary", "content", "encrypted_content"})

COMMON = ("low", "medium", "high")
"""Efforts that every reasoning model of OpenAI takes."""

DEEPER = re.compile(r"(?:^|/)gpt-5\.(?:[2-9]|\d\d)|codex-max")
"""Models that take `xhigh` too (https://platform.openai.com/docs/guides/reasoning)."""

CAN_REST = re.compile(r"(?:^|/)gpt-5\.\d+(?!.*(?:codex|pro))")
"""Models that take the effort `none`. Others refuse it, or do not think anyway."""


def load_reasoning(call: ModelCall, asked: object) -> None:
    """Reads the `reasoning` field."""
    if not isinstance(asked, dict):
        return
    effort, *summaries = (typed(asked, name, str, "reasoning.") for name in ("effort", "summary", "generate_summary"))
    summary = next(filter(None, summaries), None)
    if effort or summary:
        call.reasoning = Reasoning(
            enabled=effort != "none",
            effort=effort if effort and effort != "none" else None,
            visible=True if summary else None,
            summary=summary or None,
        )
    call.extras |= {f"reasoning.{name}": value for name, value in rest(asked, KNOWN_FIELDS).items()}


def dump_reasoning(call: ModelCall) -> dict[str, Any] | None:
    """The `reasoning` field; None for none."""
    own = call.origin is OWN
    more = within("reasoning", call) if own else {}
    asked = call.reasoning
    if asked is None:
        return more or None
    if not asked.enabled:
        return {"effort": "none", **more} if own or CAN_REST.search(call.model) else None
    effort = asked.effort if own else _effort(call, asked)
    summary = asked.summary or ("auto" if not own and _visible(call, asked) else None)
    return {key: value for key, value in (("effort", effort), ("summary", summary)) if value} | more


def _effort(call: ModelCall, asked: Reasoning) -> str:
    """An effort that the model is sure to take: clients of Chat name OpenAI's own efforts, others budgets."""
    effort = asked.effort or (effort_of(asked.budget) if asked.budget is not None else "medium")
    if call.origin is WireFormat.OPENAI and asked.effort:
        return effort
    return nearest(effort, (*COMMON, "xhigh") if DEEPER.search(call.model) else COMMON)


def _visible(call: ModelCall, asked: Reasoning) -> bool:
    """Whether a summary is to be written: Anthropic's clients get thoughts unless they decline them."""
    return call.origin is WireFormat.ANTHROPIC if asked.visible is None else asked.visible


def load_reasoning_item(item: dict[str, Any]) -> ThinkingPart:
    """A `reasoning` item of an earlier turn."""
    summary, content = _texts(item.get("summary")), _texts(item.get("content"))
    details: dict[str, Any] = {"summary": summary}
    if content:
        details["content"] = content
    if len(item) > 4 and (more := rest(item, KNOWN_OF_ITEM)):
        details["fields"] = more
    state = item.get("encrypted_content")
    opaque = unsealed(state, OWN) if isinstance(state, str) and state else Opaque(OWN, "")
    return ThinkingPart(
        "\n\n".join(content + summary),
        id="redacted_thinking" if opaque.redacted else item.get("id"),
        signature=opaque.data or None,
        provider_name=str(opaque.origin),
        provider_details=details,
    )


def _texts(parts: object) -> list[str]:
    """The texts of summary or content parts."""
    if isinstance(parts, str):
        return [parts]
    if not isinstance(parts, list):
        return []
    found = (part.get("text") if isinstance(part, dict) else part for part in parts)
    return [text for text in found if isinstance(text, str)]


def dump_thinking(part: ThinkingPart, call: ModelCall) -> dict[str, Any] | None:
    """A `reasoning` item; None where it has to be left out, which is counted."""
    own = call.origin is OWN
    if not own and (part.provider_name != OWN or not part.signature):
        call.drops.add("thinking" if part.content else "signature")
        return None
    details = part.provider_details or {}
    summary = details.get("summary", [part.content] if part.content else [])
    item: dict[str, Any] = {"type": "reasoning"}
    if part.id and own:
        item["id"] = part.id
    item["summary"] = [{"type": "summary_text", "text": text} for text in summary]
    if content := details.get("content"):
        item["content"] = [{"type": "reasoning_text", "text": text} for text in content]
    if part.signature:
        item["encrypted_content"] = sealed(Opaque(_origin(part), part.signature), OWN)
    return item | details.get("fields", {}) if own else item


def _origin(part: ThinkingPart) -> WireFormat:
    name = part.provider_name
    return WireFormat(name) if name is not None and name in WireFormat else OWN
