"""The archive on disk, as its writer sees it: flows come in, old ones go.

One SQLite file with a write-ahead log: whatever was added when `add` returned is there after the process was killed.
docs/archive.md tells what is kept where. Nothing here is for an event loop: every method may wait for the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from ccproxy.flows.archive.chunks import Chunks
from ccproxy.flows.archive.codec import Codec
from ccproxy.flows.archive.faults import told
from ccproxy.flows.archive.opening import checkpoint, open_for_writing, transaction
from ccproxy.flows.archive.pruning import Limits, Pruned, forget, prune
from ccproxy.flows.archive.row import columns_of, crc_of
from ccproxy.flows.record.record import Record, without_bodies

__all__ = ["Archive", "Entry", "Limits", "Pruned", "Settings"]


@dataclass(slots=True, frozen=True)
class Settings:
    """How an archive is opened."""

    wait: float = 5.0
    """Seconds that a lock of another process is waited for."""
    most_pages: int | None = None
    """Pages of 8 KiB that the file may have; what does not fit is as on a full disk."""


@dataclass(slots=True, frozen=True)
class Entry:
    """A flow as it is kept."""

    record: Record
    summary: dict[str, Any]
    """As `ccproxy.flows.summary.summarize` tells it, and what the writer found out besides."""
    keep_bodies: bool = True
    """False: only the sizes of the bodies are kept."""
    secrets: bytes | None = None
    """The credentials that are not in the record, sealed (`ccproxy.flows.archive.sealed`)."""


class Archive:
    """Keeps flows. One thread at a time; several processes may have the same file open."""

    def __init__(self, path: Path, db: sqlite3.Connection, note: str) -> None:
        self.path = path
        self.note = note
        """What was done to the file when it was opened, for people; mostly empty."""
        self._db = db
        number, dictionary = db.execute("SELECT id, data FROM dictionaries ORDER BY id DESC LIMIT 1").fetchone()
        self._codec = Codec(number, dictionary)
        self._chunks = Chunks(db, self._codec)

    @classmethod
    def open(cls, path: Path, settings: Settings = Settings()) -> Self:
        """Opens the archive, makes it if there is none, and brings it to this version's tables.

        A file that is no database, or is damaged where it begins, is moved aside and a new one is made: `note` says
        so. Raises ArchiveError.
        """
        with told(path):
            db, note = open_for_writing(path, settings.wait, settings.most_pages)
            return cls(path, db, note)

    def add(self, entries: Sequence[Entry]) -> None:
        """Keeps flows, all or none; one whose id is there already is replaced. Raises ArchiveError."""
        with told(self.path):
            try:
                with transaction(self._db):
                    self._chunks.begin()
                    forget(self._db, [entry.record.id for entry in entries])
                    for entry in {entry.record.id: entry for entry in entries}.values():
                        self._add(entry)
            except BaseException:
                self._chunks.drop()
                raise

    def delete(self, ids: Collection[str]) -> int:
        """Forgets flows, and what only they had; returns how many there were. Raises ArchiveError."""
        return self._prune(ids=ids).flows

    def prune(self, limits: Limits, now: float) -> Pruned:
        """Forgets the oldest flows until the limits are kept. The lock is never held for long. Raises ArchiveError."""
        return self._prune(limits=limits, now=now)

    def checkpoint(self) -> None:
        """Moves what the log holds into the archive's file and empties the log; as far as no reader needs it."""
        with suppress(sqlite3.Error):
            checkpoint(self._db)

    def close(self) -> None:
        """Closes the file. A second call does nothing."""
        with suppress(sqlite3.Error):
            self._db.close()

    def _prune(self, **what: Any) -> Pruned:
        with told(self.path):
            try:
                return prune(self._db, **what)
            finally:
                self._chunks.drop()

    def _add(self, entry: Entry) -> None:
        record = entry.record if entry.keep_bodies else without_bodies(entry.record)
        summary = orjson.dumps(entry.summary).decode()
        columns = columns_of(record, entry.summary)
        names = ", ".join(columns)
        crc = crc_of(columns["id"], columns["started"], summary)
        seq = self._db.execute(
            f"INSERT INTO flows ({names}, summary, crc) VALUES ({', '.join('?' * (len(columns) + 2))})",  # noqa: S608
            (*columns.values(), summary, crc),
        ).lastrowid
        bodies = [self._chunks.keep(body) for body in record.bodies]
        told_facts = orjson.dumps({"facts": record.facts, "bodies": [name.hex() for _, name in bodies]})
        self._db.execute(
            "INSERT INTO records (seq, dictionary, facts, secrets) VALUES (?, ?, ?, ?)",
            (seq, self._codec.number, self._codec.pack_checked(told_facts), entry.secrets),
        )
        uses = [(seq, place, number) for place, (number, _) in enumerate(bodies)]
        self._db.executemany("INSERT INTO uses (seq, place, body) VALUES (?, ?, ?)", uses)
