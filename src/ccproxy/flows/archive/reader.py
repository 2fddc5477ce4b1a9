"""Reads an archive without its writer: from any process, daemon or not. Every read is of one moment; no writer waits.

Lists of flows need nothing but the standard library; what a whole flow needs is loaded when one is asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ccproxy.flows.archive.conditions import HIGHEST, conditions
from ccproxy.flows.archive.faults import is_damage, told
from ccproxy.flows.archive.reading import is_of_nothing, open_for_reading
from ccproxy.flows.archive.row import SUMMARY, Row, summary_of
from ccproxy.flows.reader import ArchiveError, FlowDamaged, FlowMissing
from ccproxy.flows.selection import Selection

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange


class ArchiveReader:
    """A `FlowReader` of an archive."""

    def __init__(self, path: Path, wait: float = 5.0) -> None:
        """Opens it. Raises ArchiveError: there is none, or it cannot be read. `wait` as in `Settings`."""
        self.path = path
        self.damaged = 0
        """Rows of the last list that could not be read; they are not in it."""
        self.more_damaged = False
        """Whether there may be more of those: the file is damaged where it would say."""
        self._wait = wait
        with told(path):
            self._db = open_for_reading(path, wait)

    def summaries(self, selection: Selection) -> list[dict[str, Any]]:
        """See `FlowReader`."""
        where, values = conditions(selection)
        query = f"SELECT {SUMMARY} FROM flows {where} ORDER BY started DESC, seq DESC"  # noqa: S608, no word of it is given
        with self._snapshot():
            try:
                return self._selected(self._db.execute(query, values), selection)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                return self._salvaged(selection)

    def find(self, beginning: str, most: int = 6) -> Sequence[str]:
        """See `FlowReader`."""
        if not beginning or not _is_text(beginning):
            return []
        query = f"SELECT {SUMMARY} FROM flows WHERE id >= ? AND id < ? ORDER BY started, seq LIMIT ?"  # noqa: S608
        with self._snapshot():
            rows = self._db.execute(query, (beginning, beginning + HIGHEST, most))
            return [summary["id"] for summary in self._intact(rows)]

    def exchange(self, id: str, secrets: bool = False) -> Exchange:
        """See `FlowReader`. With `secrets` the credentials are put back, as far as they were kept.

        Raises FlowMissing, FlowDamaged, ArchiveError (the key of the credentials is not there).
        """
        from ccproxy.flows.archive.whole import number_of, read_record, with_secrets
        from ccproxy.flows.record.record import RecordError, from_record

        with self._snapshot(), _of_flow(id):
            seq = number_of(self._db, id) if _is_text(id) else None
            if seq is None:
                raise FlowMissing(f"there is no flow {id} in the archive")
            record, sealed = read_record(self._db, seq, id)
        try:
            return from_record(with_secrets(record, sealed, self.path) if secrets and sealed else record)
        except RecordError as error:
            raise FlowDamaged(f"flow {id}: {error}; the other flows are not hurt") from error

    def summary(self, id: str) -> dict[str, Any] | None:
        """What is told of one flow in a list; None if there is none with this id, or it cannot be read."""
        query = f"SELECT {SUMMARY} FROM flows WHERE id = ?"  # noqa: S608
        with self._snapshot():
            row = self._db.execute(query, (id,)).fetchone() if _is_text(id) else None
        return None if row is None else summary_of(*row)

    def after(self, seq: int) -> list[tuple[int, dict[str, Any]]]:
        """The flows that were added after this one, in the order in which they were, each with its number."""
        with self._snapshot():
            query = f"SELECT seq, {SUMMARY} FROM flows WHERE seq > ? ORDER BY seq"  # noqa: S608
            rows = self._db.execute(query, (seq,)).fetchall()
        return [(number, summary) for number, *rest in rows if (summary := summary_of(*rest)) is not None]

    def last(self) -> int:
        """The number of the flow that was added last; 0 if there is none."""
        with self._snapshot():
            return int(self._db.execute("SELECT ifnull(max(seq), 0) FROM flows").fetchone()[0])

    def delete(self, ids: Collection[str]) -> int:
        """See `FlowReader`."""
        from ccproxy.flows.archive.store import Archive, Settings

        archive = Archive.open(self.path, Settings(wait=self._wait))
        try:
            return archive.delete(ids)
        finally:
            archive.close()

    def close(self) -> None:
        """Closes the file."""
        with suppress(sqlite3.Error):
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        with told(self.path):
            if is_of_nothing(self._db):
                self._db.close()
                self._db = open_for_reading(self.path, self._wait)
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")

    def _selected(self, rows: Iterable[Row], selection: Selection) -> list[dict[str, Any]]:
        flows = (flow for flow in self._intact(rows) if selection.matches(flow))
        return list(islice(flows, selection.limit))[::-1]

    def _salvaged(self, selection: Selection) -> list[dict[str, Any]]:
        from ccproxy.flows.archive.salvage import salvaged

        found = salvaged(self._db)
        flows = self._selected(found.rows, selection)
        self.damaged, self.more_damaged = found.lost, not found.is_all
        return flows

    def _intact(self, rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
        self.damaged, self.more_damaged = 0, False
        for row in rows:
            summary = summary_of(*row)
            if summary is None:
                self.damaged += 1
            else:
                yield summary


@contextmanager
def _of_flow(id: str) -> Iterator[None]:
    """Damage that is met inside is this flow's; that of others may be none."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        raise FlowDamaged(f"flow {id} cannot be read: the archive is damaged there ({error})") from error


def _is_text(word: str) -> bool:
    """Words of a command line may hold lone surrogates; no id does."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


__all__ = ["ArchiveError", "ArchiveReader", "FlowDamaged", "FlowMissing"]
