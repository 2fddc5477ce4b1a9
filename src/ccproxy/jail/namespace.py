"""User, network and mount namespaces in which everybody stays who they are."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ccproxy.jail import kernel

FLAGS = os.CLONE_NEWUSER | os.CLONE_NEWNET | os.CLONE_NEWNS
KINDS = ("uid", "gid")
PING_GROUPS = Path("/proc/sys/net/ipv4/ping_group_range")


class Mapper:
    """A process outside that gives a user namespace every user there is outside: only root may, and only from there.
    Without it root would be a stranger to the files of all others."""

    def __init__(self) -> None:
        target = os.getpid()
        read, self._go = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._go)
            os._exit(_map_everybody(read, target))
        os.close(read)

    def finish(self) -> bool:
        """Called in the namespace. Whether everybody is mapped."""
        os.write(self._go, b"x")
        os.close(self._go)
        return os.waitpid(self._pid, 0)[1] == 0

    def give_up(self) -> None:
        """There is no namespace."""
        os.close(self._go)
        os.waitpid(self._pid, 0)


def _map_everybody(go: int, target: int) -> int:
    kernel.die_with_parent()
    if not os.read(go, 1):
        return 1
    try:
        for kind in KINDS:
            extents = (line.split() for line in Path(f"/proc/self/{kind}_map").read_text().splitlines())
            lines = "".join(f"{inside} {inside} {count}\n" for inside, _, count in extents)
            Path(f"/proc/{target}/{kind}_map").write_text(lines)
    except OSError:
        return 1
    return 0


def steps() -> Iterator[str]:
    """Moves this process into new namespaces, where it has every capability: yields the name of each step before it is
    taken, and raises the OSError with which that fails."""
    yield "unshare"
    uid, gid = os.geteuid(), os.getegid()
    mapper = Mapper() if uid == 0 else None
    try:
        os.unshare(FLAGS)
    except OSError:
        if mapper:
            mapper.give_up()
        raise
    kernel.own_proc_files()
    yield "map"
    if mapper is None or not mapper.finish():
        map_self(uid, gid)
    yield "mount"
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)


def map_self(uid: int, gid: int) -> None:
    """Maps the one user and group that an ordinary user may map. Raises OSError."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text)


def allow_ping() -> None:
    """Lets programs without capabilities send ICMP echo requests. Where /proc/sys is read-only they cannot."""
    gid = os.getegid()
    with contextlib.suppress(OSError):
        PING_GROUPS.write_text(f"{gid} {gid}")
