"""Errors in the dialects of the four wire formats.

Sources: the error pages of the vendors' API references, and recorded answers. Google: google.rpc.Code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .dialect import CONTENT_TYPES, Dialect, headers_of
from .reply import Headers, Reply, json_reply


@dataclass
class Trouble(Exception):
    """Something to tell the client. `param`, `code` and `kind` appear in OpenAI's dialect only, `details` in Google's.

    `kind` stands in the place of the type that is the status's own.
    """

    status: int
    message: str
    param: str | None = None
    code: str | None = None
    headers: Headers = field(default_factory=list)
    kind: str | None = None
    details: list[dict[str, Any]] = field(default_factory=list)


KINDS: dict[int, tuple[str, str, str | None, str]] = {
    400: ("invalid_request_error", "invalid_request_error", None, "INVALID_ARGUMENT"),
    401: ("authentication_error", "invalid_request_error", "invalid_api_key", "UNAUTHENTICATED"),
    402: ("billing_error", "insufficient_quota", "insufficient_quota", "FAILED_PRECONDITION"),
    403: ("permission_error", "invalid_request_error", "permission_denied", "PERMISSION_DENIED"),
    404: ("not_found_error", "invalid_request_error", None, "NOT_FOUND"),
    405: ("invalid_request_error", "invalid_request_error", "method_not_supported", "UNIMPLEMENTED"),
    408: ("timeout_error", "timeout", None, "DEADLINE_EXCEEDED"),
    409: ("invalid_request_error", "conflict_error", None, "ABORTED"),
    413: ("request_too_large", "invalid_request_error", "request_too_large", "INVALID_ARGUMENT"),
    422: ("invalid_request_error", "invalid_request_error", None, "INVALID_ARGUMENT"),
    429: ("rate_limit_error", "requests", "rate_limit_exceeded", "RESOURCE_EXHAUSTED"),
    500: ("api_error", "server_error", None, "INTERNAL"),
    501: ("api_error", "server_error", None, "UNIMPLEMENTED"),
    503: ("api_error", "server_error", "service_unavailable", "UNAVAILABLE"),
    504: ("timeout_error", "server_error", None, "DEADLINE_EXCEEDED"),
    529: ("overloaded_error", "server_error", "overloaded", "UNAVAILABLE"),
}
"""Status → Anthropic's type, OpenAI's type and code, Google's status."""
RETRY_AFTER_SECONDS = 1
GOOGLE_TYPES = "type.googleapis.com/google.rpc."


BROKEN = Trouble(500, "The server had an error while processing your request.")
"""What ends OpenAI's streams."""


def kinds(status: int) -> tuple[str, str, str | None, str]:
    """The names of an error status; an unlisted one is named like its class."""
    return KINDS.get(status) or KINDS[400 if status < 500 else 500]


def ordered(status: int) -> Trouble:
    """The error that `SIM_ERROR <status>` orders."""
    headers: Headers = [(b"retry-after", b"%d" % RETRY_AFTER_SECONDS)] if status in (429, 503, 529) else []
    details = [retry_info(f"{RETRY_AFTER_SECONDS}s")] if status == 429 else []
    return Trouble(status, f"This is the error {status} that the prompt asked for.", headers=headers, details=details)


def retry_info(delay: str) -> dict[str, Any]:
    """The detail of Google's errors that says when to come again (google.rpc.RetryInfo)."""
    return {"@type": f"{GOOGLE_TYPES}RetryInfo", "retryDelay": delay}


def reply(dialect: Dialect, trouble: Trouble, seed: str, in_array: bool = False) -> Reply:
    """The whole answer. `in_array` is Google's way on a stream without `alt=sse`."""
    value = body(dialect, trouble, seed)
    headers = headers_of(dialect, seed) + trouble.headers
    return json_reply(trouble.status, headers, [value] if in_array else value, CONTENT_TYPES[dialect])


def body(dialect: Dialect, trouble: Trouble, seed: str) -> dict[str, Any]:
    """The error object of a dialect."""
    anthropic, kind, code, google = kinds(trouble.status)
    if dialect is Dialect.ANTHROPIC:
        error: dict[str, Any] = {"type": anthropic, "message": trouble.message}
        return {"type": "error", "error": error, "request_id": f"req_{seed}"}
    if dialect is Dialect.OPENAI:
        error = {"message": trouble.message, "type": trouble.kind or kind}
        error |= {"param": trouble.param, "code": trouble.code or code}
        return {"error": error}
    error = {"code": trouble.status, "message": trouble.message, "status": google}
    if trouble.details:
        error["details"] = trouble.details
    return {"error": error}


def required(
    fields: dict[str, Any], name: str, kind: type | tuple[type, ...], message: str, code: str | None = None
) -> Any:
    """The field `name` of a request body, or the 400 that its absence or wrong type deserves.

    Raises:
        Trouble: with `message`, in which `{name}` stands for the field's name.
    """
    value = fields.get(name)
    if value is None or not isinstance(value, kind):
        raise Trouble(400, message.format(name=name), param=name, code=code)
    return value
