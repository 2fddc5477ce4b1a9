"""Connections to where somebody else's URL leads: its name is looked up once, judged, and not asked for again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import zip_longest
from socket import SOCK_STREAM

from ccproxy.exchange import HttpRequest, Origin
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.connection import Connection
from ccproxy.transport.dialing import Dialer
from ccproxy.transport.failures import connect_error, place_of, timeout_error
from ccproxy.transport.no_proxy import Address, as_address
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.upstream import Upstream
from ccproxy.transport.web_address import Refused

type Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a name, for a port. Raises OSError."""
type Allowed = Callable[[Address], bool]
"""Tells whether a request may go to an address."""

TRIED = 4
"""Addresses of a name at most; they share the time."""


async def resolved(host: str, port: int) -> Sequence[str]:
    """What the system says; in a thread, for it may take long."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Reach:
    """See `Outside`, whose arguments these are. Every request has a connection of its own."""

    def __init__(self, allowed: Allowed, resolve: Resolve) -> None:
        self._allowed, self._resolve, self._dialer = allowed, resolve, Dialer()

    @asynccontextmanager
    async def answer(
        self, upstream: Upstream, request: HttpRequest, seconds: float, *, judged: bool = True
    ) -> AsyncIterator[ResponseStream]:
        """The answer to a request, its body still to come; with the block its connection ends.

        `seconds` is for the connection. `judged` is False where any address will do. Raises Refused, TransportError.
        """
        proxy = upstream.proxy
        if proxy is not None and proxy.scheme not in ("http", "https"):
            raise Refused(f"it cannot be asked by the proxy {proxy}, but by one for http")
        addresses = await self._addresses(upstream) if judged else [None]
        connection = await self._connected(upstream, addresses, seconds)
        try:
            stream = connection.send(request, upstream.timeouts)
            await stream.head()
            yield stream
        finally:
            connection.abort()

    async def _addresses(self, upstream: Upstream) -> Sequence[str]:
        """Those of an origin, both families in turn. Raises Refused unless a request may go to all of them."""
        origin = upstream.origin
        if upstream.proxy is not None and origin.scheme != "https":
            raise Refused(f"the proxy {upstream.proxy} would choose the address itself; by https it cannot")
        families: dict[int, list[str]] = {}
        for text in dict.fromkeys(await self._looked_up(origin)):
            address = as_address(text)
            if address is None or not self._allowed(address):
                raise Refused(f"{origin.host} is not, or not only, on the public internet")
            families.setdefault(address.version, []).append(str(address))
        found = [one for turn in zip_longest(*families.values()) for one in turn if one is not None]
        if not found:
            raise Refused(f"{origin.host} has no address")
        return found[:TRIED]

    async def _looked_up(self, origin: Origin) -> Sequence[str]:
        if as_address(origin.host) is not None:
            return [origin.host]
        try:
            return await self._resolve(origin.host, origin.port)
        except (OSError, UnicodeError) as error:
            raise connect_error(origin, origin.host, error) from error

    async def _connected(self, upstream: Upstream, addresses: Sequence[str | None], seconds: float) -> Connection:
        """A connection to the first address that takes one. Raises TransportError."""
        share, failed = seconds / len(addresses), TransportError("connect", f"no connection to {upstream.origin}")
        for address in addresses:
            try:
                async with asyncio.timeout(share):
                    return await self._dialer.dial(upstream, lambda: lone(upstream), address)
            except TransportError as error:
                failed = error
            except TimeoutError:
                failed = timeout_error(place_of(upstream), "connect_timeout", share)
        raise failed


def lone(upstream: Upstream) -> Connection:
    """A connection that is in no pool."""
    return Connection(upstream, Connection.abort, lambda connection: None)
