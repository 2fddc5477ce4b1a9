"""The process that makes the outer namespaces and holds them: `python holder.py UID GID RESOLV READABLE…`.

Run as a file by an interpreter without site packages. It says "ready", and ends with its standard input. UID and GID
are what an ordinary user who starts it is inside; root stays root, without a user namespace.
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
from pathlib import Path

CAP_NET_ADMIN, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 12, 47, 2
CAPABILITY_VERSION = 0x20080522
MS_NOSUID, MS_BIND, MS_REC, MS_PRIVATE = 2, 4096, 16384, 1 << 18
ROUTES = (
    "-4 route add local 198.18.0.0/15 dev lo",
    "-6 route add local 2001:db8::/32 dev lo",
    # Whatever gets out by mistake arrives where the test can see it.
    "-4 route add local default dev lo",
    "-6 route add local 2000::/3 dev lo",
    "-6 route add local fc00::/7 dev lo",
    "-6 route add local 64:ff9b::/96 dev lo",
)
INTERFACE = (
    "tuntap add mode tun name lan0",
    "addr add 192.168.77.1/24 dev lan0",
    "-6 addr add fd77::1/64 dev lan0 nodad",
    "link set lan0 up",
)
"""Another interface of the "host" than loopback, with private addresses."""


def main() -> None:
    """Makes the namespaces, and waits."""
    uid, gid, resolver, *readable = sys.argv[1:]
    isolate(int(uid), int(gid))
    for arguments in ("link set lo up", *ROUTES, *INTERFACE):
        subprocess.run(["ip", *arguments.split()], check=True)
    Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")
    mount("none", "/", MS_REC | MS_PRIVATE)
    mount(resolver, os.path.realpath("/etc/resolv.conf"), MS_BIND)
    uncover(readable)
    print("ready", flush=True)
    sys.stdin.read()


def isolate(uid: int, gid: int) -> None:
    """New namespaces; for an ordinary user within a user namespace that has no other user."""
    own, group = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWNET | os.CLONE_NEWNS | (os.CLONE_NEWUSER if own else 0))
    if own:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {own} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {group} 1")
        hand_down(CAP_NET_ADMIN)


def hand_down(capability: int) -> None:
    """Lets the programs that this process starts have a capability, although they are not root's."""
    libc = ctypes.CDLL(None, use_errno=True)
    head, data = struct.pack("=Ii", CAPABILITY_VERSION, 0), ctypes.create_string_buffer(24)
    libc.capget(head, data)
    effective, permitted, _, *high = struct.unpack("=6I", data.raw)
    libc.capset(head, struct.pack("=6I", effective, permitted, 1 << capability, *high))
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, *map(ctypes.c_ulong, (capability, 0, 0)))


def uncover(paths: list[str]) -> None:
    """Makes directories readable for everybody although one above them (a home) is not: all else there is hidden."""
    if os.getuid():
        return
    held = {path: os.open(path, os.O_PATH) for path in paths}
    above = {path: closed[0] for path in paths if (closed := [*filter(is_closed, reversed(Path(path).parents))])}
    for folder in {*above.values()}:
        mount("tmpfs", str(folder), MS_NOSUID, "tmpfs", "mode=755")
    for path in above:
        Path(path).mkdir(parents=True, exist_ok=True)
        mount(f"/proc/self/fd/{held[path]}", path, MS_BIND | MS_REC)


def is_closed(folder: Path) -> bool:
    """Whether others than the owner may not go through it."""
    return not folder.stat().st_mode & 1


def mount(source: str, target: str, flags: int, kind: str | None = None, data: str | None = None) -> None:
    """mount(2). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    texts = [text.encode() if text else None for text in (source, target, kind, data)]
    if libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


if __name__ == "__main__":
    main()
