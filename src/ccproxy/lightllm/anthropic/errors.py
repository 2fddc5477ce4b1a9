"""Errors: `{"type": "error", "error": {"type", "message"}}` (docs.anthropic.com/en/api/errors)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import WireError

TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    501: "not_implemented_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""The type that goes with a status. Others say 503 where Anthropic says 529."""

STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "resource_exhausted": 429,
    "api_error": 500,
    "server_error": 500,
    "internal_server_error": 500,
    "internal": 500,
    "service_unavailable": 503,
    "unavailable": 503,
    "timeout_error": 504,
    "deadline_exceeded": 504,
    "overloaded_error": 529,
    "overloaded": 529,
}
"""The status an error would have had before the stream, by its type in lower case; the API's own and what compatible
servers say."""

MESSAGES = ("message", "detail", "msg", "error_message", "error_description", "title")
"""Where an error has its words."""


def read_error(document: Any, status: int) -> WireError | None:
    """The error that a body or a stream's event holds; None if it does not look like one.

    `status` is the HTTP status. In a stream it is 200 or 0, and the error's type tells. Read are the API's own form, a
    list of it, and what compatible servers send: `{"error": "…"}`, `{"detail": …}`, `{"message": …}`, plain text.
    """
    if isinstance(document, list):
        found = (read_error(item, status) for item in document)
        return next((error for error in found if error is not None), None)
    if isinstance(document, str):
        return _error({"message": document}, status) if document.strip() else None
    if not isinstance(document, dict):
        return None
    inner = document.get("error") or document.get("errors")
    if isinstance(inner, dict):
        return _error({"type": document.get("type") if document.get("type") != "error" else None} | inner, status)
    if inner:
        return read_error(inner, status) or _error({"message": str(inner)}, status)
    if document.get("type") == "error" or any(document.get(name) for name in MESSAGES):
        return _error(document, status)
    return None


def _error(fields: Mapping[str, Any], status: int) -> WireError:
    type = str(fields.get("type") or fields.get("status") or "")
    if type in ("error", "None"):
        type = ""
    code, param = fields.get("code"), fields.get("param")
    return WireError(
        status=status if status >= 400 else _status(type, code),
        message=next((text for name in MESSAGES if (text := _words(fields.get(name)))), type or "unknown error"),
        type=type,
        code=None if code is None or code == "" else str(code),
        param=None if param is None else str(param),
        origin=WireFormat.ANTHROPIC,
    )


def _status(type: str, code: Any) -> int:
    digits = str(code)
    if digits.isdecimal() and 400 <= int(digits) <= 599:
        return int(digits)
    return STATUSES.get(type.lower()) or STATUSES.get(digits.lower(), 500)


def _words(value: Any) -> str:
    """A message as text. Servers that check requests by pydantic send a list of objects with `loc` and `msg`."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words, value)))
    if not isinstance(value, dict):
        return ""
    words = next((text for name in MESSAGES if (text := _words(value.get(name)))), "")
    place = value.get("loc")
    return f"{'.'.join(map(str, place))}: {words}" if isinstance(place, list) and words else words


def write_error(error: WireError) -> dict[str, Any]:
    """The body of an error answer, and the data of a stream's `error` event.

    The provider's own type is kept where it is Anthropic's; of others, and of the gateway's, the status tells.
    """
    own = error.origin is WireFormat.ANTHROPIC
    fallback = "api_error" if error.status >= 500 else "invalid_request_error"
    type = (error.type if own else "") or TYPES.get(error.status, fallback)
    fields = {"type": type, "message": error.message}
    if own and error.code:
        fields["code"] = error.code
    return {"type": "error", "error": fields}
