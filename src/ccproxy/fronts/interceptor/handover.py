"""Claimed requests of a jail: from mitmproxy to the gateway, in memory.

mitmproxy is told to dial a name that exists nowhere; `connect` answers that dial with one end of a pair of sockets, at
whose other end our own HTTP/1.1 front reads. So there is no port that another user of the machine could find, and no
header that a client could forge: where the request was meant to go belongs to the connection.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mitmproxy.connection import Server

from ccproxy.exchange import DEFAULT_PORTS, Exchange, HttpRequest, Origin, Timings
from ccproxy.fronts.http_connection import HttpConnection
from ccproxy.fronts.interceptor.fingerprints import Tls, no_tls
from ccproxy.fronts.interceptor.jail import Jail

if TYPE_CHECKING:
    from mitmproxy.connection import Client
    from mitmproxy.http import HTTPFlow

    from ccproxy.config.services import Listener
    from ccproxy.gateway.claims import Claims
    from ccproxy.gateway.gateway import Gateway

type Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]

PORTS = 65535
CLAIMED = "ccproxy.claimed"
BLOCKED = "ccproxy.blocked"


class Entrance:
    """A front with one connection: whatever comes over it was meant for one origin. See `http_connection.Front`."""

    def __init__(
        self, gateway: Gateway, limits: Listener, jail: Jail, origin: Origin, client_tls: Mapping[str, Any] | None
    ) -> None:
        self.gateway, self.limits = gateway, limits
        self.connections: set[HttpConnection] = set()
        self._jail, self._origin, self._client_tls = jail, origin, client_tls

    def exchange(self, request: HttpRequest, peer: tuple[str, int] | None, timings: Timings) -> Exchange:
        """The record of a request."""
        return Exchange(
            request,
            front="jail",
            client=peer,
            timings=timings,
            jail=self._jail.name,
            process=self._jail.process,
            destination=self._origin,
            client_tls=self._client_tls,
        )

    def settled(self) -> None:
        """Nobody waits for that here."""


class HandOver:
    """The hand-over of one jail. A mitmproxy addon."""

    def __init__(
        self,
        jail: Jail,
        claims: Claims,
        gateway: Gateway,
        limits: Listener,
        names: Callable[[str], Sequence[str]],
        tls: Tls = no_tls,
    ) -> None:
        self._jail, self._claims, self._gateway, self._limits = jail, claims, gateway, limits
        self._names, self._tls = names, tls
        self._name = f"{secrets.token_hex(16)}.invalid"
        self._origins: list[Origin] = []

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Asks whether somebody claims this request; if so, it goes to the gateway."""
        if BLOCKED in flow.metadata:
            return
        origin = meant(flow)
        request = flow.request
        proven = origin.host == request.host or origin.host in self._names(request.host)
        reason = self._claims(origin, request.data.path, list(request.headers.fields), proven=proven)
        if reason is None or len(self._origins) >= PORTS:
            return
        flow.metadata[CLAIMED] = reason
        request.stream = True
        # Not by the properties, which would rewrite the Host field.
        request.data.scheme, request.data.host, request.data.port = b"http", self._name, self._number(origin)
        # One of its own: the other is shared by all requests of a connection, which may be HTTP/3's.
        flow.server_conn = Server(address=(request.data.host, request.data.port), transport_protocol="tcp")

    def responseheaders(self, flow: HTTPFlow) -> None:
        """The gateway's answer passes as it comes."""
        if CLAIMED in flow.metadata and flow.response is not None:
            flow.response.stream = True

    async def connect(self, address: tuple[str, int], client: Client) -> Ends | None:
        """The near end of a connection to the gateway for a client, if the address is one of ours."""
        if address[0] != self._name:
            return None
        origin = self._origins[address[1] - 1]
        entrance = Entrance(self._gateway, self._limits, self._jail, origin, self._tls(client))
        near, far = socket.socketpair()
        await asyncio.get_running_loop().create_connection(lambda: HttpConnection(entrance), sock=far)
        return await asyncio.open_connection(sock=near)

    def _number(self, origin: Origin) -> int:
        if origin not in self._origins:
            self._origins.append(origin)
        return self._origins.index(origin) + 1


def meant(flow: HTTPFlow) -> Origin:
    """Where a client meant its request to go: by name if it told one (Host, else SNI), else by address."""
    request = flow.request
    name, port = request.pretty_host.lower().rstrip("."), request.port
    return Origin(request.scheme, name or request.host, port or DEFAULT_PORTS[request.scheme])
