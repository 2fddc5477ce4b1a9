"""Errors of the Responses API, as bodies and as events.

Sources: platform.openai.com/docs/guides/error-codes, and for `error` and `response.failed`
platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, TypeIs

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import error_reading
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.waits import LONGEST_WAIT

ORIGIN = WireFormat.OPENAI_RESPONSES
CODE = re.compile(r"[a-z][a-z0-9_]*")
"""What a code looks like; servers put numbers and sentences there."""

FAMILY = frozenset({WireFormat.OPENAI, WireFormat.OPENAI_RESPONSES})
"""Formats whose types and codes are the same."""

TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    501: "not_implemented_error",
}
"""The type of an error by its status; of other statuses `invalid_request_error` below 500, else `server_error`."""

USED_UP = "insufficient_quota"
"""Type and code of a quota that is used up, for which Codex does not try again."""

STREAM_CODES = {429: "rate_limit_exceeded"}
"""Codes of `response.error` (openai.types.responses.ResponseError) by status; of others `invalid_prompt` below 500,
which Codex takes as final, else `server_error`, which it tries again."""


def read_error(document: Any, status: int) -> WireError | None:
    """The error that a body or an event holds (`error_reading.read_error`). An event's name is no type of an error."""
    named = isinstance(document, dict) and str(document.get("type")).startswith("response.")
    if named:
        document = {name: value for name, value in document.items() if name != "type"}
    error = error_reading.read_error(document, status, ORIGIN)
    if error is None:
        return None
    if named:
        error.type = error.type or type_of(error.status)
    if error.retry_after is None:
        error.retry_after = wait_of(error_reading.error_fields(document) or {})
    return error


def type_of(status: int) -> str:
    """The type of an error that has none."""
    return TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")


def wait_of(fields: Mapping[str, Any]) -> float | None:
    """Seconds until a limit of usage is over, as the ChatGPT backend tells them; None where it does not.

    Source: github.com/openai/codex, codex-rs/core/src/error.rs (UsageLimitReachedError).
    """
    waits = (fields.get("resets_in_seconds"), _seconds_to(fields.get("resets_at")))
    return next((float(wait) for wait in waits if _is_number(wait) and 0 <= wait <= LONGEST_WAIT), None)


def _seconds_to(moment: Any) -> float | None:
    return max(0.0, moment - time.time()) if _is_number(moment) and 0 < moment < 2**53 else None


def _is_number(value: Any) -> TypeIs[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def write_error(error: WireError) -> dict[str, Any]:
    """The body of an error answer. Type and code of the same vendor's formats stay; others' follow from the status."""
    return {"error": error_object(error)}


def error_object(error: WireError) -> dict[str, Any]:
    """The error itself: message, type, code and param."""
    kind, code = error.type, error.code
    if error.origin is not None and error.origin not in FAMILY:
        kind, code = (USED_UP, USED_UP) if error_reading.is_used_up(error) else ("", STREAM_CODES.get(error.status))
    return {"message": error.message, "type": kind or type_of(error.status), "code": code, "param": error.param}


def failure(error: WireError) -> dict[str, Any]:
    """The `error` member of a failed response."""
    code = USED_UP if error_reading.is_used_up(error) else error.code if error.origin in FAMILY else None
    if not code or not CODE.fullmatch(code):
        code = STREAM_CODES.get(error.status, "server_error" if error.status >= 500 else "invalid_prompt")
    return {"code": code, "message": error.message}
