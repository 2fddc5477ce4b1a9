"""Why a model stopped (https://ai.google.dev/api/generate-content#FinishReason)."""

from __future__ import annotations

from collections.abc import Mapping

from ccproxy.lightllm.events import Finish, StopReason

REASONS: Mapping[str, StopReason] = {
    "STOP": StopReason.DONE,
    "MAX_TOKENS": StopReason.LENGTH,
    "SAFETY": StopReason.FILTER,
    "RECITATION": StopReason.FILTER,
    "LANGUAGE": StopReason.FILTER,
    "BLOCKLIST": StopReason.FILTER,
    "PROHIBITED_CONTENT": StopReason.FILTER,
    "SPII": StopReason.FILTER,
    "IMAGE_SAFETY": StopReason.FILTER,
    "IMAGE_PROHIBITED_CONTENT": StopReason.FILTER,
    "IMAGE_RECITATION": StopReason.FILTER,
    "MODEL_ARMOR": StopReason.FILTER,
    "OTHER": StopReason.OTHER,
    "MALFORMED_FUNCTION_CALL": StopReason.OTHER,
    "UNEXPECTED_TOOL_CALL": StopReason.OTHER,
    "TOO_MANY_TOOL_CALLS": StopReason.OTHER,
    "MISSING_THOUGHT_SIGNATURE": StopReason.OTHER,
    "MALFORMED_RESPONSE": StopReason.OTHER,
    "NO_IMAGE": StopReason.OTHER,
    "IMAGE_OTHER": StopReason.OTHER,
}

WRITTEN: Mapping[StopReason, str] = {
    StopReason.DONE: "STOP",
    StopReason.STOP_SEQUENCE: "STOP",
    StopReason.TOOL_CALL: "STOP",
    StopReason.LENGTH: "MAX_TOKENS",
    StopReason.FILTER: "SAFETY",
    StopReason.REFUSAL: "SAFETY",
    StopReason.PAUSE: "OTHER",
    StopReason.OTHER: "OTHER",
}


def read_stop(reason: str, blocked: str, called: bool) -> Finish:
    """The end of an answer: its finishReason, what blocked the prompt, whether the client's tools were called."""
    if not reason and blocked:
        return Finish(StopReason.FILTER, native=blocked)
    stop = REASONS.get(reason.upper(), StopReason.OTHER)
    if stop is StopReason.DONE and called:
        stop = StopReason.TOOL_CALL
    return Finish(stop, native=reason)


def write_stop(finish: Finish | None) -> str:
    """The finishReason; a reason that Gemini gave is given again."""
    if finish is None:
        return "STOP"
    if REASONS.get(finish.native) is finish.reason:
        return finish.native
    return WRITTEN[finish.reason]
