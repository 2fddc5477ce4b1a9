"""Trying something out in a forked child, so that what it does to its namespaces is gone with it.

This and the checks can be imported on other systems than Linux, to say that nothing of it is there.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TIMEOUT_SECONDS = 10.0
SIOCSIFFLAGS, IFF_UP = 0x8914, 1  # netdevice(7)

type Steps = Callable[[], Iterator[str]]
"""A generator: each yield says what it does next."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a trial came. `step` is the one that failed, empty if none did."""

    step: str = ""
    errno: int = 0

    @property
    def ok(self) -> bool:
        """Whether all steps could be taken."""
        return not self.step

    def __str__(self) -> str:
        return f"{self.step}: {os.strerror(self.errno)}"


def attempt(steps: Steps) -> Outcome:
    """Takes the steps in a child. One that hangs is killed and counts as ETIMEDOUT."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        take(steps, writing)
    os.close(writing)
    told = b""
    while select.select([reading], [], [], TIMEOUT_SECONDS)[0]:
        piece = os.read(reading, 4096)
        if not piece:
            break
        told += piece
    os.close(reading)
    if not told:
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return Outcome(*json.loads(told)) if told else Outcome("it did not come to an end", errno.ETIMEDOUT)


def take(steps: Steps, writing: int) -> None:
    """The child: takes the steps, tells how far it came, and ends."""
    step, number = "begin", 0
    try:
        for step in steps():  # noqa: B007 - the last one is told
            pass
        step = ""
    except OSError as error:
        number = error.errno or errno.EIO
    finally:
        os.write(writing, json.dumps([step, number]).encode())
        os._exit(0)


def enter(flags: int) -> Iterator[str]:
    """Steps into new namespaces, as the same user."""
    uid, gid = os.getuid(), os.getgid()
    yield "unshare"
    os.unshare(os.CLONE_NEWUSER | flags)
    for name, value in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        yield f"writing /proc/self/{name}"
        with open(f"/proc/self/{name}", "w") as file:
            file.write(value)


def loopback_up() -> None:
    """Brings up `lo` of the namespace one is in, for which a capability is needed. Raises OSError."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))
