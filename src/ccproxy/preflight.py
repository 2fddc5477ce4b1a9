"""Before the daemon starts: are its ports free, and if not, who has them?"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path

LISTEN = "0A"


class PortTaken(Exception):
    """A port is in use; the message names it, the setting it comes from, and its holder where /proc tells."""


def require_free(host: str, port: int, setting: str) -> None:
    """Raises PortTaken if nobody could listen on `host:port` now, for whatever reason."""
    if port == 0:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(describe(host, port, setting, error)) from error


def describe(host: str, port: int, setting: str, error: OSError) -> str:
    """Why `host:port` cannot be had, and what to do."""
    if error.errno != errno.EADDRINUSE:
        return f"cannot listen on {host}:{port} ({setting}): {error.strerror or error}"
    holder = holder_of(port)
    by = f" by {holder}" if holder else ""
    return f"port {port} on {host} ({setting}) is taken{by}; stop that program, or set {setting} to another port"


def holder_of(port: int) -> str | None:
    """`pid 123 (command line)` of the process that listens on a TCP port, where /proc shows it."""
    inodes = {f"socket:[{inode}]" for inode in listening_inodes(port)}
    if not inodes:
        return None
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and inodes & set(open_files(process)):
            return f"pid {process.name} ({command_of(process)})"
    return None


def listening_inodes(port: int) -> list[str]:
    """Inodes of the sockets that listen on a port (proc(5), /proc/net/tcp)."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
        except OSError:
            continue
        found += [row[9] for row in rows if row[3] == LISTEN and int(row[1].rsplit(":", 1)[1], 16) == port]
    return found


def open_files(process: Path) -> list[str]:
    """What the descriptors of a process point to; empty if it is not ours to see."""
    targets = []
    with contextlib.suppress(OSError):
        for entry in (process / "fd").iterdir():
            with contextlib.suppress(OSError):  # closed since it was listed
                targets.append(os.readlink(entry))
    return targets


def command_of(process: Path) -> str:
    """The command line of a process, shortened."""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "?"
    return b" ".join(words).decode("utf-8", "replace").strip()[:80]
