"""The machine's hosts file (hosts(5)). What it names is asked of nobody else.

mitmproxy_rs reads it too, but asks the name servers as well for the kind of address that it does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from ccproxy.config.hostglobs import Address, canonical

type Entries = Mapping[str, list[Address]]

PATH = Path("/etc/hosts")


class HostsFile:
    """Read anew whenever it changes."""

    def __init__(self, path: Path = PATH) -> None:
        self._path = path
        self._entries: Entries = {}
        self._state: tuple[int, int] | None = None

    def addresses(self, name: str) -> list[Address] | None:
        """The addresses of a name, None if the file does not name it."""
        state = self._stat()
        if state != self._state:
            self._entries, self._state = self._read(), state
        return self._entries.get(canonical(name))

    def _stat(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def _read(self) -> Entries:
        try:
            return parse(self._path.read_text("utf-8", "replace"))
        except OSError:
            return {}


def parse(text: str) -> Entries:
    """The addresses of each name, in the file's order; lines that are none are passed over."""
    entries: dict[str, list[Address]] = {}
    for line in text.splitlines():
        first, *names = line.partition("#")[0].split() or [""]
        try:
            address = ip_address(first.partition("%")[0])
        except ValueError:
            continue
        for name in map(canonical, names):
            entries.setdefault(name, []).append(address)
    return entries
