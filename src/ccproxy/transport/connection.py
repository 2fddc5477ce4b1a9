"""One HTTP/1.1 connection to a provider (RFC 9112), parsed by llhttp in its strict mode."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import cast

import httptools

from ccproxy.exchange import HttpRequest, Origin, get_header
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.transport import TransportError

FRAMING = (b"content-length", b"transfer-encoding")
NO_BODY = frozenset({204, 304})
JOIN_LIMIT = 64 * 1024
"""Up to this many bytes a body is joined with its head into one write, so that it is one TLS record and one packet."""

HEAD_LIMIT = 256 * 1024
"""Bytes that may come before a head is whole, interim answers included."""


class Connection(asyncio.Protocol):
    """Serves one exchange at a time. Tells its pool by `on_idle` and `on_lost` what becomes of it."""

    def __init__(
        self, origin: Origin, on_idle: Callable[[Connection], None], on_lost: Callable[[Connection], None]
    ) -> None:
        self.origin = origin
        self.served = 0
        self.last_activity = 0.0
        """Loop time of the last byte in either direction."""
        self.stream: ResponseStream | None = None
        self.closed = False
        self._on_idle, self._on_lost = on_idle, on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._unread = select.poll()
        self._is_head = self._until_close = self._upgraded = False
        self._head_size = 0
        self._unsent = 0

    # -- the pool's side

    def send(self, request: HttpRequest) -> ResponseStream:
        """Writes a request; the returned stream fills as the response arrives."""
        assert self._transport is not None
        self.stream = ResponseStream(self, reused=self.served > 0)
        if self.closed:
            stream = self.stream
            self._fail(self._reset(stream, None))
            return stream
        self.served += 1
        self._is_head = request.method == "HEAD"
        self._until_close = False
        self._head_size = 0
        self.last_activity = self._loop.time()
        head = render_head(request)
        if len(request.body) <= JOIN_LIMIT:
            self._transport.write(head + request.body)
        else:
            self._transport.write(head)
            self._transport.write(request.body)
        return self.stream

    @property
    def usable(self) -> bool:
        """True if another request may be sent."""
        return not self.closed and self._transport is not None and not self._transport.is_closing()

    @property
    def quiet(self) -> bool:
        """True if it is usable and nothing came meanwhile, be it its end or an answer that nobody asked for."""
        return self.usable and not self._unread.poll(0)

    def silence(self, now: float) -> float:
        """Seconds since anything moved on it; a request that is still going out counts as movement."""
        unsent = self._transport.get_write_buffer_size() if self._transport is not None else 0
        if unsent != self._unsent:
            self._unsent, self.last_activity = unsent, now
        return now - self.last_activity

    def expire(self, error: TransportError) -> None:
        """Fails the exchange under way and gives the connection up."""
        self._fail(error)
        self.abort()

    def abort(self) -> None:
        """Drops the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def write(self, data: bytes) -> None:
        """Raw bytes, after an upgrade."""
        if self._transport is not None:
            self._transport.write(data)

    def pause_reading(self) -> None:
        """Stops reading from the provider until `resume_reading`."""
        if self._transport is not None and self.usable:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Reads on."""
        if self._transport is not None and self.usable:
            self._transport.resume_reading()
            self.last_activity = self._loop.time()  # until now the silence was ours

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._unread.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self.last_activity = self._loop.time()

    def data_received(self, data: bytes) -> None:
        self.last_activity = self._loop.time()
        stream = self.stream
        if stream is None:
            self.abort()  # nobody asked: not a connection to trust with a request
            return
        stream.started = True
        if self._upgraded:
            stream.feed(data)
            return
        try:
            self._parser.feed_data(data)
            if not stream.status:
                self._count_head(len(data))
        except httptools.HttpParserUpgrade as upgrade:
            self._upgraded = True
            stream.head_arrived(stream.status, self._parser.get_http_version())
            if rest := data[upgrade.args[0] :]:
                stream.feed(rest)
        except httptools.HttpParserError as error:
            self.expire(TransportError("protocol", f"{self.origin} sent something that is not HTTP/1.1: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        stream = self.stream
        if stream is not None and (self._until_close or self._upgraded) and exc is None:
            self.stream = None
            stream.finish()
        self._fail(self._reset(stream, exc))
        self._on_lost(self)

    def pause_writing(self) -> None:
        self._tell_pressure(True)

    def resume_writing(self) -> None:
        self._tell_pressure(False)

    # -- llhttp's side

    def on_message_begin(self) -> None:
        if self.stream is None:
            self.abort()  # a second answer to one request
            return
        self.stream.headers.clear()
        self.stream.reason = b""

    def on_status(self, status: bytes) -> None:
        if self.stream is not None:
            self.stream.reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        # A trailer (RFC 9110 §6.5) arrives here after the head and is not passed on.
        if self.stream is not None and not self.stream.status:
            self.stream.headers.append((name, value))

    def on_headers_complete(self) -> None:
        stream, status = self.stream, self._parser.get_status_code()
        if stream is None or (100 <= status < 200 and status != 101):
            return
        if status == 101:
            stream.status = status  # told to the reader once llhttp has handed the connection over
            return
        framed = any(get_header(stream.headers, name) is not None for name in FRAMING)
        self._until_close = not framed and status not in NO_BODY and not self._is_head
        stream.head_arrived(status, self._parser.get_http_version())
        if self._is_head:
            self._complete()  # llhttp would wait for the body that the headers describe

    def on_body(self, body: bytes) -> None:
        if self.stream is not None:
            self.stream.feed(body)

    def on_message_complete(self) -> None:
        if self.stream is not None and self.stream.status and not self._upgraded and self.stream.status != 101:
            self._complete()

    # --

    def _complete(self) -> None:
        stream, self.stream = self.stream, None
        assert stream is not None and self._transport is not None
        reusable = self._parser.should_keep_alive() and not self._is_head and not self._until_close
        stream.finish()
        if self._transport.get_write_buffer_size():
            self.abort()  # an early answer overtook its request, of which nobody wants the rest
        elif reusable and self.usable:
            self._on_idle(self)
        else:
            self._transport.close()

    def _reset(self, stream: ResponseStream | None, exc: Exception | None) -> TransportError:
        where = "in the middle of its answer" if stream and stream.status else "without an answer"
        why = f": {exc}" if exc else ""
        return TransportError("reset", f"{self.origin} closed the connection {where}{why}")

    def _count_head(self, size: int) -> None:
        self._head_size += size
        if self._head_size > HEAD_LIMIT:
            self.expire(TransportError("protocol", f"the head of the answer of {self.origin} does not end"))

    def _tell_pressure(self, full: bool) -> None:
        if self.stream is not None and self.stream.on_pressure is not None:
            self.stream.on_pressure(full)

    def _fail(self, error: TransportError) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            stream.fail(error)


def render_head(request: HttpRequest) -> bytes:
    """The request line and header section (RFC 9112 §3), ready to be sent."""
    parts = [request.method.encode("ascii"), b" ", request.target, b" HTTP/1.1\r\n"]
    for name, value in request.headers:
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"\r\n")
    return b"".join(parts)
