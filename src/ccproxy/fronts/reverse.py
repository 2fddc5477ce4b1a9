"""The reverse listener: an HTTP/1.1 server on exactly one address, feeding the gateway."""

from __future__ import annotations

import asyncio
import contextlib

from ccproxy.config.services import Listener as ListenerSettings
from ccproxy.exchange import Exchange, HttpRequest, Timings
from ccproxy.fronts.http_connection import HttpConnection
from ccproxy.gateway.gateway import Gateway

BACKLOG = 2048
"""Connections that may wait to be accepted; asyncio's 100 makes a burst wait for a second."""
LAST_WORDS = 1.0
"""Seconds in which clients whose answers were cut off take what they are told of it."""


class ReverseFront:
    """Accepts clients until stopped."""

    def __init__(self, gateway: Gateway, limits: ListenerSettings) -> None:
        self.gateway, self.limits = gateway, limits
        self.connections: set[HttpConnection] = set()
        self._stopping, self._quiet, self._empty = False, asyncio.Event(), asyncio.Event()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens on `host:port`; returns the port, which the system chooses for 0. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: HttpConnection(self), host, port, backlog=BACKLOG)
        self._sweeper = loop.call_later(self._tick, self._sweep)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, grace: float) -> None:
        """Refuses new clients, lets answers under way finish for `grace` seconds, then cuts off what is left."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self.connections):
            connection.finish_up()
        self.settled()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._quiet.wait()
        for connection in list(self.connections):
            connection.cut()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self._empty.wait()
        for connection in list(self.connections):
            connection.abort()
        await asyncio.sleep(0)

    def exchange(self, request: HttpRequest, peer: tuple[str, int] | None, timings: Timings) -> Exchange:
        """The record of a request that has come from `peer`."""
        return Exchange(request, client=peer, timings=timings)

    def settled(self) -> None:
        """A connection has answered what it owed, or is gone: while stopping, maybe the last one."""
        if self._stopping and not any(connection.busy for connection in self.connections):
            self._quiet.set()
        if self._stopping and not self.connections:
            self._empty.set()

    @property
    def _tick(self) -> float:
        limits = self.limits
        shortest = min(limits.header_timeout_seconds, limits.body_timeout_seconds, limits.keepalive_seconds)
        return min(1.0, max(0.02, shortest / 4))

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in list(self.connections):
            connection.check(loop.time())
        self._sweeper = loop.call_later(self._tick, self._sweep)
