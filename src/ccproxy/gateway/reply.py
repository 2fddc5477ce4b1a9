"""What the gateway hands back to a front."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self

from ccproxy.exchange import Headers

type Pressure = Callable[[bool], None]


class BodyBroken(Exception):
    """Raised by a body's iterator: the answer cannot be completed, and the client's connection must not end well."""


class Body(Protocol):
    """A body in chunks. A chunk may be empty: nothing is due yet. Whoever holds it calls `close` at the end, however
    that came about."""

    @property
    def ready(self) -> bool:
        """True if the next chunk, or the end, is there without waiting."""
        ...

    @property
    def trailers(self) -> Headers:
        """The fields behind the body (RFC 9110 §6.5), once it has ended."""
        ...

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> bytes: ...

    def close(self) -> None:
        """No more chunks are wanted. May be called more than once."""
        ...


class Tunnel(Protocol):
    """The provider's side of an upgraded connection: iterating yields its raw bytes until it hangs up."""

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> bytes: ...

    def close(self) -> None:
        """The client has hung up, or nothing more will be read. May be called more than once."""
        ...

    def write(self, data: bytes) -> None:
        """Sends raw bytes to the provider."""
        ...

    def watch(self, on_pressure: Pressure) -> None:
        """Has `on_pressure` called with True where the provider takes less than is written, with False once it has."""
        ...


@dataclass(slots=True)
class Reply:
    """A response for the client: its head, and a body at once or in chunks.

    Headers carry no hop-by-hop fields; framing is the front's business, which keeps a `content-length` it is given.
    """

    status: int
    headers: Headers
    body: bytes | Body = b""
    reason: bytes | None = None
    """The provider's reason phrase, which may be empty; None stands for the registered one."""
    tunnel: Tunnel | None = None
    """Set with status 101 instead of a body."""


def with_told(reply: Reply, told: Headers) -> Reply:
    """A reply with fields of our own; they take the place of others by these names."""
    names = {name.lower() for name, _ in told}
    others = [header for header in reply.headers if header[0].lower() not in names]
    return replace(reply, headers=[*others, *told])


DROPPED = b"x-ccproxy-dropped"


def with_left_out(reply: Reply, left_out: Mapping[str, int]) -> Reply:
    """A reply that tells what did not reach the provider, beside what it tells already. The record tells it itself."""
    told = [value for name, value in reply.headers if name == DROPPED]
    own = ", ".join(f"{name}={count}" for name, count in left_out.items()).encode("ascii", "replace")
    others = [header for header in reply.headers if header[0] != DROPPED]
    return replace(reply, headers=[*others, (DROPPED, b", ".join([*told, own]))])
