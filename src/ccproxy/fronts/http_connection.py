"""One client connection of the reverse listener."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import Protocol, cast

from ccproxy.config.services import Listener
from ccproxy.exchange import Exchange, Timings
from ccproxy.fronts.client_writer import ClientWriter
from ccproxy.fronts.request_parser import Arrived, BadRequest, RequestParser
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.gateway import Gateway
from ccproxy.gateway.reply import Tunnel

logger = logging.getLogger(__name__)

EARLY_LIMIT = 16
"""Pieces of data that may come behind a WebSocket handshake before it is answered."""
PIPELINE_LIMIT = 16
"""Requests that may wait for the answers before theirs."""


class Front(Protocol):
    """The server that a connection belongs to."""

    gateway: Gateway
    limits: Listener
    connections: set[HttpConnection]

    def settled(self) -> None:
        """The connection has answered what it owed, or is gone."""


class HttpConnection(asyncio.Protocol):
    """Reads requests and answers them in their order, one at a time."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser(front.limits, self._on_request, self._on_continue)
        self._transport: asyncio.Transport  # these two from `connection_made` on
        self._writer: ClientWriter
        self._peer: tuple[str, int] | None = None
        self._waiting: deque[Arrived | BadRequest] = deque()
        self._task: asyncio.Task[None] | None = None
        self._tunnel: Tunnel | None = None
        self._early: list[bytes] = []
        self._serving = self._advancing = self._leave_owed = False
        self._deaf = self._upgrading = self._last = False
        self._last_data = self._loop.time()

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._writer = ClientWriter(self._transport)
        peer = transport.get_extra_info("peername")
        self._peer = (peer[0], peer[1]) if peer else None
        self._front.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._last_data = self._loop.time()
        if self._tunnel is not None:
            self._tunnel.write(data)
        elif self._upgrading:
            self._early.append(data)
            if len(self._early) >= EARLY_LIMIT:
                self._transport.pause_reading()
        elif not self._deaf:
            try:
                rest = self._parser.feed(data)
            except BadRequest as error:
                self._refuse(error)
                return
            if rest is not None:
                self._upgrading = True
                if rest:
                    self.data_received(rest)

    def connection_lost(self, exc: Exception | None) -> None:
        self._front.connections.discard(self)
        self._front.settled()
        self._deaf = True
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writer.pause()

    def resume_writing(self) -> None:
        self._writer.resume()

    # -- the front's side

    @property
    def busy(self) -> bool:
        """True while an answer is owed."""
        return self._serving or bool(self._waiting)

    def check(self, now: float) -> None:
        """Ends what takes too long to arrive; `now` is the loop's time in seconds."""
        limits, quiet = self._front.limits, now - self._last_data
        if self.busy or self._deaf:
            return
        if self._parser.in_body and quiet > limits.body_timeout_seconds:
            seconds = limits.body_timeout_seconds
            self._refuse(BadRequest(408, "body_timeout", f"the request body stalled for {seconds:g} s"))
        elif self._parser.in_head and now - self._head_began() > limits.header_timeout_seconds:
            seconds = limits.header_timeout_seconds
            self._refuse(BadRequest(408, "header_timeout", f"the request's head took longer than {seconds:g} s"))
        elif not self._parser.in_head and not self._parser.in_body and quiet > limits.keepalive_seconds:
            self._transport.close()

    def finish_up(self) -> None:
        """No further requests: closes now, or after the answer that is under way."""
        self._last = True
        if not self.busy:
            self._transport.close()

    def abort(self) -> None:
        """Drops the connection, and with it what is under way."""
        self._transport.abort()

    # -- requests

    def _on_request(self, arrived: Arrived) -> None:
        self._leave_owed = False
        if self._closing:
            return
        if self._serving:
            self._waiting.append(arrived)
            if len(self._waiting) >= PIPELINE_LIMIT:
                self._transport.pause_reading()
            return
        self._begin(arrived)

    def _on_continue(self) -> None:
        if self._serving:
            self._leave_owed = True  # an interim answer must not overtake the answers before it
        else:
            self._writer.proceed()

    def _refuse(self, error: BadRequest) -> None:
        self._deaf = True
        if self._serving:
            self._waiting.append(error)
        elif not self._closing:
            self._begin(error)

    def _begin(self, item: Arrived | BadRequest) -> None:
        # Started at once: most answers of our own end before they wait for anything.
        self._serving = True
        task = asyncio.Task(self._run(item), loop=self._loop, eager_start=True)
        self._task = None if task.done() else task

    async def _run(self, item: Arrived | BadRequest) -> None:
        try:
            await self._serve(item)
        except Exception:
            logger.exception("a client connection failed inside ccproxy")
            self.abort()
        finally:
            self._serving, self._task = False, None
            self._advance()

    def _advance(self) -> None:
        """Goes on with the requests that waited. Not by recursion: many small ones fit into one packet."""
        if self._advancing:
            return
        self._advancing = True
        while self._waiting and not self._serving and not self._closing:
            self._transport.resume_reading()
            self._begin(self._waiting.popleft())
        self._advancing = False
        if self._leave_owed and not self._serving and not self._closing:
            self._leave_owed = False
            self._writer.proceed()
        if self._last:
            self.finish_up()
        self._front.settled()

    async def _serve(self, item: Arrived | BadRequest) -> None:
        if isinstance(item, BadRequest):
            exchange = Exchange(self._parser.partial, client=self._peer, timings=Timings(self._parser.started))
            reply = self._front.gateway.reject(exchange, Refused(item.status, item.kind, item.message))
            assert isinstance(reply.body, bytes)
            self._writer.answer(reply, reply.body, exchange.request, keep_alive=False)
            self._writer.linger()
            return
        request = item.request
        reply = await self._front.gateway.handle(Exchange(request, client=self._peer, timings=item.timings))
        keep_alive = item.keep_alive and not self._last
        if reply.tunnel is not None:
            self._open_tunnel(reply.tunnel)
            await self._writer.tunnel(reply, reply.tunnel)
        elif isinstance(reply.body, bytes):
            keep_alive = self._writer.answer(reply, reply.body, request, keep_alive)
        else:
            keep_alive = await self._writer.stream(reply, reply.body, request, keep_alive)
        if not keep_alive:
            self._transport.close()

    def _on_pressure(self, full: bool) -> None:
        """The provider takes less than the client sends, or takes it again."""
        if self._closing:
            return
        if full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _open_tunnel(self, tunnel: Tunnel) -> None:
        """From here on the client's bytes go to the provider, those first that came before the tunnel was open."""
        self._tunnel = tunnel
        self._transport.resume_reading()
        tunnel.watch(self._on_pressure)
        for data in self._early:
            tunnel.write(data)
        self._early.clear()

    @property
    def _closing(self) -> bool:
        return self._transport.is_closing()

    def _head_began(self) -> float:
        return self._loop.time() - max(0.0, time.time() - self._parser.started)
