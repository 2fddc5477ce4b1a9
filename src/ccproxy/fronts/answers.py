"""The answers that one client connection owes, given in the order of their requests (RFC 9112 §9.3.2)."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ccproxy.exchange import Exchange, HttpRequest, Timings
from ccproxy.fronts.client_writer import ClientWriter
from ccproxy.fronts.request_parser import Arrived, BadRequest
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.gateway import Gateway
from ccproxy.gateway.leaving import cut
from ccproxy.gateway.reply import Tunnel

logger = logging.getLogger(__name__)

PIPELINE_LIMIT = 16
PIPELINE_BYTES = 1024 * 1024
"""Requests, and bytes of their bodies, that may wait for the answers before theirs until no more is read."""


@dataclass(slots=True)
class Rejected:
    """A request that never became whole, as far as it came."""

    error: BadRequest
    request: HttpRequest
    timings: Timings


class Answers:
    """Hands requests to the gateway, one at a time, and writes what it replies.

    Args:
        gateway: answers the requests.
        transport: the client's.
        begin: makes the exchange of a request.
        on_tunnel: called with the provider's side once a WebSocket is open.
        on_settled: called whenever nothing is owed any more.
    """

    def __init__(
        self,
        gateway: Gateway,
        transport: asyncio.Transport,
        begin: Callable[[HttpRequest, Timings], Exchange],
        on_tunnel: Callable[[Tunnel], None],
        on_settled: Callable[[], None],
    ) -> None:
        self.writer = ClientWriter(transport)
        self._gateway, self._transport, self._begin_exchange = gateway, transport, begin
        self._on_tunnel, self._on_settled = on_tunnel, on_settled
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Arrived | Rejected] = deque()
        self._task: asyncio.Task[None] | None = None
        self._serving = self._advancing = self._leave_owed = self._last = False

    @property
    def owed(self) -> bool:
        """True while an answer is owed."""
        return self._serving or bool(self._waiting)

    def take(self, item: Arrived | Rejected) -> None:
        """Answers a request, now or after those before it."""
        self._leave_owed = False
        if self._transport.is_closing():
            return
        if not self._serving:
            self._begin(item)
            return
        self._waiting.append(item)
        if len(self._waiting) >= PIPELINE_LIMIT or self._waiting_bytes() > PIPELINE_BYTES:
            self._transport.pause_reading()

    def owe_leave(self) -> None:
        """A client waits for leave to send its body. An interim answer must not overtake the answers before it."""
        if self._serving:
            self._leave_owed = True
        else:
            self.writer.proceed()

    def finish_up(self) -> None:
        """No further requests: closes now, or after the answers that are owed."""
        self._last = True
        if not self.owed:
            self._transport.close()

    def cancel(self) -> None:
        """The client is gone."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    def cut(self) -> None:
        """ccproxy stops: the answer under way ends in words that say so, as far as it still can."""
        self._waiting.clear()
        if self._task is not None:
            cut(self._task)

    def _waiting_bytes(self) -> int:
        return sum(len(item.request.body) for item in self._waiting)

    def _begin(self, item: Arrived | Rejected) -> None:
        # Started at once: most answers of our own end before they wait for anything.
        self._serving = True
        task = asyncio.Task(self._run(item), loop=self._loop, eager_start=True)
        self._task = None if task.done() else task

    async def _run(self, item: Arrived | Rejected) -> None:
        try:
            await (self._reject(item) if isinstance(item, Rejected) else self._serve(item))
        except Exception:
            logger.exception("a client connection failed inside ccproxy")
            self._transport.abort()
        finally:
            self._serving, self._task = False, None
            self._advance()

    def _advance(self) -> None:
        """Goes on with the requests that waited. Not by recursion: many small ones fit into one packet."""
        if self._advancing:
            return
        self._advancing = True
        while self._waiting and not self._serving and not self._transport.is_closing():
            self._transport.resume_reading()
            self._begin(self._waiting.popleft())
        self._advancing = False
        if self._leave_owed and not self._serving and not self._transport.is_closing():
            self._leave_owed = False
            self.writer.proceed()
        if self._last:
            self.finish_up()
        self._on_settled()

    async def _reject(self, item: Rejected) -> None:
        exchange = self._begin_exchange(item.request, item.timings)
        reply = self._gateway.reject(exchange, Refused(item.error.status, item.error.kind, item.error.message))
        assert isinstance(reply.body, bytes)
        self.writer.answer(reply, reply.body, item.request, keep_alive=False)
        self.writer.linger()

    async def _serve(self, item: Arrived) -> None:
        request = item.request
        exchange = self._begin_exchange(request, item.timings)
        extras = exchange.front == "reverse" and request.http_version == "1.1"  # the jail's interceptor reads neither
        reply = await self._gateway.handle(exchange, self.writer.interim if extras else None)
        keep_alive = item.keep_alive and not self._last
        if reply.tunnel is not None:
            self._on_tunnel(reply.tunnel)
            await self.writer.tunnel(reply, reply.tunnel)
        elif isinstance(reply.body, bytes):
            keep_alive = self.writer.answer(reply, reply.body, request, keep_alive)
        else:
            keep_alive = await self.writer.stream(reply, reply.body, request, keep_alive, trailers=extras)
        if not keep_alive:
            self._transport.close()
