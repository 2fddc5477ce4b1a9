"""What a command has sent before it ended and the far side has not acknowledged yet.

Without a jail the kernel delivers that when the program is gone; a jail's network namespace would take it along.
"""

from __future__ import annotations

import time
from pathlib import Path

SECONDS, PAUSE_SECONDS = 2.0, 0.005
TABLES = ("/proc/self/net/tcp", "/proc/self/net/tcp6")
REMOTE, QUEUES = 2, 4
LOOPBACK = ("0100007F:", "00000000000000000000000001000000:", "0000000000000000FFFF00000100007F:")


def until_sent() -> None:
    """Waits until everything is acknowledged, for a bounded time."""
    end = time.monotonic() + SECONDS
    while any(unsent(table) for table in map(_rows, TABLES)) and time.monotonic() < end:
        time.sleep(PAUSE_SECONDS)


def unsent(rows: list[str]) -> bool:
    """Whether a connection that leaves the jail has bytes in its sending queue."""
    fields = (row.split() for row in rows)
    return any(
        len(row) > QUEUES and not row[QUEUES].startswith("00000000:") and not row[REMOTE].startswith(LOOPBACK)
        for row in fields
    )


def _rows(table: str) -> list[str]:
    try:
        return Path(table).read_text().splitlines()[1:]
    except OSError:
        return []
