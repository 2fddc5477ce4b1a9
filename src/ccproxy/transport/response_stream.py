"""One response on its way in: filled by a connection, drained by the gateway."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Protocol, Self

from ccproxy.exchange import Headers
from ccproxy.transport.carrier import OnInterim, TransportError
from ccproxy.transport.upstream import Timeouts

HIGH_WATER = 256 * 1024
"""Bytes that may wait for a slow reader before the provider is told to pause."""


class Source(Protocol):
    """The connection that a response arrives on."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None: ...


class ResponseStream:
    """Implements `transport.Incoming`. Chunks that arrive between two reads are handed over as one."""

    __slots__ = (
        "_buffered", "_chunks", "_complete", "_connection", "_error", "_paused", "_waiter",
        "headers", "http_version", "on_interim", "on_pressure", "reason", "reused", "started", "status", "timeouts",
        "trailers",
    )  # fmt: skip

    def __init__(
        self, connection: Source, timeouts: Timeouts, reused: bool, on_interim: OnInterim | None = None
    ) -> None:
        self.status = 0
        self.reason = b""
        self.headers: Headers = []
        self.http_version = "1.1"
        self.reused = reused
        self.timeouts, self.on_interim = timeouts, on_interim
        self.trailers: Headers = []
        self.started = False
        """True once any byte of the response arrived."""
        self.on_pressure: Callable[[bool], None] | None = None
        self._connection: Source | None = connection
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._complete = False
        self._paused = False
        self._error: TransportError | None = None
        self._waiter: asyncio.Future[None] | None = None

    # -- the connection's side

    def head_arrived(self, status: int, http_version: str) -> None:
        """The head is whole: `head()` may return."""
        self.status, self.http_version = status, http_version
        self._wake()

    def feed(self, chunk: bytes) -> None:
        """Takes a piece of the body; pauses the connection where the reader is slow."""
        self._chunks.append(chunk)
        self._buffered += len(chunk)
        if self._waiter is not None:
            self._wake()
        if self._buffered > HIGH_WATER and not self._paused and self._connection is not None:
            self._paused = True
            self._connection.pause_reading()

    def finish(self) -> None:
        """The body is whole; the connection may serve others while the rest is still being read."""
        self._complete = True
        if self._paused and self._connection is not None:
            self._connection.resume_reading()
        self._connection = None
        self._wake()

    def fail(self, error: TransportError) -> None:
        """The response broke off. What arrived before can still be read."""
        if not self._complete:
            self._error, self._connection = error, None
            self._wake()

    @property
    def waiting(self) -> bool:
        """True if the reader waits for the provider: the time the idle limit counts."""
        return self._waiter is not None

    # -- the reader's side

    @property
    def ready(self) -> bool:
        """See `Incoming.ready`."""
        return bool(self._chunks) or self._complete or self._error is not None

    async def head(self) -> None:
        """Waits for the response's head. Raises TransportError."""
        while not self.status:
            if self._error is not None:
                raise self._error.again()
            await self._wait()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._chunks:
            if self._complete:
                raise StopAsyncIteration
            if self._error is not None:
                raise self._error.again()
            await self._wait()
        return self._take()

    async def read(self, limit: int = sys.maxsize) -> bytes | None:
        """See `Incoming.read`. Raises TransportError if the body breaks off."""
        parts: list[bytes] = []
        size = 0
        while not self._complete:
            if self._error is not None:
                raise self._error.again()
            if size + self._buffered > limit:
                self._chunks[:0], self._buffered = parts, size + self._buffered
                return None
            if self._buffered > HIGH_WATER:
                size += self._buffered
                parts.append(self._take())
            await self._wait()
        parts.append(self._take())
        return b"".join(parts) if len(parts) > 1 else parts[0]

    def write(self, data: bytes) -> None:
        """Raw bytes of an upgraded connection."""
        if self._connection is not None:
            self._connection.write(data)

    def close(self) -> None:
        """See `Incoming.close`: a connection with an unread rest cannot be used again."""
        if self._connection is not None:
            self._connection.abort()
            self._connection = None

    def _take(self) -> bytes:
        chunks = self._chunks
        self._chunks, self._buffered = [], 0
        if self._paused and self._connection is not None:
            self._paused = False
            self._connection.resume_reading()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
