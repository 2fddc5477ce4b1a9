"""Flows from elsewhere into the archive: with summary, cost and lineage as those that the daemon recorded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ccproxy.exchange import Exchange
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.archive.store import Archive
from ccproxy.flows.archive.writer.rows import Lock, Rows
from ccproxy.flows.files import FlowFileError
from ccproxy.flows.lineage.lineage import Lineage
from ccproxy.flows.record.checked import checked
from ccproxy.flows.record.record import Record, RecordError

BATCH = 50
ID = re.compile(r"[0-9A-Za-z_-]{1,64}")

type Complain = Callable[[str], None]


@dataclass(slots=True)
class Count:
    """What became of a file's flows."""

    taken: int = 0
    known: int = 0
    """They were there already and stay as they are."""
    oldest: float | None = None
    """When the first of those that were taken began; seconds since the epoch."""


class Importer:
    """Puts flows into an archive, which is made if there is none. Use it as a context manager.

    Raises ArchiveError. `complain` is told of flows that are kept, but not whole.
    """

    def __init__(self, path: Path, complain: Complain, lock: Lock | None = None, *, bodies: bool = True) -> None:
        self._archive = Archive.open(path)
        self._reader = ArchiveReader(path)
        self._rows = Rows(Lineage(self._reader), lock, complain, bodies=bodies)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
        self._archive.close()

    def take(self, exchanges: Iterable[Exchange], count: Count) -> None:
        """Keeps those that are not there yet, and counts as they are kept: also what came before an error.

        Raises ArchiveError, and whatever the exchanges raise when they are read.
        """
        waiting: list[Record] = []
        try:
            for record in new(exchanges, self._reader, count):
                waiting.append(record)
                if len(waiting) == BATCH:
                    self._add(waiting, count)
        finally:
            self._add(waiting, count)

    def _add(self, records: list[Record], count: Count) -> None:
        entries = [self._rows.entry(record) for record in records]
        records.clear()
        try:
            self._archive.add(entries)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise FlowFileError(f"the archive cannot hold its flows: {error!r}") from error
        count.taken += len(entries)


def new(exchanges: Iterable[Exchange], reader: ArchiveReader | None, count: Count) -> Iterator[Record]:
    """The records of those that an archive does not have. Raises FlowFileError for what is no flow."""
    seen: set[str] = set()
    for ex in exchanges:
        try:
            record = checked(ex)
        except RecordError as error:
            raise FlowFileError(f"the flow {ex.id} cannot be read: {error}") from error
        if not ID.fullmatch(ex.id):
            raise FlowFileError(f"a flow has an id that is none: {ex.id!r}")
        if ex.id in seen or (reader is not None and ex.id in reader.find(ex.id, 2)):
            count.known += 1
            continue
        seen.add(ex.id)
        count.oldest = min(filter(None, (count.oldest, ex.timings.started)), default=None)
        yield record
