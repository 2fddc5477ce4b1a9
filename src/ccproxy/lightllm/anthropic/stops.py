"""Why a message ended: `stop_reason`."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.events import Finish, StopReason

NATIVE: dict[str, StopReason] = {
    "end_turn": StopReason.DONE,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.LENGTH,
    "tool_use": StopReason.TOOL_CALL,
    "refusal": StopReason.REFUSAL,
    "pause_turn": StopReason.PAUSE,
    "compaction": StopReason.PAUSE,
}
"""The words of the API (docs.anthropic.com/en/api/messages; `compaction` is a beta's)."""

FOREIGN: dict[str, StopReason] = {
    "stop": StopReason.DONE,
    "length": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL_CALL,
    "content_filter": StopReason.FILTER,
    "sensitive": StopReason.FILTER,
}
"""What compatible servers say in spite of the format."""

WRITTEN: dict[StopReason, str] = {
    StopReason.DONE: "end_turn",
    StopReason.STOP_SEQUENCE: "stop_sequence",
    StopReason.LENGTH: "max_tokens",
    StopReason.TOOL_CALL: "tool_use",
    StopReason.FILTER: "refusal",
    StopReason.REFUSAL: "refusal",
    StopReason.PAUSE: "pause_turn",
    StopReason.OTHER: "end_turn",
}


UNCLEAR = frozenset({StopReason.DONE, StopReason.OTHER})
"""Reasons that calls and words of refusal in the message speak against."""


def read_finish(native: Any, sequence: Any, *, called: bool) -> Finish:
    """The end that `stop_reason` and `stop_sequence` tell of. `called`: the message has calls of the client's tools."""
    word = str(native or "end_turn")
    reason = NATIVE.get(word) or FOREIGN.get(word, StopReason.OTHER)
    if called and reason is StopReason.DONE:
        reason = StopReason.TOOL_CALL
    return Finish(reason, sequence if isinstance(sequence, str) else None, str(native or ""))


def write_finish(finish: Finish | None, *, called: bool, refused: bool) -> dict[str, str | None]:
    """`stop_reason` and `stop_sequence`. Agents go on only after `tool_use`, so calls make one of a plain end."""
    finish = finish or Finish(StopReason.DONE)
    reason = finish.reason
    if reason in UNCLEAR and (called or refused):
        reason = StopReason.TOOL_CALL if called else StopReason.REFUSAL
    word = finish.native if NATIVE.get(finish.native) is reason else WRITTEN[reason]
    return {
        "stop_reason": word,
        "stop_sequence": finish.stop_sequence if reason is StopReason.STOP_SEQUENCE else None,
    }
