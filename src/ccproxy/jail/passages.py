"""All ports of one jail: what its plan opens in both directions, and the daemon's own."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from ccproxy.jail import ports
from ccproxy.jail.diagnosis import NETLINK_SOCK_DIAG, Diagnosis
from ccproxy.jail.door import Address, Door
from ccproxy.jail.poll import Poller

if TYPE_CHECKING:
    from ccproxy.jail.inmate import Inmate
    from ccproxy.jail.plan import Plan
    from ccproxy.jail.uplink import Uplink

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104 - dialled, not bound


class Passages:
    """Listeners inside are made at once, before the command runs (JailError if one cannot be had), and so are ports
    that are to be published; `watch` begins to publish what the command itself listens on."""

    def __init__(self, poller: Poller, plan: Plan, jail: Inmate, uplink: Uplink, say: Callable[[str], None]) -> None:
        self._poller, self._plan, self._jail, self._uplink = poller, plan, jail, uplink
        self._own = uplink.ticket.proxy_port
        self._doors = [door for port in {self._own, *plan.allow} for door in self._allow(port)]
        self._published = ports.Publisher(poller, jail.socket, say)
        self._found = ports.Publisher(poller, jail.socket, say)
        self._watch: ports.Watch | None = None
        for port in plan.publish:
            self._published.open(port, ports.loopback(port))

    def watch(self) -> None:
        """For when the command runs."""
        if self._plan.publish_auto and self._jail.pid is not None:
            but = frozenset((self._own, *self._plan.allow, *self._plan.publish))
            self._watch = ports.Watch(self._poller, self._listeners(self._jail.pid), self._found, but)

    def settled(self) -> bool:
        """Whether all that was sent inside before its sender's end has left the jail."""
        doors = all(door.settled() for door in self._doors)
        return doors and self._published.settled() and self._found.settled()

    def close(self) -> None:
        """Looks no more and takes no more connections."""
        if self._watch:
            self._watch.close()
        for door in self._doors:
            door.close()
        self._published.close_all()
        self._found.close_all()

    def _listeners(self, pid: int) -> ports.Listeners:
        try:
            return Diagnosis(self._jail.netlink(NETLINK_SOCK_DIAG))
        except OSError:  # a kernel without it
            from ccproxy.jail.listening import Tables

            return Tables(pid)

    def _allow(self, port: int) -> list[Door]:
        where = self._daemon if port == self._own else lambda: ports.loopback(port)
        return ports.allow(self._poller, self._jail.listen(port), where)

    def _daemon(self) -> list[Address]:
        """Where the daemon's reverse listener is by now: it may have come back at another port."""
        ticket = self._uplink.ticket
        host = EVERYWHERE.get(ticket.proxy_host, ticket.proxy_host)
        return [(socket.AF_INET6 if ":" in host else socket.AF_INET, host, ticket.proxy_port)]
