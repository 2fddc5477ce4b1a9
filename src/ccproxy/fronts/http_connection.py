"""One client connection of the reverse listener: bytes in, requests on to their answers."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol, cast

from ccproxy.config.services import Listener
from ccproxy.exchange import Exchange, HttpRequest, Timings
from ccproxy.fronts.answers import Answers, Rejected
from ccproxy.fronts.request_parser import Arrived, BadRequest, RequestParser
from ccproxy.gateway.gateway import Gateway
from ccproxy.gateway.reply import Tunnel

EARLY_LIMIT = 16
"""Pieces of data that may come behind a WebSocket handshake before it is answered."""


class Front(Protocol):
    """The server that a connection belongs to."""

    gateway: Gateway
    limits: Listener
    connections: set[HttpConnection]

    def exchange(self, request: HttpRequest, peer: tuple[str, int] | None, timings: Timings) -> Exchange:
        """The record of a request that has come from `peer`."""

    def settled(self) -> None:
        """The connection has answered what it owed, or is gone."""


class HttpConnection(asyncio.Protocol):
    """Reads requests until it is an open WebSocket, and from then on what goes to the provider."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser(front.limits, self._on_request, self._on_continue)
        self._transport: asyncio.Transport  # these two from `connection_made` on
        self._answers: Answers
        self._peer: tuple[str, int] | None = None
        self._tunnel: Tunnel | None = None
        self._early: list[bytes] = []
        self._deaf = self._upgrading = False
        self._last_data = self._loop.time()

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer = (peer[0], peer[1]) if peer else None
        front = self._front
        self._answers = Answers(front.gateway, self._transport, self._begin, self._open_tunnel, front.settled)
        front.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._last_data = self._loop.time()
        if self._tunnel is not None:
            self._tunnel.write(data)
        elif self._upgrading:
            self._early.append(data)
            if len(self._early) >= EARLY_LIMIT:
                self._transport.pause_reading()
        elif not self._deaf:
            self._read(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deaf = True
        self._front.connections.discard(self)
        self._answers.cancel()
        self._front.settled()

    def pause_writing(self) -> None:
        self._answers.writer.pause()

    def resume_writing(self) -> None:
        self._answers.writer.resume()

    # -- the front's side

    @property
    def busy(self) -> bool:
        """True while an answer is owed."""
        return self._answers.owed

    def check(self, now: float) -> None:
        """Ends what takes too long to arrive; `now` is the loop's time in seconds."""
        limits, quiet = self._front.limits, now - self._last_data
        if self.busy or self._deaf:
            return
        if self._parser.in_body and quiet > limits.body_timeout_seconds:
            seconds = limits.body_timeout_seconds
            self._refuse(BadRequest(408, "body_timeout", f"the request body stalled for {seconds:g} s"))
        elif self._parser.in_head and time.time() - self._parser.started > limits.header_timeout_seconds:
            seconds = limits.header_timeout_seconds
            self._refuse(BadRequest(408, "header_timeout", f"the request's head took longer than {seconds:g} s"))
        elif not self._parser.in_head and not self._parser.in_body and quiet > limits.keepalive_seconds:
            self._transport.close()

    def finish_up(self) -> None:
        """No further requests: closes now, or after the answers that are owed."""
        self._answers.finish_up()

    def cut(self) -> None:
        """Ends the answer under way, in words if it can be, and then the connection."""
        self._answers.cut()

    def abort(self) -> None:
        """Drops the connection, and with it what is under way."""
        self._transport.abort()

    # -- requests

    def _read(self, data: bytes) -> None:
        try:
            rest = self._parser.feed(data)
        except BadRequest as error:
            self._refuse(error)
            return
        if rest is not None:
            self._upgrading = True
            if rest:
                self.data_received(rest)

    def _begin(self, request: HttpRequest, timings: Timings) -> Exchange:
        return self._front.exchange(request, self._peer, timings)

    def _on_request(self, arrived: Arrived) -> None:
        self._answers.take(arrived)

    def _on_continue(self) -> None:
        self._answers.owe_leave()

    def _refuse(self, error: BadRequest) -> None:
        self._deaf = True
        self._answers.take(Rejected(error, self._parser.partial, Timings(self._parser.started or time.time())))

    # -- WebSockets

    def _open_tunnel(self, tunnel: Tunnel) -> None:
        """From here on the client's bytes go to the provider, those first that came before the tunnel was open."""
        self._tunnel = tunnel
        self._transport.resume_reading()
        tunnel.watch(self._on_pressure)
        for data in self._early:
            tunnel.write(data)
        self._early.clear()

    def _on_pressure(self, full: bool) -> None:
        """The provider takes less than the client sends, or takes it again."""
        if self._transport.is_closing():
            return
        if full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
