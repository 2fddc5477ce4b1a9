"""Errors of the gateway's own, in the dialect of the client that asked."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from ccproxy.exchange import Headers, WireFormat
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.translate import write_error


class Refused(Exception):
    """The gateway answers by itself: `status` and `message` go to the client, `kind` is a stable short token."""

    def __init__(self, status: int, kind: str, message: str, headers: Headers | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message
        self.headers: Headers = headers or []


def error_body(dialect: WireFormat, status: int, kind: str, message: str) -> bytes:
    """The JSON body of an error answer."""
    return write_error(WireError(status, message, code=kind), dialect)


def stream_error(dialect: WireFormat, status: int, kind: str, message: str) -> bytes:
    """What ends a server-sent event stream that broke off, so that no client takes it for whole.

    It begins with a line feed and not with a blank line: where the provider stopped in the middle of an event, the
    rest of that event and this one become one, which no client can mistake for an answer.
    """
    return b"\n" + _STREAMS[dialect](error_body(dialect, status, kind, message), kind, message)


def _anthropic_event(body: bytes, kind: str, message: str) -> bytes:
    return b"event: error\ndata: %b\n\n" % body


def _data_event(body: bytes, kind: str, message: str) -> bytes:
    return b"data: %b\n\n" % body


def _responses_events(body: bytes, kind: str, message: str) -> bytes:
    # Both events that the API documents. SDKs raise on data with a member `error`, whatever the event, and else take
    # `response.failed` for one of another response, whose id they do not know. Codex reads `response.failed` alone.
    flat = {"type": "error", "code": kind, "message": message, "param": None, "sequence_number": 0}
    error = flat | orjson.loads(body)
    response = {"object": "response", "status": "failed", "error": {"code": "server_error", "message": message}}
    failed = {"type": "response.failed", "sequence_number": 1, "response": response}
    return b"event: error\ndata: %b\n\nevent: response.failed\ndata: %b\n\n" % (
        orjson.dumps(error),
        orjson.dumps(failed),
    )


_STREAMS: dict[WireFormat, Callable[[bytes, str, str], bytes]] = {
    WireFormat.ANTHROPIC: _anthropic_event,
    WireFormat.OPENAI: _data_event,
    WireFormat.OPENAI_RESPONSES: _responses_events,
    WireFormat.GEMINI: _data_event,
}
