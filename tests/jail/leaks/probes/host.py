"""What belongs to the host: its processes, its sockets without a network, its files of the kernel."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import time
from pathlib import Path

SECONDS = 3.0
PTRACE_SEIZE = 0x4206
PIDFD_GETFD = 438


def _descriptors() -> list[str]:
    numbers = [name for name in os.listdir("/proc/self/fd") if int(name) > 2]
    return [os.readlink(f"/proc/self/fd/{name}") for name in numbers if os.path.lexists(f"/proc/self/fd/{name}")]


BORN_WITH = _descriptors()
"""Before this program opened any of its own."""


def abstract(name: str) -> str:
    """A Unix socket that has no path: it belongs to a network namespace."""
    return _unix("\0" + name)


def path(name: str) -> str:
    """A Unix socket that has a path: it belongs to whoever can see it."""
    return _unix(name)


def kill(pid: int) -> str:
    """A signal to a process of the same user outside."""
    os.kill(pid, signal.SIGTERM)
    return f"{pid} got a signal"


def ptrace(pid: int) -> str:
    """Takes a process of the same user outside under control."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_SEIZE, pid, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return f"{pid} is traced"


def process(pid: int, mark: str) -> str:
    """What /proc tells of a process outside."""
    line = Path(f"/proc/{pid}/environ").read_bytes()
    if mark.encode() not in line:
        raise LookupError("that number is another process here")
    return repr(line[:40])


def processes(mark: str) -> str:
    """Any process whatever that was not started in here."""
    found = [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit() and _has(entry, mark)]
    if not found:
        raise LookupError("there are only the jail's own")
    return f"processes {found}"


def namespaces() -> str:
    """Enters the network of every process that can be seen, if it is another's."""
    own = os.readlink("/proc/self/ns/net")
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (found := _other(entry, own)) is not None:
            os.setns(os.open(entry / "ns/net", os.O_RDONLY), os.CLONE_NEWNET)
            return f"in {found}"
    raise LookupError("every process here is in this network")


def descriptors() -> str:
    """Descriptors that the command was born with, beside the three that everybody has."""
    if not BORN_WITH:
        raise LookupError("none")
    return f"{BORN_WITH}"


def parent_descriptors(pid: int) -> str:
    """Takes a descriptor of a process outside (pidfd_getfd)."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(pid)
    if (fd := libc.syscall(PIDFD_GETFD, pidfd, 0, 0)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return f"descriptor {fd}"


def file(name: str) -> str:
    """Reads a file that is ccproxy's own."""
    return repr(Path(name).read_bytes()[:20])


def packets(mark: str) -> str:
    """Listens to everything that passes over any interface, and waits for what the host sends."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as sock:
        sock.settimeout(0.5)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            try:
                data = sock.recv(65535)
            except TimeoutError:
                continue
            if mark.encode() in data:
                return repr(data[:80])
    raise TimeoutError("nothing of the host's")


def interfaces() -> str:
    """Interfaces other than loopback and the tunnel."""
    others = {name for _, name in socket.if_nameindex()} - {"lo", "tun0"}
    if not others:
        raise LookupError("only lo and tun0")
    return f"{sorted(others)}"


def _unix(name: str) -> str:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(SECONDS)
        sock.connect(name)
        return "connected"


def _has(entry: Path, mark: str) -> bool:
    try:
        return mark.encode() in (entry / "environ").read_bytes()
    except OSError:
        return False


def _other(entry: Path, own: str) -> str | None:
    try:
        found = os.readlink(entry / "ns/net")
    except OSError:
        return None
    return None if found == own else found
