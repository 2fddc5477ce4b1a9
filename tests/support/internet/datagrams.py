"""Datagrams that are answered from the address that they came to, whichever it was."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

type Respond = Callable[[bytes, str], bytes | None]
"""Gets a datagram and the address it came to; returns the answer, if there is one."""

IPV6_FORM = struct.Struct("@16sI")
IPV4_FORM = struct.Struct("@i4s4s")
IP_PKTINFO, IPV6_FREEBIND = 8, 78


class Datagrams:
    """One UDP port on every address of one family."""

    def __init__(self, family: int, port: int, respond: Respond) -> None:
        self._respond = respond
        self._four = family == socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        if self._four:
            self._socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        else:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            # Or the kernel refuses to answer from an address that no interface has.
            self._socket.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        self._socket.bind(("", port))
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def _read(self) -> None:
        data, ancillary, _, peer = self._socket.recvmsg(65535, 256)
        to, back = self._form(ancillary)
        if (response := self._respond(data, to)) is not None:
            self._socket.sendmsg([response], back, 0, peer)

    def _form(self, ancillary: list[tuple[int, int, bytes]]) -> tuple[str, list[tuple[int, int, bytes]]]:
        """The address a datagram came to, and what makes the answer come from there."""
        ((level, kind, data),) = ancillary
        if self._four:
            _, _, target = IPV4_FORM.unpack(data)
            return socket.inet_ntoa(target), [(level, kind, IPV4_FORM.pack(0, target, bytes(4)))]
        target, _ = IPV6_FORM.unpack(data)
        back = IPV6_FORM.pack(target, 0)
        return socket.inet_ntop(socket.AF_INET6, target), [(level, socket.IPV6_PKTINFO, back)]
