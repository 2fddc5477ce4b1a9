"""Mark and sweep: bodies that no flow has, chunks that no body has."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from itertools import batched

from ccproxy.flows.archive.manifest import Marks
from ccproxy.flows.archive.opening import transaction

STEP = 250
CHUNK_STEP = 5000
"""Bodies and chunks that are deleted while the lock is held."""


def sweep(db: sqlite3.Connection, least: float = 0.0) -> None:
    """Deletes bodies that no flow has, and chunks that no body has; nothing if less than `least` of all are unused."""
    newest, count = db.execute("SELECT ifnull(max(id), 0), count(*) FROM bodies").fetchone()
    unused = db.execute("SELECT id FROM bodies WHERE NOT EXISTS (SELECT 1 FROM uses WHERE body = bodies.id)").fetchall()
    if not unused or len(unused) < least * count:
        return
    for step in batched(unused, STEP, strict=False):
        with transaction(db):
            db.executemany(
                "DELETE FROM bodies WHERE id = ? AND NOT EXISTS (SELECT 1 FROM uses WHERE body = bodies.id)", step
            )
    _sweep_chunks(db, newest)


def _sweep_chunks(db: sqlite3.Connection, newest: int) -> None:
    """Another process may add bodies meanwhile: those are marked too, in the transaction that deletes."""
    marks = Marks(*db.execute("SELECT ifnull(min(id), 0), ifnull(max(id), 0) FROM chunks").fetchone())
    for (manifest,) in db.execute("SELECT manifest FROM bodies WHERE id <= ? ORDER BY id", (newest,)):
        _mark(marks, manifest)
    chunks = db.execute("SELECT id FROM chunks WHERE id <= ?", (marks.highest,))
    unmarked = [number for (number,) in chunks if number not in marks]
    for step in batched(unmarked, CHUNK_STEP, strict=False):
        with transaction(db):
            for body, manifest in db.execute("SELECT id, manifest FROM bodies WHERE id > ?", (newest,)).fetchall():
                _mark(marks, manifest)
                newest = max(newest, body)
            db.executemany("DELETE FROM chunks WHERE id = ?", [(each,) for each in step if each not in marks])


def _mark(marks: Marks, manifest: bytes) -> None:
    with suppress(ValueError):  # a body whose list is damaged cannot be read any more, whatever of it is there
        marks.add(manifest)
