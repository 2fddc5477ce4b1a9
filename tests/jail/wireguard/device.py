"""A TUN device in a network namespace of its own, and a child that works behind it."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import traceback
from collections.abc import Callable

TUNSETIFF, IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x400454CA, 0x1, 0x1000, 0x4000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
PR_SET_PDEATHSIG = 1
ADDRESS, MTU = "10.0.0.1", 1420
RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR, RTM_NEWROUTE = 16, 17, 20, 24
REQUEST_ACK, CREATE = 5, 0x600


def loopback_up() -> None:
    """`lo` of this process's namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = bytearray(fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16sH22x", b"lo", 0)))
        flags = struct.unpack_from("=H", request, 16)[0]
        struct.pack_into("=H", request, 16, flags | IFF_UP)
        fcntl.ioctl(sock, SIOCSIFFLAGS, bytes(request))


def behind_tunnel(
    work: Callable[[Callable[[bytes], object]], object], *, offload: bool
) -> tuple[int, int, socket.socket]:
    """Forks a child that makes a namespace and a TUN in it, waits for a byte, and works: the child, the descriptor, and
    a socket for the byte."""
    ours, theirs = socket.socketpair()
    if pid := os.fork():
        theirs.close()
        _, (tun,), _, _ = socket.recv_fds(ours, 1, 1)
        return pid, tun, ours
    status = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        os.unshare(os.CLONE_NEWNET)
        tun = open_tun(offload)
        socket.send_fds(theirs, [b"t"], [tun])
        os.close(tun)
        if theirs.recv(1):
            work(theirs.send)
            status = 0
    except BaseException:
        traceback.print_exc()
    os._exit(status)


def open_tun(offload: bool) -> int:
    tun = os.open("/dev/net/tun", os.O_RDWR)
    flags = IFF_TUN | IFF_NO_PI | (IFF_VNET_HDR if offload else 0)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"tun0", flags))
    loopback_up()
    index = socket.if_nametoindex("tun0")
    address = socket.inet_aton(ADDRESS)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        ask(netlink, RTM_NEWLINK, struct.pack("=BxHiII", 0, 0, index, 1, 1), {4: struct.pack("=I", MTU)})
        ask(netlink, RTM_NEWADDR, struct.pack("=BBBBI", socket.AF_INET, 32, 0, 0, index), {2: address, 1: address})
        quickack = struct.pack("=HHI", 8, 15, 1)
        route = struct.pack("=BBBBBBBBI", socket.AF_INET, 0, 0, 0, 254, 4, 253, 1, 0)
        ask(netlink, RTM_NEWROUTE, route, {4: struct.pack("=I", index), 8: quickack})
    return tun


def delete_tun() -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        ask(netlink, RTM_DELLINK, struct.pack("=BxHiII", 0, 0, socket.if_nametoindex("tun0"), 0, 0), {})


def ask(netlink: socket.socket, kind: int, body: bytes, attributes: dict[int, bytes]) -> None:
    for number, value in attributes.items():
        body += struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)
    netlink.send(
        struct.pack(
            "=IHHII", 16 + len(body), kind, REQUEST_ACK | (CREATE if kind in (RTM_NEWADDR, RTM_NEWROUTE) else 0), 1, 0
        )
        + body
    )
    error = -struct.unpack_from("=i", netlink.recv(8192), 16)[0]
    if error:
        raise OSError(error, os.strerror(error))
