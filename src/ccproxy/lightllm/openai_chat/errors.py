"""Errors in the dialect of OpenAI, and what compatible servers send as errors.

Sources: platform.openai.com/docs/guides/error-codes; cloud.google.com/apis/design/errors for Google's list form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import WireError

TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    501: "not_implemented_error",
}
CODES: Mapping[int, str] = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
"""Codes for errors of other vendors, whose own tokens mean nothing to an OpenAI client."""

OWN_TOKENS = frozenset({WireFormat.OPENAI, WireFormat.OPENAI_RESPONSES, None})
"""Origins whose type and code stay as they are. None is the gateway itself, whose code is its short token."""

STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "invalid_argument": 400,
    "failed_precondition": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "unauthenticated": 401,
    "permission_error": 403,
    "permission_denied": 403,
    "not_found_error": 404,
    "not_found": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "rate_limit": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "resource_exhausted": 429,
    "tokens": 429,
    "requests": 429,
    "service_unavailable": 503,
    "service_unavailable_error": 503,
    "engine_overloaded": 503,
    "unavailable": 503,
    "timeout": 504,
    "timeout_error": 504,
    "deadline_exceeded": 504,
    "overloaded_error": 529,
}
"""The status that each type or code would have had before a stream, in lower case. What is not here is 500."""


def read_error(document: Any, status: int) -> WireError | None:
    """The error that a body or an event holds; None if it holds none.

    `status` below 400, as a stream has it, is replaced by the one that the error's own tokens stand for.
    """
    if isinstance(document, list):
        document = next((entry for entry in document if isinstance(entry, dict)), None)
    error = _error_of(document)
    if error is None:
        return None
    message = _message(error)
    named = error if "message" in error else {}
    type = _token(named.get("status") if isinstance(named.get("status"), str) else named.get("type"))
    code, param = _token(named.get("code")), _token(named.get("param"))
    if status < 400:
        status = _status(error, type, code)
    return WireError(status, message, type, code or None, param or None, WireFormat.OPENAI)


def write_error(error: WireError) -> dict[str, Any]:
    """The body of an error answer, or the data of the event that ends a stream."""
    own = error.origin in OWN_TOKENS
    members = {
        "message": error.message,
        "type": (error.type if own else "") or type_of(error.status),
        "param": error.param if own else None,
        "code": error.code if own else CODES.get(error.status),
    }
    return {"error": members}


def type_of(status: int) -> str:
    """The type of an error of a status."""
    return TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")


def _error_of(document: Any) -> dict[str, Any] | None:
    if isinstance(document, str):
        return {"message": document} if document.strip() else None
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if isinstance(error, str) and error:
        return {"code": document.get("code"), "message": document.get("message") or error}
    if isinstance(error, dict) and error:
        return error
    return document if "choices" not in document and (document.get("message") or document.get("detail")) else None


def _message(error: dict[str, Any]) -> str:
    for name in ("message", "detail", "error", "msg"):
        value = error.get(name)
        text = _words(value)
        if text:
            return text
    return "the provider reported an error without a message"


def _words(value: Any) -> str:
    """Text out of a message that may be a list or an object (FastAPI's `detail`, Mistral's `message`)."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words, value)))
    return _message(value) if isinstance(value, dict) and value.keys() & {"message", "detail", "error", "msg"} else ""


def _token(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _status(error: dict[str, Any], type: str, code: str) -> int:
    for value in (error.get("status_code"), error.get("status"), code):
        number = str(value)
        if number.isdecimal() and 400 <= int(number) <= 599:
            return int(number)
    return STATUSES.get(type.lower()) or STATUSES.get(code.lower()) or 500
