"""Connections to providers, shared by all clients: plain and TLS (verified) HTTP/1.1.

The shape is httpcore's: idle connections are taken last in, first out, so that the pool shrinks by itself when the
load does. Time limits are kept by one sweep over all connections instead of a timer an event.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict, deque
from dataclasses import dataclass

from ccproxy.exchange import HttpRequest, Origin
from ccproxy.transport.connection import Connection
from ccproxy.transport.failures import connect_error, timeout_error
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.tls import verified_context
from ccproxy.transport.transport import TransportError


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits in seconds, and the most connections to one origin."""

    connect: float = 10.0
    first_byte: float = 600.0
    idle: float = 300.0
    keepalive: float = 60.0
    connections: int = 1024

    @property
    def tick(self) -> float:
        """How often to look: often enough that a limit is overrun by a quarter at most."""
        return min(1.0, max(0.02, min(self.first_byte, self.idle, self.keepalive) / 4))


type Turn = asyncio.Future[Connection | None]
"""What a request waits for: a connection that has become free, or None for leave to open one."""


@dataclass(slots=True)
class _OriginState:
    """As long as somebody waits, nothing is idle and all places are taken, so that nobody can push in."""

    idle: list[Connection]
    waiters: deque[Turn]
    open: int = 0
    """Places taken: connections, those being made, and leaves given to make one."""


class NativePool:
    """A `Carrier` on asyncio, llhttp and OpenSSL."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._origins: defaultdict[Origin, _OriginState] = defaultdict(lambda: _OriginState([], deque()))
        self._connections: set[Connection] = set()
        self._tls: ssl.SSLContext | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    async def send(self, origin: Origin, request: HttpRequest) -> ResponseStream:
        """Sends on a warm connection if there is one. See `Carrier.send`.

        A provider may close an idle connection at the very moment we use it. Such a request, of which not one byte
        was answered, is sent once more on a fresh connection, as curl does.
        """
        connection = await self._acquire(origin, fresh=False)
        stream = connection.send(request)
        try:
            await self._head(stream)
        except TransportError as error:
            if error.kind != "reset" or not stream.reused or stream.started:
                raise
            stream = (await self._acquire(origin, fresh=True)).send(request)
            stream.attempts = 2
            await self._head(stream)
        return stream

    async def close(self) -> None:
        """Drops every connection; whoever waits for an answer or a connection gets an error."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in list(self._connections):
            connection.abort()

    async def _head(self, stream: ResponseStream) -> None:
        try:
            await stream.head()
        except asyncio.CancelledError:
            stream.close()  # the client went away: so does the request
            raise

    async def _acquire(self, origin: Origin, fresh: bool) -> Connection:
        state = self._origins[origin]
        while True:
            while state.idle and not fresh:
                connection = state.idle.pop()
                if connection.quiet:
                    return connection
                connection.abort()
            if state.open < self._limits.connections:
                state.open += 1
                return await self._connect(origin, state)
            if state.idle:
                state.idle.pop(0).abort()  # makes room for the fresh one
            free = await self._turn(origin, state)
            if free is None:
                return await self._connect(origin, state)
            if free.usable:
                return free

    async def _turn(self, origin: Origin, state: _OriginState) -> Connection | None:
        turn: Turn = asyncio.get_running_loop().create_future()
        state.waiters.append(turn)
        try:
            async with asyncio.timeout(self._limits.first_byte):
                return await turn
        except BaseException as error:
            self._stopped_waiting(state, turn)
            if isinstance(error, TimeoutError):
                limit = self._limits.connections
                raise TransportError("overloaded", f"all {limit} connections to {origin} are busy") from None
            raise

    def _stopped_waiting(self, state: _OriginState, turn: Turn) -> None:
        if turn in state.waiters:
            state.waiters.remove(turn)
        elif not turn.cancelled():  # the turn had come: it is the next one's
            free = turn.result()
            if free is None:
                self._freed(state)
            elif free.usable:
                self._idle(free)

    async def _connect(self, origin: Origin, state: _OriginState) -> Connection:
        """Takes a place that `state.open` counts already."""
        if self._closed:
            self._freed(state)
            raise TransportError("connect", "ccproxy is stopping")
        loop = asyncio.get_running_loop()
        if self._sweeper is None:
            self._sweeper = loop.call_later(self._limits.tick, self._sweep)
        try:
            async with asyncio.timeout(self._limits.connect):
                _, connection = await loop.create_connection(
                    lambda: Connection(origin, self._idle, self._lost),
                    origin.host,
                    origin.port,
                    ssl=self._tls_context() if origin.scheme == "https" else None,
                )
        except BaseException as error:
            self._freed(state)
            if isinstance(error, Exception):
                raise connect_error(origin, error, self._limits.connect) from error
            raise
        self._connections.add(connection)
        if connection.closed:
            self._lost(connection)
        return connection

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = verified_context()
        return self._tls

    def _idle(self, connection: Connection) -> None:
        state = self._origins[connection.origin]
        if not self._give(state, connection):
            state.idle.append(connection)

    def _lost(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.discard(connection)
            state = self._origins[connection.origin]
            if connection in state.idle:
                state.idle.remove(connection)
            self._freed(state)

    def _freed(self, state: _OriginState) -> None:
        if not self._give(state, None):
            state.open -= 1

    def _give(self, state: _OriginState, free: Connection | None) -> bool:
        while state.waiters:
            turn = state.waiters.popleft()
            if not turn.done():
                turn.set_result(free)
                return True
        return False

    def _sweep(self) -> None:
        loop, limits = asyncio.get_running_loop(), self._limits
        now = loop.time()
        for connection in list(self._connections):
            stream, silence = connection.stream, connection.silence(now)
            if stream is None:
                if silence > limits.keepalive:
                    connection.abort()
            elif stream.waiting and not stream.status and silence > limits.first_byte:
                connection.expire(timeout_error(connection.origin, "first_byte_timeout", limits.first_byte))
            elif stream.waiting and stream.status not in (0, 101) and silence > limits.idle:
                connection.expire(timeout_error(connection.origin, "idle_timeout", limits.idle))
        self._sweeper = loop.call_later(limits.tick, self._sweep)
