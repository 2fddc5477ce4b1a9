"""The message around the content, as a body and as `message_start` have it."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.anthropic.usage import NATIVE_TIERS, write_usage
from ccproxy.lightllm.events import MessageStart, Usage
from ccproxy.lightllm.ids import answer_id

PREFIX = "msg_"


def message(start: MessageStart, model: str, usage: Usage) -> dict[str, Any]:
    """A message without content that has not ended. `model` is what the client asked for, if nobody knows better."""
    counts = write_usage(usage)
    tier = NATIVE_TIERS.get(start.service_tier or "")
    if tier:
        counts["service_tier"] = tier
    return {
        "id": answer_id(start.id, PREFIX, start.origin is WireFormat.ANTHROPIC),
        "type": "message",
        "role": "assistant",
        "model": start.model or model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": counts,
    }
