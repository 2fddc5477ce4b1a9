"""Why a model stopped, as Chat Completions says it (platform.openai.com/docs/api-reference/chat/object)."""

from __future__ import annotations

from ccproxy.lightllm.events import StopReason

READ: dict[str, StopReason] = {
    "stop": StopReason.DONE,
    "length": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL_CALL,
    "function_call": StopReason.TOOL_CALL,
    "content_filter": StopReason.FILTER,
    # What compatible servers say instead.
    "eos": StopReason.DONE,
    "end_turn": StopReason.DONE,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "max_tokens": StopReason.LENGTH,
    "model_length": StopReason.LENGTH,
    "tool_use": StopReason.TOOL_CALL,
    "tool_call": StopReason.TOOL_CALL,
    "refusal": StopReason.REFUSAL,
    "safety": StopReason.FILTER,
    "sensitive": StopReason.FILTER,
}
WRITTEN: dict[StopReason, str] = {
    StopReason.LENGTH: "length",
    StopReason.FILTER: "content_filter",
    StopReason.REFUSAL: "content_filter",
}
"""What is not here is `stop`, or `tool_calls` where there are calls."""

PLAIN = frozenset({StopReason.DONE, StopReason.TOOL_CALL})
BROKEN = "error"
"""The finish reason by which Mistral and OpenRouter say that generation failed."""


def read_stop(native: str, called: bool, refused: bool) -> StopReason:
    """The reason behind a `finish_reason`; empty, where the server ended without one, is done.

    `called` and `refused` say what the answer holds: a forced tool call ends with `stop`, and so does a refusal.
    """
    reason = READ.get(native.lower(), StopReason.OTHER) if native else StopReason.DONE
    if reason not in PLAIN:
        return reason
    if called:
        return StopReason.TOOL_CALL
    return StopReason.REFUSAL if refused else StopReason.DONE


def write_stop(reason: StopReason | None, called: bool, refused: bool) -> str:
    """The `finish_reason`. Words of refusal end with `stop`, as the API's own do; agents test for `tool_calls`."""
    if reason is StopReason.REFUSAL and refused and not called:
        return "stop"
    return WRITTEN.get(reason or StopReason.DONE, "tool_calls" if called else "stop")
