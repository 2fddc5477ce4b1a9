"""The addresses of this machine's interfaces, asked from the kernel by netlink(7): not a file, not a program."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address

from ccproxy.config.hostglobs import Address

RTM_GETADDR, RTM_NEWADDR, NLMSG_DONE, NLMSG_ERROR = 22, 20, 3, 2
NLM_F_REQUEST_DUMP = 0x301
IFA_ADDRESS, IFA_LOCAL = 1, 2
HEADER, BODY, ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BBBBI"), struct.Struct("=HH")
"""`nlmsghdr`, `ifaddrmsg` and `rtattr` (netlink(7), rtnetlink(7))."""
DUMP_BYTES, DUMP_SECONDS = 262144, 1.0


def interface_addresses() -> set[Address]:
    """The addresses of all interfaces of this network namespace. Raises OSError. Empty where there is no netlink."""
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        return set()
    found: set[Address] = set()
    with socket.socket(family, socket.SOCK_RAW) as sock:
        sock.settimeout(DUMP_SECONDS)
        header = HEADER.pack(HEADER.size + BODY.size, RTM_GETADDR, NLM_F_REQUEST_DUMP, 1, 0)
        sock.sendto(header + BODY.pack(0, 0, 0, 0, 0), (0, 0))
        while _take(sock.recv(DUMP_BYTES), found):
            pass
    return found


def _take(data: bytes, found: set[Address]) -> bool:
    """Adds the addresses of one piece of a dump. Returns whether there is more to come."""
    offset = 0
    while offset + HEADER.size <= len(data):
        length, kind, *_ = HEADER.unpack_from(data, offset)
        if kind in (NLMSG_DONE, NLMSG_ERROR) or length < HEADER.size:
            return False
        if kind == RTM_NEWADDR:
            found.update(_addresses(data[offset + HEADER.size + BODY.size : offset + length]))
        offset += length + 3 & ~3
    return True


def _addresses(attributes: bytes) -> Iterator[Address]:
    """The own address of an `ifaddrmsg`; on a point-to-point link IFA_ADDRESS is the other end's."""
    values = dict(_values(attributes))
    packed = values.get(IFA_LOCAL) or values.get(IFA_ADDRESS)
    if packed:
        yield ip_address(packed)


def _values(attributes: bytes) -> Iterator[tuple[int, bytes]]:
    while len(attributes) >= ATTRIBUTE.size:
        length, kind = ATTRIBUTE.unpack_from(attributes)
        if length < ATTRIBUTE.size:
            return
        yield kind, attributes[ATTRIBUTE.size : length]
        attributes = attributes[length + 3 & ~3 :]
