"""New connections: straight to the origin, to a proxy that forwards, or by a tunnel through one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace

from ccproxy.exchange import Origin
from ccproxy.fingerprint.fingerprint import Fingerprint
from ccproxy.transport.connection import Connection
from ccproxy.transport.failures import connect_error, untouched
from ccproxy.transport.request_head import render_connect
from ccproxy.transport.tls import TrustStore
from ccproxy.transport.tunnel import ProxyAnswer
from ccproxy.transport.upstream import Proxy, Upstream

type Make = Callable[[], Connection]


@dataclass(frozen=True, slots=True)
class Stop:
    """A machine on the way: what it is called in errors, where it is, and the TLS that it is to speak."""

    place: Origin | str
    host: str
    port: int
    context: ssl.SSLContext | None
    seconds: float
    """For the handshake. The loop keeps one that was cancelled for so long."""
    address: str | None = None
    """Of the host, where no other will do."""

    @property
    def name(self) -> str:
        """What its certificate has to name: a host without the dot of the DNS root (RFC 6066 §3)."""
        return self.host.removesuffix(".")


class Dialer:
    """Makes connections that are ready for a request. The time limit on all of it is the caller's."""

    def __init__(self) -> None:
        self._trust = TrustStore()

    async def dial(self, upstream: Upstream, make: Make, address: str | None = None) -> Connection:
        """A connection by `make`, there and, for https, verified. Raises TransportError.

        `address` is the only one of the host's to connect to; a proxy that makes no tunnel would choose another.
        """
        origin, proxy = upstream.origin, upstream.proxy
        secure = origin.scheme == "https"
        seconds = upstream.timeouts.connect
        context = await self._context(secure, upstream, upstream.fingerprint)
        end = Stop(origin, origin.host, origin.port, context, seconds, address)
        if proxy is None:
            return await open_connection(end, make)
        context = await self._context(proxy.scheme == "https", upstream)
        first = Stop(f"the proxy {proxy}", proxy.host, proxy.port, context, seconds)
        if not secure:
            return await open_connection(first, make)
        there = origin if address is None else replace(origin, host=address)
        return await secured(await tunnel(there, proxy, first), end, make)

    async def _context(
        self, secure: bool, upstream: Upstream, fingerprint: Fingerprint | None = None
    ) -> ssl.SSLContext | None:
        return await self._trust.context(upstream.ca_file, fingerprint) if secure else None


async def open_connection[P: asyncio.BaseProtocol](stop: Stop, make: Callable[[], P]) -> P:
    """A protocol that is connected. Raises TransportError."""
    seconds, name = (stop.seconds, stop.name) if stop.context is not None else (None, None)
    try:
        _, protocol = await asyncio.get_running_loop().create_connection(
            make,
            stop.address or stop.host,
            stop.port,
            ssl=stop.context,
            server_hostname=name,
            ssl_handshake_timeout=seconds,
        )
    except Exception as error:
        raise connect_error(stop.place, stop.host, error) from error
    return protocol


async def tunnel(origin: Origin, proxy: Proxy, stop: Stop) -> asyncio.Transport:
    """A connection to a proxy that passes on what is written from now on. Raises TransportError."""
    answer = await open_connection(stop, lambda: ProxyAnswer(proxy, origin))
    try:
        answer.transport.write(render_connect(origin, proxy))
        await answer.granted()
    except BaseException:
        answer.transport.abort()
        raise
    return answer.transport


async def secured(below: asyncio.Transport, stop: Stop, make: Make) -> Connection:
    """A connection with TLS on another one, which may have TLS too. Raises TransportError."""
    assert stop.context is not None
    connection = make()
    connection.connection_made(below)
    try:
        above = await asyncio.get_running_loop().start_tls(
            below, connection, stop.context, server_hostname=stop.name, ssl_handshake_timeout=stop.seconds
        )
    except BaseException as error:
        below.abort()
        if isinstance(error, Exception):
            raise connect_error(stop.place, stop.host, error) from error
        raise
    if above is None:
        raise untouched(f"{stop.place} closed the connection")
    connection.secured(above)
    return connection
