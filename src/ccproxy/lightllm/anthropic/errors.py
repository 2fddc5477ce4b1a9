"""Errors: `{"type": "error", "error": {"type", "message"}}` (docs.anthropic.com/en/api/errors)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import error_reading
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


def read_error(document: Any, status: int) -> WireError | None:
    """The error that a body or a stream's event holds (`error_reading.read_error`)."""
    return error_reading.read_error(document, status, WireFormat.ANTHROPIC)


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
