"""Errors (https://cloud.google.com/apis/design/errors, google.rpc.Code), and those of servers that only look alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import error_reading
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.waits import duration

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


def read_error(document: Any, status: int) -> WireError | None:
    """The error of a body or a chunk (`error_reading.read_error`)."""
    return error_reading.read_error(document, status, WireFormat.GEMINI)


def write_error(error: WireError) -> dict[str, Any]:
    """An error body. Google's own token stays; of other errors it is told by the status."""
    status = error.status if 400 <= error.status < 600 else 500
    token = TYPES.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
    if error.origin is WireFormat.GEMINI and error.type in RPC_CODES:
        token = error.type
    wait = {} if error.retry_after is None else {"details": [_retry_info(error.retry_after)]}
    return {"error": {"code": status, "message": error.message, "status": token, **wait}}


def _retry_info(seconds: float) -> dict[str, str]:
    """How long to wait, where nothing but the body can tell it: in a stream there are no header fields any more."""
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": duration(seconds)}
