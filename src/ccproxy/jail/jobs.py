"""Job control: a shell sees the holder of a jail stop and go on as it would see the command."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from ccproxy.jail.terminal import Terminal

STOPPING = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}


def stop_like(number: int, stopped: Callable[[], bool], terminal: Terminal) -> None:
    """Stops this process as the command was by signal `number`, unless the command runs again by now; returns when
    somebody continued this process, the terminal then being with the group that had it."""
    group = terminal.foreground()
    if stopped():
        _stop_self(number)
        terminal.give(group)


def is_stopped(pid: int) -> bool:
    """Whether a process of the host's numbering is stopped by job control."""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state == b"T"


def _stop_self(number: int) -> None:
    """By the same signal, because shells tell which it was; by SIGSTOP where that one is not to be had."""
    if number not in STOPPING:
        os.kill(os.getpid(), signal.SIGSTOP)
        return
    before = signal.signal(number, signal.SIG_DFL)
    try:
        os.kill(os.getpid(), number)
    finally:
        signal.signal(number, before)
