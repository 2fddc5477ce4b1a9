"""Ports through the jail's wall: the jail's on this machine (`--publish`), this machine's in the jail (`--allow`)."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ccproxy.jail.door import Address, Door, MakeSocket, Where, host_socket
from ccproxy.jail.poll import Poller

LOOPBACKS = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
FIRST_UNPRIVILEGED = 1024
EAGER_SECONDS, EAGER_EVERY, EVERY = 3.0, 0.05, 0.25
"""A command that opens a port at once (a sign-in that opens the browser) is seen at once; later it costs next to
nothing."""


def loopback(port: int) -> list[Address]:
    """A port of the loopback, both families."""
    return [(family, host, port) for family, host in LOOPBACKS.items()]


def allow(poller: Poller, listeners: Iterable[socket.socket], where: Where) -> list[Door]:
    """Serves listeners that are inside from the host's side."""
    return [Door(poller, listener, host_socket, where, inward=False) for listener in listeners]


class Listeners(Protocol):
    """Tells what is listened on in a network namespace."""

    def listeners(self) -> dict[int, list[Address]]:
        """The ports with the addresses at which each is reached from inside. Raises OSError."""

    def close(self) -> None:
        """Lets the namespace go."""


class Publisher:
    """Ports of the jail that are open on this machine's loopback."""

    def __init__(self, poller: Poller, make_socket: MakeSocket, say: Callable[[str], None]) -> None:
        self._poller, self._make_socket, self._say = poller, make_socket, say
        self._doors: dict[int, dict[int, Door]] = {}
        self._targets: dict[int, list[Address]] = {}
        self._told: set[str] = set()

    def open(self, port: int, targets: Sequence[Address]) -> None:
        """Opens a port that leads to `targets`, or leads it there from now on; says so in one line, also if the port
        is taken."""
        self._targets[port] = list(targets)
        doors = self._doors.setdefault(port, {})
        try:
            for family in sorted({socket.AF_INET, *(target[0] for target in targets)} - doors.keys()):
                self._add(doors, port, family)
        except OSError as error:
            self._tell(f"port {port} of the jail is not on this machine: {_why(error)}")
        else:
            self._tell(f"port {port} of the jail is at http://127.0.0.1:{port}/ on this machine")

    def close(self, port: int) -> None:
        """Closes a port; what is connected stays so."""
        self._targets.pop(port, None)
        for door in self._doors.pop(port, {}).values():
            door.close()

    def settled(self) -> bool:
        """Whether all that was sent inside before its sender's end has left the jail."""
        return all(door.settled() for doors in self._doors.values() for door in doors.values())

    def close_all(self) -> None:
        """Closes every port."""
        for port in list(self._doors):
            self.close(port)

    def follow(self, listeners: dict[int, list[Address]]) -> None:
        """Opens and closes ports until those are open that are listened on inside."""
        for port in self._doors.keys() - listeners.keys():
            self.close(port)
        for port, targets in listeners.items():
            if self._targets.get(port) != targets or not self._doors[port]:
                self.open(port, targets)

    def _add(self, doors: dict[int, Door], port: int, family: int) -> None:
        try:
            listener = socket.create_server((LOOPBACKS[socket.AddressFamily(family)], port), family=family)
        except OSError as error:
            if family == socket.AF_INET6 and error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                return
            raise
        doors[family] = Door(self._poller, listener, self._make_socket, lambda: self._where(port, family))

    def _where(self, port: int, family: int) -> list[Address]:
        """Of the targets those of the caller's own family first."""
        return sorted(self._targets.get(port, ()), key=lambda target: target[0] != family)

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._say(text)


class Watch:
    """Publishes by itself what is listened on inside, but for the ports in `but`."""

    def __init__(self, poller: Poller, listeners: Listeners, publisher: Publisher, but: frozenset[int]) -> None:
        self._poller, self._listeners, self._publisher, self._but = poller, listeners, publisher, but
        self._eager_until = time.monotonic() + EAGER_SECONDS
        self._timer = poller.every(EAGER_EVERY, self.look)

    def look(self) -> None:
        """Compares what is listened on with what is open."""
        try:
            found = self._listeners.listeners()
        except OSError:  # no memory for the answer: next time
            return
        self._publisher.follow({p: t for p, t in found.items() if p >= FIRST_UNPRIVILEGED and p not in self._but})
        if self._eager_until and time.monotonic() > self._eager_until:
            self._eager_until = 0.0
            self._poller.cancel(self._timer)
            self._timer = self._poller.every(EVERY, self.look)

    def close(self) -> None:
        """Looks no more."""
        self._poller.cancel(self._timer)
        self._listeners.close()


def _why(error: OSError) -> str:
    return "it is taken here" if error.errno == errno.EADDRINUSE else f"{error.strerror}"
