"""Which TCP ports are listened on in a network namespace, asked of the kernel by netlink (sock_diag(7)).

The tables below /proc cost milliseconds each time, because the kernel looks through all connections of the machine.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator

from ccproxy.jail.door import Address

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY = 4, 20
NLM_F_REQUEST, NLM_F_DUMP, NLMSG_ERROR, NLMSG_DONE = 1, 0x300, 2, 3
LISTEN = 10
"""The state's number. <net/tcp_states.h>"""
HEAD, REQUEST, ANSWER = struct.Struct("=IHHII"), struct.Struct("=BBBBI48x"), struct.Struct("!4xH2x16s")
"""nlmsghdr, inet_diag_req_v2, and of inet_diag_msg the local port and address. <linux/inet_diag.h>"""
SIZES = {socket.AF_INET: 4, socket.AF_INET6: 16}
LOOPBACKS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound
"""Where a listener on every address is dialled."""
SECONDS, PIECE = 1.0, 65536


class Diagnosis:
    """Asks through a netlink socket of the namespace, which it owns. Raises OSError if the kernel does not answer."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        sock.settimeout(SECONDS)
        try:
            self._ask(socket.AF_INET)
        except OSError:
            sock.close()
            raise

    def listeners(self) -> dict[int, list[Address]]:
        """The ports with the addresses at which each is reached from inside, IPv4 first."""
        ports: dict[int, list[Address]] = {}
        for family in SIZES:
            try:
                found = self._ask(family)
            except FileNotFoundError:  # a kernel without IPv6
                continue
            for address in found:
                ports.setdefault(address[2], []).append(address)
        return ports

    def close(self) -> None:
        """Lets the namespace go."""
        self._socket.close()

    def _ask(self, family: int) -> list[Address]:
        body = REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, 1 << LISTEN)
        head = HEAD.pack(HEAD.size + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 0, 0)
        self._socket.send(head + body)
        found: set[Address] = set()
        while not take(self._socket.recv(PIECE), family, found):
            pass
        return sorted(found)


def take(data: bytes, family: int, found: set[Address]) -> bool:
    """Adds what a datagram of the kernel's tells. Whether it is the last. Raises OSError if it tells of an error."""
    for kind, content in messages(data):
        if kind == NLMSG_DONE:
            return True
        if kind == NLMSG_ERROR:
            raise OSError(-int.from_bytes(content[:4], sys.byteorder, signed=True), "sock_diag")
        port, raw = ANSWER.unpack_from(content)
        name = socket.inet_ntop(family, raw[: SIZES[socket.AddressFamily(family)]])
        found.add((family, LOOPBACKS.get(name, name), port))
    return False


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and the content of each netlink message."""
    while len(data) >= HEAD.size:
        size, kind, _, _, _ = HEAD.unpack_from(data)
        yield kind, data[HEAD.size : size]
        data = data[max(HEAD.size, (size + 3) & ~3) :]
