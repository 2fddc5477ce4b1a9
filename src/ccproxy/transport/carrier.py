"""One interface for all carriers: each sends one request and hands back the answer's head, its body still to come."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Literal, Protocol, Self

from ccproxy.exchange import Headers, HttpRequest
from ccproxy.transport.upstream import Upstream

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
    """A provider could not be reached, or broke off. `kind` is stable, the message is for people.

    `untouched` is True where not one byte of an answer came, `stale` besides where the connection had served before:
    the provider had most likely closed it before it saw the request.
    """

    def __init__(self, kind: ErrorKind, message: str, *, untouched: bool = False, stale: bool = False) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.untouched, self.stale = untouched or stale, stale

    def again(self) -> TransportError:
        """The same, to be raised by somebody who keeps this one: a raised error holds on to all that called it."""
        return TransportError(self.kind, str(self), untouched=self.untouched, stale=self.stale)

    @property
    def status(self) -> int:
        """The status to answer with where no response has begun (RFC 9110 §15.6)."""
        return STATUS[self.kind]


type OnInterim = Callable[[int, bytes, Headers], None]
"""Takes status, reason and headers of an interim answer (RFC 9110 §15.2) as it comes."""


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
    trailers: Headers
    """The fields behind the body (RFC 9110 §6.5), once it has ended."""
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

    async def send(
        self, upstream: Upstream, request: HttpRequest, on_interim: OnInterim | None = None, *, fresh: bool = False
    ) -> Incoming:
        """Sends, once, a request whose headers are complete but for framing.

        Args:
            upstream: where to, and how.
            request: what.
            on_interim: told of each interim answer but 100 and 101.
            fresh: True keeps away from connections that have served before.

        Raises:
            TransportError: if no response head came.
        """
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...
