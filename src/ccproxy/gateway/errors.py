"""Errors in the dialect of the client that asked.

Sources: docs.anthropic.com/en/api/errors, platform.openai.com/docs/guides/error-codes, and for Google
cloud.google.com/apis/design/errors (google.rpc.Code).
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from ccproxy.exchange import Headers, WireFormat

ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    501: "not_implemented_error",
    504: "timeout_error",
    529: "overloaded_error",
}
OPENAI_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    501: "not_implemented_error",
}
GOOGLE_STATUSES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Refused(Exception):
    """The gateway answers by itself: `status` and `message` go to the client, `kind` is a stable short token."""

    def __init__(self, status: int, kind: str, message: str, headers: Headers | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message
        self.headers: Headers = headers or []


def error_body(dialect: WireFormat, status: int, kind: str, message: str) -> bytes:
    """The JSON body of an error answer."""
    return orjson.dumps(_BODIES[dialect](status, kind, message))


def stream_error(dialect: WireFormat, status: int, kind: str, message: str) -> bytes:
    """What ends a server-sent event stream that broke off, so that no client takes it for whole.

    It begins with a line feed and not with a blank line: where the provider stopped in the middle of an event, the
    rest of that event and this one become one, which no client can mistake for an answer.
    """
    return _STREAMS[dialect](status, kind, message)


def _anthropic(status: int, kind: str, message: str) -> dict[str, object]:
    fallback = "api_error" if status >= 500 else "invalid_request_error"
    return {"type": "error", "error": {"type": ANTHROPIC_TYPES.get(status, fallback), "message": message}}


def _openai(status: int, kind: str, message: str) -> dict[str, object]:
    fallback = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": OPENAI_TYPES.get(status, fallback), "code": kind, "param": None}
    return {"error": error}


def _google(status: int, kind: str, message: str) -> dict[str, object]:
    fallback = "INTERNAL" if status >= 500 else "INVALID_ARGUMENT"
    return {"error": {"code": status, "message": message, "status": GOOGLE_STATUSES.get(status, fallback)}}


def _anthropic_event(status: int, kind: str, message: str) -> bytes:
    return b"\nevent: error\ndata: %b\n\n" % orjson.dumps(_anthropic(status, kind, message))


def _openai_event(status: int, kind: str, message: str) -> bytes:
    return b"\ndata: %b\n\n" % orjson.dumps(_openai(status, kind, message))


def _responses_event(status: int, kind: str, message: str) -> bytes:
    # Both events that the API documents: SDKs raise on `error`, Codex reads `response.failed`.
    error = {"type": "error", "code": kind, "message": message, "param": None, "sequence_number": 0}
    response = {"object": "response", "status": "failed", "error": {"code": "server_error", "message": message}}
    failed = {"type": "response.failed", "sequence_number": 1, "response": response}
    return b"\nevent: error\ndata: %b\n\nevent: response.failed\ndata: %b\n\n" % (
        orjson.dumps(error),
        orjson.dumps(failed),
    )


def _google_event(status: int, kind: str, message: str) -> bytes:
    return b"\ndata: %b\n\n" % orjson.dumps(_google(status, kind, message))


_BODIES: dict[WireFormat, Callable[[int, str, str], dict[str, object]]] = {
    WireFormat.ANTHROPIC: _anthropic,
    WireFormat.OPENAI: _openai,
    WireFormat.OPENAI_RESPONSES: _openai,
    WireFormat.GEMINI: _google,
}
_STREAMS: dict[WireFormat, Callable[[int, str, str], bytes]] = {
    WireFormat.ANTHROPIC: _anthropic_event,
    WireFormat.OPENAI: _openai_event,
    WireFormat.OPENAI_RESPONSES: _responses_event,
    WireFormat.GEMINI: _google_event,
}
