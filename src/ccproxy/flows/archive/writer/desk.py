"""Where the writer's process works: the archive, opened when it is needed, and what makes entries for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccproxy.flows.archive.opening import UNUSABLE, set_aside
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.archive.sealed import Seal
from ccproxy.flows.archive.store import Archive, Entry, Limits, Settings
from ccproxy.flows.archive.writer.rows import Rows, bare_entry, is_bare
from ccproxy.flows.lineage.lineage import Lineage
from ccproxy.flows.reader import ArchiveError

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange
    from ccproxy.flows.archive.writer.batch import Batch
    from ccproxy.flows.archive.writer.wire import Orders
    from ccproxy.flows.record.record import Record
    from ccproxy.flows.selection import Selection

LOCK_SECONDS = 1.0
"""How long another process may hold the lock until the daemon is told; it is waited for anyway."""
DAMAGED_AGAIN = 3
"""So often an archive that can be opened may be found damaged in writing until it is moved aside."""


class Desk:
    """An archive to write to, by what the daemon ordered. `complain` is told what does not keep flows from it."""

    def __init__(self, orders: Orders, complain: Callable[[str], None]) -> None:
        self._orders, self._complain = orders, complain
        self._path = Path(orders.path)
        self._archive: Archive | None = None
        self._former = Former(self._path)
        self._damaged = 0

    def entry(self, record: Record) -> Entry:
        """What is kept of a flow."""
        return self._rows.entry(record)

    def write(self, batch: Batch) -> list[tuple[str, str]]:
        """Writes it; the ids of flows that the archive will never take, and why. Raises ArchiveError: try again."""
        try:
            archive = self._open()
            lost = list(self._added(archive, batch.entries)) if batch.entries else []
            if batch.forgotten:
                archive.delete(batch.forgotten)
        except ArchiveError as error:
            self._look_for_damage(error)
            self.close()
            raise
        self._damaged = 0
        return lost

    def prune(self, now: float) -> None:
        """Applies the limits."""
        orders = self._orders
        limits = Limits(max_age=orders.max_age_seconds, max_flows=orders.max_flows, max_bytes=orders.max_bytes)
        try:
            self._open().prune(limits, now)
        except ArchiveError as error:
            self._complain(f"the archive was not trimmed: {error}")

    def close(self) -> None:
        """Lets go of the file."""
        if self._archive is not None:
            self._archive.close()
            self._archive = None

    def _open(self) -> Archive:
        if self._archive is None:
            self._archive = Archive.open(self._path, Settings(wait=LOCK_SECONDS))
            if self._archive.note:
                self._former.reopen()
                self._complain(self._archive.note)
        return self._archive

    def _added(self, archive: Archive, entries: list[Entry]) -> Iterator[tuple[str, str]]:
        """Adds them; one by one if that fails for another reason than the archive's."""
        try:
            archive.add(entries)
        except ArchiveError as error:
            if is_the_archives(error):
                raise
            yield from self._singly(archive, entries, error)
        except Exception as error:  # noqa: BLE001 - one flow must not keep the others out
            yield from self._singly(archive, entries, error)

    def _singly(self, archive: Archive, entries: list[Entry], error: Exception) -> Iterator[tuple[str, str]]:
        if len(entries) > 1:
            for entry in entries:
                yield from self._added(archive, [entry])
            return
        record = entries[0].record
        if is_bare(record):
            yield record.id, repr(error)
            return
        self._complain(f"flow {record.id} is archived without headers and bodies: {error!r}")
        yield from self._added(archive, [bare_entry(record, error)])

    def _look_for_damage(self, error: ArchiveError) -> None:
        self._damaged = self._damaged + 1 if sqlite_code(error) in UNUSABLE else 0
        if self._damaged >= DAMAGED_AGAIN:
            self._damaged = 0
            self._former.reopen()
            self._complain(f"{error}: it is now {set_aside(self._path)}, and a new one was begun")

    @cached_property
    def _rows(self) -> Rows:
        lineage = Lineage(self._former)
        return Rows(lineage, self._lock if self._orders.encrypted else None, self._complain, bodies=self._orders.bodies)

    def _lock(self, id: str, plain: bytes) -> bytes | None:
        try:
            return self._seal.seal(id, plain)
        except ArchiveError as error:
            self._complain(f"flow {id} is archived without its credentials: {error}")
            return None

    @cached_property
    def _seal(self) -> Seal:
        return Seal.of(self._path, make=True)


class Former:
    """The flows of the past; the archive may not be there yet. Raises ArchiveError as its reader does."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def reopen(self) -> None:
        """At this path is another file now: the next question is put to it."""
        if "_reader" in vars(self):
            self._reader.close()
            del self._reader

    def summaries(self, selection: Selection) -> Sequence[dict[str, Any]]:
        """See `FlowReader`."""
        return self._reader.summaries(selection)

    def exchange(self, id: str) -> Exchange:
        """See `FlowReader`."""
        return self._reader.exchange(id)

    @cached_property
    def _reader(self) -> ArchiveReader:
        return ArchiveReader(self._path)


def sqlite_code(error: ArchiveError) -> int | None:
    """SQLite's primary result code behind an error."""
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def is_the_archives(error: ArchiveError) -> bool:
    """Whether it is about the file. Otherwise it is about what was to be written: too long, not unique."""
    return sqlite_code(error) not in OF_A_FLOW


OF_A_FLOW = (18, 19, 20, 25)
"""SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_RANGE (https://www.sqlite.org/rescode.html)."""
