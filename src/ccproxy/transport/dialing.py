"""New connections: straight to the origin, to a proxy that forwards, or by a tunnel through one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from ccproxy.exchange import Origin
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.connection import Connection
from ccproxy.transport.failures import connect_error
from ccproxy.transport.request_head import render_connect
from ccproxy.transport.tls import TrustStore
from ccproxy.transport.tunnel import ProxyAnswer
from ccproxy.transport.upstream import Proxy, Upstream

type Make = Callable[[], Connection]


class Dialer:
    """Makes connections that are ready for a request. Time limits are the caller's."""

    def __init__(self) -> None:
        self._trust = TrustStore()

    async def dial(self, upstream: Upstream, make: Make) -> Connection:
        """A connection by `make`, there and, for https, verified. Raises TransportError."""
        origin, proxy = upstream.origin, upstream.proxy
        secure = origin.scheme == "https"
        context = await self._trust.context(upstream.ca_file, upstream.fingerprint) if secure else None
        if proxy is None:
            return await open_connection(origin, origin.host, origin.port, context, make)
        proxy_context = await self._trust.context(upstream.ca_file) if proxy.scheme == "https" else None
        if context is None:
            return await open_connection(f"the proxy {proxy}", proxy.host, proxy.port, proxy_context, make)
        transport = await tunnel(origin, proxy, proxy_context)
        return await secured(origin, transport, context, make)


async def open_connection[P: asyncio.BaseProtocol](
    place: Origin | str, host: str, port: int, context: ssl.SSLContext | None, make: Callable[[], P]
) -> P:
    """A protocol that is connected to a `place`. Raises TransportError."""
    try:
        _, protocol = await asyncio.get_running_loop().create_connection(make, host, port, ssl=context)
    except Exception as error:
        raise connect_error(place, host, error) from error
    return protocol


async def tunnel(origin: Origin, proxy: Proxy, context: ssl.SSLContext | None) -> asyncio.Transport:
    """A connection to a proxy that passes on what is written from now on. Raises TransportError."""
    place = f"the proxy {proxy}"
    answer = await open_connection(place, proxy.host, proxy.port, context, lambda: ProxyAnswer(proxy, origin))
    try:
        answer.transport.write(render_connect(origin, proxy))
        await answer.granted()
    except BaseException:
        answer.transport.abort()
        raise
    return answer.transport


async def secured(origin: Origin, below: asyncio.Transport, context: ssl.SSLContext, make: Make) -> Connection:
    """A connection with TLS on another one, which may have TLS too. Raises TransportError."""
    connection = make()
    connection.connection_made(below)
    try:
        loop = asyncio.get_running_loop()
        above = await loop.start_tls(below, connection, context, server_hostname=origin.host)
    except BaseException as error:
        below.abort()
        if isinstance(error, Exception):
            raise connect_error(origin, origin.host, error) from error
        raise
    if above is None:
        raise TransportError("reset", f"{origin} closed the connection", untouched=True)
    connection.secured(above)
    return connection
