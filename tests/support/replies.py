"""Answers for a scripted upstream: right ones, and each way in which one can be wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tests.support.http import Header
from tests.support.upstream import Close, Recorded, Reset, Script, Send, Step, Wait

JSON: Header = (b"Content-Type", b"application/json")
SSE: Header = (b"Content-Type", b"text/event-stream")


def head(status: int, headers: Iterable[Header], reason: bytes = b"OK") -> bytes:
    """The head of a response."""
    return b"HTTP/1.1 %d %s\r\n%s\r\n" % (status, reason, b"".join(b"%s: %s\r\n" % pair for pair in headers))


def reply(status: int = 200, headers: Iterable[Header] = (JSON,), body: bytes = b"{}", reason: bytes = b"OK") -> Script:
    """A whole answer with its content-length."""
    data = head(status, [*headers, (b"Content-Length", b"%d" % len(body))], reason) + body
    return always(Send(data))


def json_reply(value: Any, status: int = 200, headers: Iterable[Header] = ()) -> Script:
    """A whole JSON answer."""
    return reply(status, [JSON, *headers], json.dumps(value).encode())


def always(*steps: Step) -> Script:
    """The same steps for every request."""
    return lambda request: steps


def each(*scripts: Script) -> Script:
    """One script a request, in this order; the last one stays."""
    left = list(scripts)

    def script(request: Recorded) -> Iterable[Step]:
        return (left.pop(0) if len(left) > 1 else left[0])(request)

    return script


def chunk(data: bytes) -> bytes:
    """One chunk (RFC 9112 §7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def stream(pieces: Sequence[bytes], delay: float = 0.0, *, end: Sequence[Step] | None = None) -> Script:
    """Server-sent events: each piece is a chunk. `end` replaces the last chunk, to break the stream off."""
    return chunked([SSE], pieces, delay, end=end)


def chunked(
    headers: Iterable[Header], pieces: Sequence[bytes], delay: float = 0.0, *, end: Sequence[Step] | None = None
) -> Script:
    """A chunked answer of any type."""
    steps: list[Step] = [Send(head(200, [*headers, (b"Transfer-Encoding", b"chunked")]))]
    for piece in pieces:
        steps += [Send(chunk(piece)), Wait(delay)] if delay else [Send(chunk(piece))]
    return always(*steps, *(end if end is not None else [Send(b"0\r\n\r\n")]))


def short(headers: Iterable[Header], body: bytes, missing: int) -> Script:
    """Promises `missing` bytes more than it sends, then closes in order."""
    fields = [*headers, (b"Content-Length", b"%d" % (len(body) + missing))]
    return always(Send(head(200, fields) + body), Close())


def close_delimited(headers: Iterable[Header], body: bytes) -> Script:
    """An HTTP/1.0 answer whose body ends with the connection (RFC 9112 §6.3)."""
    data = head(200, headers).replace(b"HTTP/1.1", b"HTTP/1.0") + body
    return always(Send(data), Close())


def echo(request: Recorded) -> Iterable[Step]:
    """Answers with the request's body."""
    return reply(200, [(b"Content-Type", b"application/octet-stream")], request.body)(request)


RESET_BEFORE_HEADERS = always(Reset())
CLOSE_BEFORE_HEADERS = always(Close())
GARBAGE = always(Send(b"\x00\xff\xfenot http at all\r\n\r\n"), Close())
BAD_STATUS = always(Send(b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"), Close())
BAD_CHUNK = always(Send(head(200, [JSON, (b"Transfer-Encoding", b"chunked")]) + b"xyz\r\nnope\r\n"), Close())


def reset_after_headers(headers: Iterable[Header] = (JSON,), body: bytes = b"") -> Script:
    """A head that promises a kilobyte, then `body`, then a reset."""
    return always(Send(head(200, [*headers, (b"Content-Length", b"1024")]) + body), Wait(0.1), Reset())
