"""Changes to what the jail is made of: mounts, routes, links, namespaces."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

MS_NOSUID, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 2, 4096, 16384, 1 << 18, 2
SIOCSIFFLAGS, SIOCADDRT, RTF_UP = 0x8914, 0x890B, 1
TUNSETIFF, IFF_TUN = 0x400454CA, 0x1001
LIBC = ctypes.CDLL(None, use_errno=True)


def mount(target: str = "/mnt") -> str:
    """Mounts something."""
    _check(LIBC.mount(b"tmpfs", target.encode(), b"tmpfs", ctypes.c_ulong(MS_NOSUID), None))
    return f"a tmpfs on {target}"


def unmount(target: str) -> str:
    """Takes away what hides the host's own."""
    before = _what(target)
    _check(LIBC.umount2(target.encode(), MNT_DETACH))
    if _what(target) == before:
        raise LookupError("it is the same as before")
    return f"{target} is the host's"


def unmount_within(target: str) -> str:
    """The same as root of a new user namespace, which an ordinary user may have too."""
    _become_root_within()
    _check(LIBC.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None))
    return unmount(target)


def link_down() -> str:
    """Takes the tunnel down, so that another way may be chosen."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"tun0", 0))
    return "tun0 is down"


def link_down_within() -> str:
    """The same as root of a new user namespace."""
    _become_root_within()
    return link_down()


def route() -> str:
    """Adds a route over loopback."""

    name = ctypes.create_string_buffer(b"lo")
    addresses = [_address("203.0.113.0"), bytes(16), _address("255.255.255.0")]
    entry = struct.pack("@L16s16s16sHhLPhPLLH", 0, *addresses, RTF_UP, 0, 0, 0, 0, ctypes.addressof(name), 0, 0, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCADDRT, entry)
    return "203.0.113.0/24 leads elsewhere"


def setting() -> str:
    """Changes a setting of the network."""
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    return "ip_forward is 1"


def device() -> str:
    """Makes a network device, or takes hold of the tunnel's."""
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"tun0", IFF_TUN))
    return "tun0 is held"


def host_network() -> str:
    """Enters the network of pid 1's parent, by whatever name /proc has for it."""
    for name in ("/proc/0/ns/net", "/proc/1/root/proc/1/ns/net", "/run/netns/host"):
        if Path(name).exists() and os.readlink(name) != os.readlink("/proc/self/ns/net"):
            os.setns(os.open(name, os.O_RDONLY), os.CLONE_NEWNET)
            return name
    raise LookupError("there is no other network to be seen")


def new_network(host: str) -> str:
    """Leaves for a network of its own, which has no way anywhere."""
    _become_root_within(os.CLONE_NEWNET)
    with socket.create_connection((host, 80), 2):
        return "connected"


def _become_root_within(more: int = 0) -> None:
    uid, gid = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS | more)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def _address(text: str) -> bytes:
    return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))


def _what(target: str) -> tuple[int, int]:
    status = os.stat(target)
    return status.st_dev, status.st_ino


def _check(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
