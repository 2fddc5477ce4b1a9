"""One client connection of the reverse listener."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import TYPE_CHECKING, cast

from ccproxy.exchange import Exchange, Timings
from ccproxy.fronts.request_parser import Arrived, BadRequest, RequestParser
from ccproxy.fronts.response_head import CONTINUE, Framing, render, render_upgrade
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.reply import Body, BodyBroken, Reply, Tunnel

if TYPE_CHECKING:
    from ccproxy.fronts.reverse import ReverseFront

logger = logging.getLogger(__name__)

PIPELINE_LIMIT = 16
LINGER = 2.0
"""Seconds in which a client that is still sending may read the answer that ends its connection."""


class HttpConnection(asyncio.Protocol):
    """Reads requests and answers them in their order. Answers of a task are awaited before the next begins."""

    def __init__(self, front: ReverseFront) -> None:
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser(front.limits, self._on_request, self._on_continue)
        self._transport: asyncio.Transport  # from `connection_made` on
        self._peer: tuple[str, int] | None = None
        self._waiting: deque[Arrived | BadRequest] = deque()
        self._task: asyncio.Task[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._tunnel: Tunnel | None = None
        self._early: list[bytes] = []
        self._deaf = self._upgrading = self._last = self._writing_paused = False
        self._last_data = self._loop.time()

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer = (peer[0], peer[1]) if peer else None
        self._front.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._last_data = self._loop.time()
        if self._tunnel is not None:
            self._tunnel.write(data)
        elif self._upgrading:
            self._early.append(data)
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
        elif self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # -- the front's side

    @property
    def busy(self) -> bool:
        """True while an answer is owed."""
        return self._task is not None or bool(self._waiting)

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
        if self._closing:
            return
        if self._task is not None:
            self._waiting.append(arrived)
            if len(self._waiting) >= PIPELINE_LIMIT:
                self._transport.pause_reading()
            return
        self._begin(arrived)

    def _on_continue(self) -> None:
        if self._task is None:
            self._transport.write(CONTINUE)

    def _refuse(self, error: BadRequest) -> None:
        self._deaf = True
        if self._task is not None:
            self._waiting.append(error)
        elif not self._closing:
            self._begin(error)

    def _begin(self, item: Arrived | BadRequest) -> None:
        # Started at once: most answers of our own end before they wait for anything.
        task = asyncio.Task(self._serve(item), loop=self._loop, eager_start=True)
        if task.done():
            self._ended(task)
        else:
            self._task = task
            task.add_done_callback(self._ended)

    async def _serve(self, item: Arrived | BadRequest) -> None:
        if isinstance(item, BadRequest):
            exchange = Exchange(self._parser.partial, client=self._peer, timings=Timings(self._parser.started))
            reply = self._front.gateway.reject(exchange, Refused(item.status, item.kind, item.message))
            self._answer(reply, exchange.request.method, "1.1", keep_alive=False)
            self._linger()
            return
        request = item.request
        exchange = Exchange(request, client=self._peer, timings=item.timings)
        reply = await self._front.gateway.handle(exchange)
        keep_alive = item.keep_alive and not self._last
        if reply.tunnel is not None:
            await self._run_tunnel(reply, reply.tunnel)
        elif isinstance(reply.body, bytes):
            keep_alive = self._answer(reply, request.method, request.http_version, keep_alive)
        else:
            keep_alive = await self._stream(reply, reply.body, request.method, request.http_version, keep_alive)
        if not keep_alive:
            self._transport.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a client connection failed inside ccproxy", exc_info=error)
            self.abort()
            return
        if self._waiting and not self._closing:
            self._transport.resume_reading()
            self._begin(self._waiting.popleft())
            return
        if self._last:
            self.finish_up()
        self._front.settled()

    @property
    def _closing(self) -> bool:
        return self._transport.is_closing()

    # -- answers

    def _answer(self, reply: Reply, method: str, version: str, keep_alive: bool) -> bool:
        assert isinstance(reply.body, bytes)
        framing = Framing(reply, method, version, keep_alive)
        head = render(reply, framing, version)
        self._transport.write(head if framing.bodiless else head + reply.body)
        return framing.keep_alive

    async def _stream(self, reply: Reply, body: Body, method: str, version: str, keep_alive: bool) -> bool:
        write, framing = self._transport.write, Framing(reply, method, version, keep_alive)
        unsent = render(reply, framing, version)
        try:
            if not body.ready:
                write(unsent)
                unsent = b""
            async for chunk in body:
                unsent += b"%x\r\n%b\r\n" % (len(chunk), chunk) if framing.chunked else chunk
                if body.ready:
                    continue  # what follows at once goes out in the same packet
                write(unsent)
                unsent = b""
                if self._writing_paused:
                    await self._drain()
            write(unsent + b"0\r\n\r\n" if framing.chunked else unsent)
        except BodyBroken:
            self.abort()  # the one way to tell a client that what it has is not the whole
            return False
        finally:
            body.close()
        return framing.keep_alive

    async def _run_tunnel(self, reply: Reply, tunnel: Tunnel) -> None:
        try:
            self._transport.write(render_upgrade(reply))
            self._tunnel = tunnel
            for data in self._early:
                tunnel.write(data)
            self._early.clear()
            async for data in tunnel:
                self._transport.write(data)
                if self._writing_paused:
                    await self._drain()
        finally:
            tunnel.close()
            self._transport.close()

    async def _drain(self) -> None:
        self._drained = self._loop.create_future()
        try:
            await self._drained
        finally:
            self._drained = None

    def _linger(self) -> None:
        """Closes in a way that a client which is still sending can read the answer (RFC 9112 §9.6)."""
        if not self._closing:
            with contextlib.suppress(OSError, RuntimeError):
                self._transport.write_eof()
            self._loop.call_later(LINGER, self.abort)

    def _head_began(self) -> float:
        return self._loop.time() - max(0.0, self._front.clock() - self._parser.started)
