"""Connections to providers, shared by all clients: plain and TLS (verified) HTTP/1.1.

The shape is httpcore's: idle connections are taken last in, first out, so that the pool shrinks by itself when the
load does. Time limits are kept by one sweep over all connections instead of a timer an event.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass

from ccproxy.exchange import HttpRequest, Origin
from ccproxy.transport.carrier import OnInterim, TransportError
from ccproxy.transport.connection import Connection
from ccproxy.transport.dialing import Dialer
from ccproxy.transport.failures import place_of, proxy_refusal, timeout_error
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.upstream import Timeouts, Upstream


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an idle connection is kept, in seconds, and the most connections to one upstream."""

    keepalive: float = 60.0
    connections: int = 1024


LONGEST_TICK, SHORTEST_TICK = 1.0, 0.02
"""Seconds between two sweeps: often enough that a limit is overrun by a quarter at most."""


type Turn = asyncio.Future[Connection | None]
"""What a request waits for: a connection that has become free, or None for leave to open one."""


@dataclass(slots=True)
class _UpstreamState:
    """As long as somebody waits, nothing is idle and all places are taken, so that nobody can push in."""

    idle: list[Connection]
    waiters: deque[Turn]
    open: int = 0
    """Places taken: connections, those being made, and leaves given to make one."""


class NativePool:
    """A `Carrier` on asyncio, llhttp and OpenSSL."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._upstreams: defaultdict[Upstream, _UpstreamState] = defaultdict(lambda: _UpstreamState([], deque()))
        self._connections: set[Connection] = set()
        self._dialer = Dialer()
        self._sweeper: asyncio.TimerHandle | None = None
        self._tick = LONGEST_TICK
        self._watched: Timeouts | None = None
        self._closed = False

    async def send(
        self, upstream: Upstream, request: HttpRequest, on_interim: OnInterim | None = None, *, fresh: bool = False
    ) -> ResponseStream:
        """Sends on a warm connection if there is one. See `Carrier.send`."""
        if upstream.timeouts is not self._watched:
            self._watch(upstream.timeouts)
        connection = await self._acquire(upstream, fresh)
        stream = connection.send(request, upstream.timeouts, on_interim)
        await self._head(stream)
        if stream.status == 407 and connection.forwarded and upstream.proxy is not None:
            stream.close()
            raise proxy_refusal(upstream.proxy, upstream.origin, 407)
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

    async def _acquire(self, upstream: Upstream, fresh: bool) -> Connection:
        state = self._upstreams[upstream]
        while True:
            while state.idle and not fresh:
                connection = state.idle.pop()
                if connection.quiet:
                    return connection
                connection.abort()
            if state.open < self._limits.connections:
                state.open += 1
                return await self._connect(upstream, state)
            if state.idle:
                state.idle.pop(0).abort()  # makes room for the fresh one
            free = await self._turn(upstream, state)
            if free is None:
                return await self._connect(upstream, state)
            if free.usable:
                return free

    async def _turn(self, upstream: Upstream, state: _UpstreamState) -> Connection | None:
        turn: Turn = asyncio.get_running_loop().create_future()
        state.waiters.append(turn)
        try:
            async with asyncio.timeout(upstream.timeouts.first_byte):
                return await turn
        except BaseException as error:
            self._stopped_waiting(state, turn)
            if isinstance(error, TimeoutError):
                limit = self._limits.connections
                raise TransportError("overloaded", f"all {limit} connections to {upstream.origin} are busy") from None
            raise

    def _stopped_waiting(self, state: _UpstreamState, turn: Turn) -> None:
        if turn in state.waiters:
            state.waiters.remove(turn)
        elif not turn.cancelled():  # the turn had come: it is the next one's
            free = turn.result()
            if free is None:
                self._freed(state)
            elif free.usable:
                self._idle(free)

    async def _connect(self, upstream: Upstream, state: _UpstreamState) -> Connection:
        """Takes a place that `state.open` counts already."""
        if self._closed:
            self._freed(state)
            raise TransportError("connect", "ccproxy is stopping")
        limit = upstream.timeouts.connect
        try:
            async with asyncio.timeout(limit):
                connection = await self._dialer.dial(upstream, lambda: Connection(upstream, self._idle, self._lost))
        except BaseException as error:
            self._freed(state)
            if isinstance(error, TimeoutError):
                raise timeout_error(place_of(upstream), "connect_timeout", limit) from error
            raise
        self._connections.add(connection)
        if connection.closed:
            self._lost(connection)
        return connection

    def _idle(self, connection: Connection) -> None:
        state = self._upstreams[connection.upstream]
        if not self._give(state, connection):
            state.idle.append(connection)

    def _lost(self, connection: Connection) -> None:
        if connection in self._connections:
            self._connections.discard(connection)
            state = self._upstreams[connection.upstream]
            if connection in state.idle:
                state.idle.remove(connection)
            self._freed(state)

    def _freed(self, state: _UpstreamState) -> None:
        if not self._give(state, None):
            state.open -= 1

    def _give(self, state: _UpstreamState, free: Connection | None) -> bool:
        while state.waiters:
            turn = state.waiters.popleft()
            if not turn.done():
                turn.set_result(free)
                return True
        return False

    def _watch(self, timeouts: Timeouts) -> None:
        """Looks often enough for these limits too."""
        self._watched = timeouts
        tick = max(SHORTEST_TICK, min(timeouts.first_byte, timeouts.idle, self._limits.keepalive) / 4)
        if self._sweeper is None or tick < self._tick:
            if self._sweeper is not None:
                self._sweeper.cancel()
            self._tick = min(tick, self._tick)
            self._sweeper = asyncio.get_running_loop().call_later(self._tick, self._sweep)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._connections):
            stream, silence = connection.stream, connection.silence(now)
            if stream is None:
                if silence > self._limits.keepalive:
                    connection.abort()
            elif stream.waiting and (error := overdue(stream, silence, connection.origin)) is not None:
                connection.expire(error)
        self._sweeper = loop.call_later(self._tick, self._sweep)


def overdue(stream: ResponseStream, silence: float, origin: Origin) -> TransportError | None:
    """The error for a provider that has been silent for too long; `silence` in seconds."""
    timeouts = stream.timeouts
    if not stream.status:
        late = silence > timeouts.first_byte
        return timeout_error(origin, "first_byte_timeout", timeouts.first_byte) if late else None
    if stream.status != 101 and silence > timeouts.idle:
        return timeout_error(origin, "idle_timeout", timeouts.idle)
    return None
