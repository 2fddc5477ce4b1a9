"""The end of all that a jail's first process has begotten."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def end_all() -> None:
    """Kills every other process of the pid namespace that this one is the first of, and waits for their end."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def end_descendants() -> None:
    """The same without such a namespace, for a process that adopts orphans: when no child is left, no descendant is."""
    while True:
        for pid in children(os.getpid()):
            _kill(pid)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def children(parent: int) -> list[int]:
    """The processes whose parent a process is."""
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _parent(entry) == parent]


def _parent(pid: str) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:  # ended, or with rights of its own
        return
