"""One HTTP/1.1 connection to a provider (RFC 9112)."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import cast

from ccproxy.exchange import HttpRequest
from ccproxy.transport.carrier import OnInterim, TransportError
from ccproxy.transport.request_head import forwarder, render_forwarded, render_head
from ccproxy.transport.response_parser import ResponseParser
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.tls import said_goodbye
from ccproxy.transport.upstream import Timeouts, Upstream

JOIN_LIMIT = 64 * 1024
"""Up to this many bytes a body is joined with its head into one write, so that it is one TLS record and one packet."""


class Connection(asyncio.Protocol):
    """Serves one exchange at a time. Tells its pool by `on_idle` and `on_lost` what becomes of it."""

    def __init__(
        self, upstream: Upstream, on_idle: Callable[[Connection], None], on_lost: Callable[[Connection], None]
    ) -> None:
        self.upstream, self.origin = upstream, upstream.origin
        self.served = 0
        self.closed = False
        self._on_idle, self._on_lost = on_idle, on_lost
        self._forwarder = forwarder(upstream)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport  # from `connection_made` on
        self._answers = ResponseParser(upstream.origin, self._completed, self.abort)
        self._unread, self._ended = select.poll(), False
        self._last_activity, self._unsent = 0.0, 0

    # -- the pool's side

    @property
    def stream(self) -> ResponseStream | None:
        """The response under way."""
        return self._answers.stream

    @property
    def forwarded(self) -> bool:
        """True if a proxy reads the requests on it."""
        return self._forwarder is not None

    @property
    def usable(self) -> bool:
        """True if another request may be sent."""
        return not self.closed and not self._transport.is_closing()

    @property
    def quiet(self) -> bool:
        """True if it is usable and nothing came meanwhile, be it its end or an answer that nobody asked for."""
        return self.usable and not self._unread.poll(0)

    def send(self, request: HttpRequest, timeouts: Timeouts, on_interim: OnInterim | None = None) -> ResponseStream:
        """Writes a request; the returned stream fills as the response arrives."""
        stream = ResponseStream(self, timeouts, self.served > 0, on_interim)
        self._answers.expect(stream, is_head=request.method == "HEAD")
        if not self.usable:
            self._answers.closed(None, in_order=False)
            return stream
        self.served += 1
        self._last_activity = self._loop.time()
        forwarder = self._forwarder
        head = render_head(request) if forwarder is None else render_forwarded(request, forwarder)
        if len(request.body) <= JOIN_LIMIT:
            self._transport.write(head + request.body)
        else:
            self._transport.write(head)
            self._transport.write(request.body)
        return stream

    def silence(self, now: float) -> float:
        """Seconds since anything moved on it; a request that is still going out counts as movement."""
        unsent = self._transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self._last_activity = unsent, now
        return now - self._last_activity

    def expire(self, error: TransportError) -> None:
        """Fails the exchange under way and gives the connection up."""
        self._answers.fail(error)
        self.abort()

    # -- the stream's side

    def abort(self) -> None:
        """Drops the connection at once."""
        self._transport.abort()

    def write(self, data: bytes) -> None:
        """Raw bytes, after an upgrade."""
        self._transport.write(data)

    def pause_reading(self) -> None:
        """Stops reading from the provider until `resume_reading`."""
        if self.usable:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Reads on."""
        if self.usable:
            self._transport.resume_reading()
            self._last_activity = self._loop.time()  # until now the silence was ours

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._unread.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self._last_activity = self._loop.time()

    def secured(self, transport: asyncio.Transport) -> None:
        """TLS has come between; the socket is the same."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._last_activity = self._loop.time()
        if self._answers.stream is None:
            self.abort()  # nobody asked: not a connection to trust with a request
            return
        try:
            self._answers.feed(data)
        except TransportError as error:
            self.expire(error)

    def eof_received(self) -> None:
        self._ended = said_goodbye(self._transport.get_extra_info("ssl_object"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._answers.closed(exc, in_order=self._ended)
        self._on_lost(self)

    def pause_writing(self) -> None:
        self._tell_pressure(True)

    def resume_writing(self) -> None:
        self._tell_pressure(False)

    def _tell_pressure(self, full: bool) -> None:
        if self.stream is not None and self.stream.on_pressure is not None:
            self.stream.on_pressure(full)

    def _completed(self, reusable: bool) -> None:
        if self._transport.get_write_buffer_size():
            self.abort()  # an early answer overtook its request, of which nobody wants the rest
        elif reusable and self.usable:
            self._on_idle(self)
        else:
            self._transport.close()
