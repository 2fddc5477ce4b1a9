"""Errors (https://cloud.google.com/apis/design/errors, google.rpc.Code), and those of servers that only look alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.gemini.names import members

TYPES: Mapping[int, str] = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}
"""The status token for an HTTP status; of others, INVALID_ARGUMENT below 500 and INTERNAL above."""

RPC_CODES: Mapping[str, int] = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "DATA_LOSS": 500,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""Google's tokens and their HTTP statuses."""

STATUSES: Mapping[str, int] = {
    **RPC_CODES,
    "INVALID_REQUEST_ERROR": 400,
    "AUTHENTICATION_ERROR": 401,
    "PERMISSION_ERROR": 403,
    "NOT_FOUND_ERROR": 404,
    "RATE_LIMIT_ERROR": 429,
    "RATE_LIMIT_EXCEEDED": 429,
    "INSUFFICIENT_QUOTA": 429,
    "OVERLOADED_ERROR": 529,
}
"""The HTTP status for a token in upper case, where an error in a stream does not bear it itself."""


def read_error(document: Any, status: int) -> WireError | None:
    """The error of a body. Where `status` is none of an error, as in a stream, it is the one that the error names."""
    if isinstance(document, list):
        found = (read_error(item, status) for item in document)
        return next((error for error in found if error is not None), None)
    if not isinstance(document, dict):
        return None
    inner = document.get("error")
    if isinstance(inner, dict) and inner:
        return _read(inner, status)
    message = _text(inner) or _text(document.get("detail")) or _text(document.get("message"))
    return WireError(_status(status, None, ""), message, origin=WireFormat.GEMINI) if message else None


def write_error(error: WireError) -> dict[str, Any]:
    """An error body. Google's own token stays; of other errors it is told by the status."""
    status = error.status if 400 <= error.status < 600 else 500
    token = TYPES.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
    if error.origin is WireFormat.GEMINI and error.type in RPC_CODES:
        token = error.type
    return {"error": {"code": status, "message": error.message, "status": token}}


def _read(inner: dict[str, Any], status: int) -> WireError:
    token = _text(inner.get("status")) or _text(inner.get("type"))
    code = inner.get("code")
    message = _text(inner.get("message")) or token or orjson.dumps(inner).decode()
    error = WireError(_status(status, code, token), message, token, origin=WireFormat.GEMINI)
    details = members(inner, "details")
    error.code = code if isinstance(code, str) else _first(details, "reason")
    error.retry_after = _seconds(_first(details, "retryDelay"))
    return error


def _status(status: int, code: Any, token: str) -> int:
    if status >= 400:
        return status
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    if isinstance(code, int) and 400 <= code < 600:
        return code
    return STATUSES.get(token.upper()) or STATUSES.get(str(code).upper()) or 500


def _text(value: Any) -> str:
    """A message; a list of them is what FastAPI sends."""
    if isinstance(value, dict):
        value = value.get("msg") or value.get("message")
    if isinstance(value, list):
        return "; ".join(filter(None, map(_text, value)))
    return value if isinstance(value, str) else ""


def _first(details: list[dict[str, Any]], name: str) -> str | None:
    return next((item[name] for item in details if isinstance(item.get(name), str)), None)


def _seconds(delay: str | None) -> float | None:
    """A google.protobuf.Duration in JSON, such as `3.5s`; `850ms` has been seen too."""
    number, unit = (delay or "").removesuffix("s"), 1.0
    if number.endswith("m"):
        number, unit = number[:-1], 0.001
    try:
        return float(number) * unit
    except ValueError:
        return None
