"""Errors of the Responses API, as bodies and as events.

Sources: platform.openai.com/docs/guides/error-codes, and for `error` and `response.failed`
platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

import re
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import WireError

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

STATUSES = {
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "UNAUTHENTICATED": 401,
    "billing_error": 402,
    "permission_error": 403,
    "usage_not_included": 403,
    "PERMISSION_DENIED": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "NOT_FOUND": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "usage_limit_reached": 429,
    "insufficient_quota": 429,
    "tokens": 429,
    "requests": 429,
    "RESOURCE_EXHAUSTED": 429,
    "server_error": 500,
    "api_error": 500,
    "internal_error": 500,
    "INTERNAL": 500,
    "service_unavailable": 503,
    "server_is_overloaded": 503,
    "slow_down": 503,
    "UNAVAILABLE": 503,
    "timeout_error": 504,
    "vector_store_timeout": 504,
    "DEADLINE_EXCEEDED": 504,
    "overloaded_error": 529,
}
"""What an error in a stream would have had as its status, by its code or type. Compatible servers pass on the tokens
of what is behind them."""

STREAM_CODES = {429: "rate_limit_exceeded"}
"""Codes of `response.error` (openai.types.responses.ResponseError) by status; of others `invalid_prompt` below 500,
which Codex takes as final, else `server_error`, which it tries again."""


def read_error(document: Any, status: int) -> WireError | None:
    """The error that a body or an event holds; None if it does not look like one.

    `status` is the HTTP status, or 0 within a stream, where type and code tell it. Reads an `error` object or string,
    the flat `error` event, a failed response, `detail` and `message` of compatible servers, and any of these in a list.
    """
    if isinstance(document, list):
        found = (read_error(entry, status) for entry in document)
        return next((error for error in found if error is not None), None)
    if isinstance(document, str):
        return _error({"message": document}, status) if document.strip() else None
    if not isinstance(document, dict):
        return None
    inside = document.get("error") or _inside(document.get("response"))
    if isinstance(inside, dict):
        return _error(inside, status, str(document.get("message") or ""))
    if isinstance(inside, str):
        return _error({**document, "message": inside}, status)
    if not isinstance(document.get("message"), str) and document.get("detail") is None:
        return None
    return _error(document, status)


def _inside(response: Any) -> Any:
    return response.get("error") if isinstance(response, dict) else None


def _error(found: dict[str, Any], status: int, fallback: str = "") -> WireError:
    kind = _token(found.get("type")) or _token(found.get("status"))
    code = _token(found.get("code"))
    message = found.get("message")
    if not isinstance(message, str) or not message:
        message = _detail(found.get("detail")) or fallback or code or kind or "the provider reported an error"
    kind = "" if kind == "error" else kind
    if status < 400:
        status = STATUSES.get(code) or STATUSES.get(kind) or _numbered(found.get("code")) or 500
    param = found.get("param")
    return WireError(status, message, kind, code or None, param if isinstance(param, str) else None, ORIGIN)


def _token(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _numbered(code: Any) -> int | None:
    return code if isinstance(code, int) and 400 <= code <= 599 else None


def _detail(detail: Any) -> str:
    if isinstance(detail, list):
        return "; ".join(text for text in map(_detail, detail) if text)
    if isinstance(detail, dict):
        return str(detail.get("message") or detail.get("msg") or detail)
    return detail if isinstance(detail, str) else ""


def write_error(error: WireError) -> dict[str, Any]:
    """The body of an error answer. Type and code of the same vendor's formats stay; others' follow from the status."""
    return {"error": error_object(error)}


def error_object(error: WireError) -> dict[str, Any]:
    """The error itself: message, type, code and param."""
    kind, code = error.type, error.code
    if error.origin is not None and error.origin not in FAMILY:
        kind, code = "", STREAM_CODES.get(error.status)
    if not kind:
        kind = TYPES.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error")
    return {"message": error.message, "type": kind, "code": code, "param": error.param}


def failure(error: WireError) -> dict[str, Any]:
    """The `error` member of a failed response."""
    code = error.code if error.origin in FAMILY else None
    if not code or not CODE.fullmatch(code):
        code = STREAM_CODES.get(error.status, "server_error" if error.status >= 500 else "invalid_prompt")
    return {"code": code, "message": error.message}
