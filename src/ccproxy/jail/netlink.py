"""The jail's network: loopback and tunnel device, set up by rtnetlink(7) messages."""

from __future__ import annotations

import contextlib
import os
import socket
import struct

NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 1, 4, 0x200, 0x400
RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE = 16, 20, 24
IFLA_MTU, IFLA_AF_SPEC, IFLA_INET6_ADDR_GEN_MODE = 4, 26, 8
IN6_ADDR_GEN_MODE_NONE = 1
IFF_UP = 1
IFA_ADDRESS, IFA_LOCAL, IFA_F_NODAD = 1, 2, 2
RTA_OIF, RTA_METRICS, RTAX_QUICKACK = 4, 8, 15
RT_TABLE_MAIN, RTPROT_STATIC, RTN_UNICAST, RT_SCOPE_LINK = 254, 4, 1, 253
"""<linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h>"""

LENGTHS = {socket.AF_INET: 32, socket.AF_INET6: 128}


def attribute(kind: int, data: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


class Netlink:
    """A socket to the kernel's routing tables in the network namespace of this process."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self._number = 0

    def __enter__(self) -> Netlink:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, kind: int, body: bytes, flags: int = 0) -> None:
        """Sends one request and waits for its acknowledgement. Raises OSError with what the kernel says."""
        self._number += 1
        flags |= NLM_F_REQUEST | NLM_F_ACK
        self._socket.send(struct.pack("=IHHII", 16 + len(body), kind, flags, self._number, 0) + body)
        code = -struct.unpack_from("=i", self._socket.recv(8192), 16)[0]
        if code:
            raise OSError(code, os.strerror(code), f"rtnetlink {kind}")

    def link(self, index: int, *attributes: bytes, up: bool = True) -> None:
        """Changes a device, and takes it up."""
        head = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, IFF_UP if up else 0, IFF_UP)
        self.ask(RTM_NEWLINK, head + b"".join(attributes))

    def address(self, index: int, address: str) -> None:
        """Gives a device an address of its own, alone in its network."""
        family = _family(address)
        packed = socket.inet_pton(family, address)
        body = struct.pack("=BBBBI", family, LENGTHS[family], IFA_F_NODAD, 0, index)
        body += attribute(IFA_LOCAL, packed) + attribute(IFA_ADDRESS, packed)
        self.ask(RTM_NEWADDR, body, NLM_F_CREATE | NLM_F_EXCL)

    def default_route(self, index: int, family: socket.AddressFamily) -> None:
        """Sends everything to a device, and acknowledges at once what comes from there: the far side has Nagle's
        algorithm on, so that a delayed acknowledgement costs 40 ms a request."""
        scope = RT_SCOPE_LINK if family == socket.AF_INET else 0
        body = struct.pack("=BBBBBBBBI", family, 0, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, scope, RTN_UNICAST, 0)
        body += attribute(RTA_OIF, struct.pack("=I", index))
        body += attribute(RTA_METRICS, attribute(RTAX_QUICKACK, struct.pack("=I", 1)))
        self.ask(RTM_NEWROUTE, body, NLM_F_CREATE | NLM_F_EXCL)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def loopback_up() -> None:
    """127.0.0.1, and ::1 where the kernel has IPv6."""
    with Netlink() as netlink:
        netlink.link(socket.if_nametoindex("lo"))


def device_up(name: str, mtu: int, address: str) -> None:
    """Takes a device up and makes it the way to everything."""
    index = socket.if_nametoindex(name)
    with Netlink() as netlink:
        with contextlib.suppress(OSError):  # a kernel without IPv6 has nothing to be silenced
            netlink.link(index, _no_link_local(), up=False)
        netlink.link(index, attribute(IFLA_MTU, struct.pack("=I", mtu)))
        netlink.address(index, address)
        netlink.default_route(index, socket.AF_INET)


def _no_link_local() -> bytes:
    """No address of the device's own making, hence no router solicitations in the tunnel."""
    mode = attribute(IFLA_INET6_ADDR_GEN_MODE, bytes([IN6_ADDR_GEN_MODE_NONE]))
    return attribute(IFLA_AF_SPEC, attribute(socket.AF_INET6, mode))


def ipv6_up(name: str, address: str) -> bool:
    """Adds IPv6 to a device. False where the kernel has none, or has it switched off."""
    index = socket.if_nametoindex(name)
    try:
        with Netlink() as netlink:
            netlink.address(index, address)
            netlink.default_route(index, socket.AF_INET6)
    except OSError:
        return False
    return True
