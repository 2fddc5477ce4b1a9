"""One interface for all ways to a provider.

A carrier sends one request and hands back the response's head with its body still to come. Which carrier serves an
origin is decided by its scheme; `http` and `https` go through the native pool.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Literal, Protocol, Self

from ccproxy.exchange import Headers, HttpRequest, Origin

type ErrorKind = Literal[
    "connect",
    "connect_timeout",
    "tls",
    "first_byte_timeout",
    "idle_timeout",
    "reset",
    "truncated",
    "protocol",
    "overloaded",
]

STATUS: dict[ErrorKind, int] = {
    "connect": 502,
    "connect_timeout": 504,
    "tls": 502,
    "first_byte_timeout": 504,
    "idle_timeout": 504,
    "reset": 502,
    "truncated": 502,
    "protocol": 502,
    "overloaded": 503,
}


class TransportError(Exception):
    """A provider could not be reached, or broke off. `kind` is stable, the message is for people."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind

    @property
    def status(self) -> int:
        """The status to answer with where no response has begun (RFC 9110 §15.6)."""
        return STATUS[self.kind]


class Incoming(Protocol):
    """A response: its head, and its body as an async iterator of chunks that are never empty.

    Iterating raises TransportError where the body breaks off. After status 101 the iterator yields the raw bytes of
    the upgraded connection and `write` sends such bytes.
    """

    status: int
    reason: bytes
    headers: Headers
    http_version: str
    reused: bool
    attempts: int
    on_pressure: Callable[[bool], None] | None
    """Called with True where the other side takes less than is written, with False once it has taken it."""

    @property
    def ready(self) -> bool:
        """True if the next chunk, or the end, is there without waiting."""
        ...

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> bytes: ...

    async def read(self, limit: int = sys.maxsize) -> bytes | None:
        """The whole body at once; None if it has more than `limit` bytes: then it is there to be iterated over."""
        ...

    def write(self, data: bytes) -> None:
        """Sends raw bytes on an upgraded connection."""
        ...

    def close(self) -> None:
        """Gives the connection up unless the response is complete. May be called more than once."""
        ...


class Carrier(Protocol):
    """A way to send requests."""

    async def send(self, origin: Origin, request: HttpRequest) -> Incoming:
        """Sends a request whose headers are complete but for framing.

        Raises:
            TransportError: if no response head came.
        """
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...


class Transport:
    """Sends each request by the carrier of its origin's scheme."""

    def __init__(self, carriers: Mapping[str, Carrier]) -> None:
        self._carriers = carriers

    async def send(self, origin: Origin, request: HttpRequest) -> Incoming:
        """See `Carrier.send`."""
        return await self._carriers[origin.scheme].send(origin, request)

    async def close(self) -> None:
        """Closes every carrier once."""
        for carrier in {id(c): c for c in self._carriers.values()}.values():
            await carrier.close()
