"""Errors in the dialect of OpenAI, and what compatible servers send as errors.

Sources: platform.openai.com/docs/guides/error-codes; cloud.google.com/apis/design/errors for Google's list form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import error_reading
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

USED_UP = "insufficient_quota"
"""Type and code of a quota that is used up: clients do not wait for it as for `rate_limit_exceeded`."""

OWN_TOKENS = frozenset({WireFormat.OPENAI, WireFormat.OPENAI_RESPONSES, None})
"""Origins whose type and code stay as they are. None is the gateway itself, whose code is its short token."""


def read_error(document: Any, status: int) -> WireError | None:
    """The error that a body or an event holds (`error_reading.read_error`)."""
    return error_reading.read_error(document, status, WireFormat.OPENAI)


def write_error(error: WireError) -> dict[str, Any]:
    """The body of an error answer, or the data of the event that ends a stream."""
    own = error.origin in OWN_TOKENS
    kind, code = (error.type, error.code) if own else ("", CODES.get(error.status))
    if error_reading.is_used_up(error):
        kind = code = USED_UP
    members = {
        "message": error.message,
        "type": kind or type_of(error.status),
        "param": error.param if own else None,
        "code": code,
    }
    return {"error": members}


def type_of(status: int) -> str:
    """The type of an error of a status."""
    return TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
