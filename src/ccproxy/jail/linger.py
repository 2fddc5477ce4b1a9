"""What a command has sent before it ended and the far side has not acknowledged yet.

Without a jail the kernel delivers that when the program is gone; a jail's network namespace would take it along.
"""

from __future__ import annotations

import time
from pathlib import Path

SECONDS, PAUSE_SECONDS = 2.0, 0.005
TABLES = ("/proc/self/net/tcp", "/proc/self/net/tcp6")
COUNTS = ("/proc/self/net/sockstat", "/proc/self/net/sockstat6")
REMOTE, QUEUES = 2, 4
LOOPBACK = ("0100007F:", "00000000000000000000000001000000:", "0000000000000000FFFF00000100007F:")


def until_sent(listeners: int) -> None:
    """Waits until everything is acknowledged, for a bounded time. `listeners`: how many sockets the holder has in this
    network namespace; if there are no more, the long tables need not be read (they take 5 ms each)."""
    if in_use(_rows(COUNTS[0]) + _rows(COUNTS[1])) <= listeners:
        return
    end = time.monotonic() + SECONDS
    while any(unsent(table) for table in map(_rows, TABLES)) and time.monotonic() < end:
        time.sleep(PAUSE_SECONDS)


def in_use(lines: list[str]) -> int:
    """The TCP sockets that are connected, listen or are about to end, in a text like /proc/net/sockstat."""
    words = (line.split() for line in lines)
    return sum(int(row[2]) for row in words if len(row) > 2 and row[0] in {"TCP:", "TCP6:"} and row[2].isdecimal())


def unsent(rows: list[str]) -> bool:
    """Whether a connection that leaves the jail has bytes in its sending queue."""
    fields = (row.split() for row in rows)
    return any(
        len(row) > QUEUES and not row[QUEUES].startswith("00000000:") and not row[REMOTE].startswith(LOOPBACK)
        for row in fields
    )


def _rows(table: str) -> list[str]:
    try:
        return Path(table).read_text().splitlines()
    except OSError:
        return []
