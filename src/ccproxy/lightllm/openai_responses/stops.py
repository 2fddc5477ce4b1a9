"""How a response ends: `status` and `incomplete_details.reason`."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.events import Finish, StopReason

WHOLE = frozenset({"completed", "complete"})
"""Statuses of a whole answer. DeepSeek says `complete` in buffered answers."""

BROKEN = frozenset({"failed", "cancelled", "canceled", "error", "expired"})

UNFINISHED = frozenset({"queued", "in_progress"})

INCOMPLETE = {
    "max_output_tokens": StopReason.LENGTH,
    "max_tokens": StopReason.LENGTH,
    "length": StopReason.LENGTH,
    "content_filter": StopReason.FILTER,
}

REASONS = {StopReason.LENGTH: "max_output_tokens", StopReason.FILTER: "content_filter"}
"""What makes a response incomplete, and the name for it."""


def read_finish(response: dict[str, Any], status: str, called: bool, refused: bool) -> Finish:
    """Why a response stopped that did not fail. `called`: it calls client tools; `refused`: it holds a refusal."""
    if status == "incomplete":
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else details
        native = reason if isinstance(reason, str) else status
        return Finish(INCOMPLETE.get(native, StopReason.OTHER), native=native)
    native = status or "completed"
    if called:
        return Finish(StopReason.TOOL_CALL, native=native)
    return Finish(StopReason.REFUSAL if refused else StopReason.DONE, native=native)


def incomplete_reason(finish: Finish | None, refused: bool) -> str | None:
    """What stands in `incomplete_details.reason`; None for a complete response.

    A refusal whose words stand in a part of their own is complete; one without such a part would pass for an answer.
    """
    if finish is None:
        return None
    if finish.reason is StopReason.REFUSAL:
        return None if refused else "content_filter"
    return REASONS.get(finish.reason)
