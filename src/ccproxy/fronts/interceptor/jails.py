"""The daemon's side of the jails: one in-memory WireGuard listener each, there as long as its jail."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import mitmproxy_rs
from mitmproxy import options as mitmproxy_options

from ccproxy.exchange import Process
from ccproxy.fronts.interceptor.connection import Hooks, JailConnection, hooks_of
from ccproxy.fronts.interceptor.handover import HandOver
from ccproxy.fronts.interceptor.jail import Jail
from ccproxy.jail.ticket import Request, Ticket

if TYPE_CHECKING:
    from ccproxy.fronts.interceptor.equipment import Equipment

log = logging.getLogger(__name__)

type Event = dict[str, Any]
LOOPBACK = "127.0.0.1"
EVENTS_KEPT = 1000
LONGEST_NAME = 64
FARAWAY6 = ("2001:db8::1", 443)
"""An address that nobody has (RFC 3849). Connecting a datagram socket sends nothing: it only looks for a route."""


class OpenJail:
    """A jail with its listener and its connections."""

    def __init__(
        self,
        jail: Jail,
        events: asyncio.Queue[Event],
        hooks: Hooks,
        handover: HandOver,
        options: mitmproxy_options.Options,
    ) -> None:
        self.jail = jail
        self.events = events
        """What its user is to be told."""
        self.port = 0
        self._ended = asyncio.Event()
        self._hooks, self._handover, self._options = hooks, handover, options
        self._server: mitmproxy_rs.wireguard.WireGuardServer | None = None
        self._connections: set[JailConnection] = set()

    async def listen(self, host: str, port: int, private_key: str, peer: str) -> None:
        """Opens the listener for one peer. Raises OSError."""
        wireguard = mitmproxy_rs.wireguard
        self._server = await wireguard.start_wireguard_server(
            host, port, private_key, [peer], self._handle, self._handle
        )
        self.port = int(self._server.getsockname()[1])

    async def ended(self) -> None:
        """Returns when it is being closed."""
        await self._ended.wait()

    async def close(self) -> None:
        """Closes the listener and what is left of the connections."""
        self._ended.set()
        for connection in list(self._connections):
            connection.drop()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _handle(self, stream: mitmproxy_rs.Stream) -> None:
        connection = JailConnection(stream, self._options, self._hooks, self._handover)
        self._connections.add(connection)
        try:
            await connection.handle_client()
        finally:
            self._connections.discard(connection)


class Jails:
    """All jails of one daemon."""

    def __init__(self, equipment: Equipment, proxy_port: Callable[[], int]) -> None:
        self._equipment, self._proxy_port = equipment, proxy_port
        self._open: dict[str, OpenJail] = {}

    async def open(self, request: Request) -> tuple[OpenJail, Ticket]:
        """A new jail and its ticket. Raises OSError if there can be no listener."""
        wireguard = mitmproxy_rs.wireguard
        own, peers = wireguard.genkey(), wireguard.genkey()
        ca = self._equipment.ca()  # first: it may be unreadable, and no listener must be left then
        opened = await self.listen(request, LOOPBACK, 0, own, wireguard.pubkey(peers))
        ticket = Ticket(
            name=opened.jail.name,
            host=LOOPBACK,
            port=opened.port,
            private_key=peers,
            peer_key=wireguard.pubkey(own),
            ca=ca,
            ipv6=has_ipv6(),
            proxy_port=self._proxy_port(),
            proxy_host=self._equipment.proxy_host(),
            keylog=self._equipment.keylog(request),
            **self._equipment.defaults(),
        )
        return opened, ticket

    async def listen(self, request: Request, host: str, port: int, private_key: str, peer: str) -> OpenJail:
        """A listener for whoever has the peer's key. Raises OSError."""
        jail = Jail(self._free_name(request), Process(request.command, request.pid), request)
        events: asyncio.Queue[Event] = asyncio.Queue(maxsize=EVENTS_KEPT)
        addons, handover = self._equipment.outfit(jail, events)
        opened = OpenJail(jail, events, hooks_of(addons), handover, self._equipment.options)
        self._open[jail.name] = opened  # before the wait: jails that come at the same time need names of their own
        try:
            await opened.listen(host, port, private_key, peer)
        except BaseException:
            del self._open[jail.name]
            raise
        log.info("jail %s: %s", jail.name, readable(request.command[0]) if request.command else "another machine")
        return opened

    async def close(self, opened: OpenJail) -> None:
        """Ends a jail's listener and connections."""
        if self._open.pop(opened.jail.name, None) is not None:
            await opened.close()
            log.info("jail %s has ended", opened.jail.name)

    async def close_all(self) -> None:
        """For the daemon's end."""
        for opened in list(self._open.values()):
            await self.close(opened)

    def ca_file(self) -> str:
        """Where the CA's certificate is."""
        return str(self._equipment.ca_file())

    def list(self) -> list[dict[str, Any]]:
        """The jails that run, in plain values."""
        return [
            {
                "name": opened.jail.name,
                "command": list(opened.jail.process.command),
                "pid": opened.jail.process.pid,
                "port": opened.port,
                "since": opened.jail.since,
            }
            for opened in self._open.values()
        ]

    def _free_name(self, request: Request) -> str:
        wanted = request.name or (PurePath(request.command[0]).name if request.command else "")
        return next(name for name in names(readable(wanted) or "jail") if name not in self._open)


def readable(text: str) -> str:
    """A name as logs and tables can show it: in one line, and not too long."""
    shown = "".join(char if char.isprintable() else "_" for char in text[: LONGEST_NAME + 1])
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"


def names(wanted: str) -> Iterator[str]:
    """`claude`, `claude-2`, `claude-3`, ..."""
    yield wanted
    yield from (f"{wanted}-{number}" for number in count(2))


def has_ipv6() -> bool:
    """Whether this machine has a way to IPv6 hosts."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.connect(FARAWAY6)
    except OSError:
        return False
    return True
