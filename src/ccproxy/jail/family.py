"""The descendants of a process, where no pid namespace ends them with it."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def end_descendants() -> None:
    """Kills every descendant of this process, which must adopt orphans: when none is left as a child, none is left."""
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
