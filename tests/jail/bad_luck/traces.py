"""What a jail may leave behind, as this machine sees it."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

from tests.support.jailed import House

MARK = "BAD_LUCK"
LISTENING, UNBOUND = "0A", "07"
KEPT = {"logs", "daemon.out", "ccproxy.log"}
"""Files that grow as the daemon works."""


class Traces:
    """A mark that every process of some jails carries, and all that there is of them elsewhere."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.mark = os.urandom(8).hex()
        self.before: dict[str, Any] = {}

    def begin(self) -> None:
        """Remembers how it is without them. That is without any jail: the last test's may be about to end."""
        self.before = self.seen() | {"jails": {"jails": []}}

    def gone(self) -> None:
        """Raises AssertionError if it is not soon as it was."""

        def unlike() -> dict[str, Any]:
            now = self.seen()
            return {name: (value, now[name]) for name, value in self.before.items() if has_more(now[name], value)}

        try:
            self._house.outer.until(lambda: not unlike(), 15)
        except AssertionError:
            raise AssertionError(f"left behind (before, after): {unlike()}") from None

    def processes(self) -> list[str]:
        """Those that carry the mark and are no zombies."""
        return [name for name in os.listdir("/proc") if name.isdigit() and self._is_marked(Path("/proc", name))]

    def _is_marked(self, process: Path) -> bool:
        try:
            return f"{MARK}={self.mark}".encode() in (process / "environ").read_bytes()
        except OSError:
            return False

    def seen(self) -> dict[str, Any]:
        """Everything that could be left."""
        proc = Path(f"/proc/{self._house.daemon.pid}")
        return {
            "processes": self.processes(),
            "jails": self._house.daemon.control("GET", "/jails"),
            "datagram sockets": _rows(proc, "udp", UNBOUND) + _rows(proc, "udp6", UNBOUND),
            "listeners": _rows(proc, "tcp", LISTENING) + _rows(proc, "tcp6", LISTENING),
            "devices": _devices(proc),
            "mounts": [line.split()[4] for line in (proc / "mountinfo").read_text().splitlines()],
            "files": _files(self._house.home.root),
            "temporary files": _files(Path(self._house.home.root, "tmp")),
        }


def has_more(now: Any, before: Any) -> bool:
    """Whether there is something that was not there before; what a test before had not yet given up may go."""
    return bool(Counter(now) - Counter(before)) if isinstance(now, list) else bool(now != before)


def _devices(proc: Path) -> list[str]:
    return [line.partition(":")[0].strip() for line in (proc / "net/dev").read_text().splitlines()[2:]]


def _rows(proc: Path, kind: str, state: str) -> list[str]:
    """Local addresses of sockets in a state."""
    rows = [line.split() for line in (proc / "net" / kind).read_text().splitlines()[1:]]
    return sorted(row[1] for row in rows if row[3] == state)


def _files(root: Path) -> list[str]:
    """All below a directory but what the daemon writes in its own time."""
    return sorted(str(path) for path in root.rglob("*") if not KEPT & set(path.relative_to(root).parts))
