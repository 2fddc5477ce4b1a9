"""What is written to the archive in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccproxy.flows.archive.store import Entry

MOST_FLOWS = 64
MOST_BYTES = 8 * 1024 * 1024
LONGEST_SECONDS = 0.1
"""What a batch holds at most, and how long its first flow waits for others."""


class Batch:
    """Flows to be written, or ids to be forgotten."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.forgotten: list[str] = []
        self.last = 0
        """The number of the newest thing in it."""
        self.due = 0.0
        """When it has to be written, in seconds of the monotonic clock."""
        self._bytes = 0

    def add(self, number: int, entry: Entry, size: int, now: float) -> None:
        """A flow that took `size` bytes."""
        if not self:
            self.due = now + LONGEST_SECONDS
        self.entries.append(entry)
        self._bytes += size
        self.last = number

    def forget(self, number: int, ids: list[str]) -> None:
        """Flows of former batches that are not wanted any more."""
        self.forgotten += ids
        self.last = number

    def skip(self, number: int) -> None:
        """A thing of which nothing can be written."""
        self.last = number

    def is_due(self, now: float) -> bool:
        """Whether it is to be written now."""
        return bool(self) and (now >= self.due or self.is_full)

    @property
    def is_full(self) -> bool:
        """Whether nothing more should come in."""
        return len(self.entries) >= MOST_FLOWS or self._bytes >= MOST_BYTES

    def __bool__(self) -> bool:
        return self.last > 0
