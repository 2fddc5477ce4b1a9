"""Which TCP ports are listened on in a network namespace, as the kernel's tables say."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

from ccproxy.jail.door import Address

TABLES = (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6))
_LISTEN = b"0A"
_PIECE = 65536
_STATE, _LOCAL = 3, 1
_LOOPBACKS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound
"""Where a listener on every address is dialled."""


class Tables:
    """The two tables of the namespace that a process lives in, held open; empty ones if they are not to be had."""

    def __init__(self, pid: int) -> None:
        self._open = [(fd, family) for name, family in TABLES if (fd := _open(f"/proc/{pid}/net/{name}")) is not None]

    def listeners(self) -> dict[int, list[Address]]:
        """The ports with the addresses at which each is reached from inside, IPv4 first."""
        ports: dict[int, list[Address]] = {}
        for fd, family in self._open:
            for address in parse(_rows(fd), family):
                ports.setdefault(address[2], []).append(address)
        return ports

    def close(self) -> None:
        """Lets the namespace go."""
        for fd, _ in self._open:
            os.close(fd)
        self._open = []


def parse(rows: Iterator[bytes], family: int) -> Iterator[Address]:
    """The listeners of a table's rows. They stand first, so that the first other row ends the search."""
    for row in rows:
        words = row.split()
        if len(words) <= _STATE or words[_STATE] != _LISTEN:
            return
        host, _, port = words[_LOCAL].partition(b":")
        name = _host(host, family)
        yield family, _LOOPBACKS.get(name, name), int(port, 16)


def _open(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # a kernel without IPv6; a /proc that shows nobody anything
        return None


def _rows(fd: int) -> Iterator[bytes]:
    """The rows without the heading, read only as far as somebody asks for them."""
    os.lseek(fd, 0, os.SEEK_SET)
    rest, heading = b"", True
    while piece := os.read(fd, _PIECE):
        *rows, rest = (rest + piece).split(b"\n")
        yield from rows[heading:]
        heading = heading and not rows


def _host(text: bytes, family: int) -> str:
    """The kernel writes 32-bit words in the machine's own order."""
    words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
    return socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words))
