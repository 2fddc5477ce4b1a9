"""Forgetting flows, and then whatever no flow uses any more. In steps, so that nobody waits long for the lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched

from ccproxy.flows.archive.opening import checkpoint, transaction
from ccproxy.flows.archive.sweeping import sweep

STEP = 250
"""Flows that are forgotten while the lock is held."""
PAGE_STEP = 2000
UNUSED = 0.05
"""Of all bodies: so many are unused before the limits of age and number have the file searched for them. What somebody
wants to be forgotten goes at once."""
ENOUGH = 0.9
"""Of `max_bytes`: so far an archive shrinks that grew beyond it, so that this is not done at every flow."""


@dataclass(slots=True, frozen=True)
class Limits:
    """What an archive may hold; None is no limit."""

    max_age: float | None = None
    """Seconds since a flow began."""
    max_bytes: int | None = None
    """Of the file, what is free in it not counted."""
    max_flows: int | None = None


@dataclass(slots=True, frozen=True)
class Pruned:
    """What was forgotten."""

    flows: int = 0
    bytes: int = 0
    """By which the file became shorter."""


def prune(
    db: sqlite3.Connection, *, ids: Collection[str] = (), limits: Limits | None = None, now: float = 0.0
) -> Pruned:
    """Forgets flows by id, or the oldest until the limits are kept, and gives the space back."""
    before, flows = _file_bytes(db), _forget_all(db, ids)
    if limits is not None:
        flows += _forget_all(db, _too_old(db, limits, now)) + _forget_all(db, _too_many(db, limits))
    if flows:
        sweep(db, 0.0 if ids else UNUSED)
    if limits is not None and limits.max_bytes is not None and used_bytes(db) > limits.max_bytes:
        flows += _shrink(db, int(limits.max_bytes * ENOUGH))
    if flows:
        _give_back(db)
    return Pruned(flows, max(0, before - _file_bytes(db)))


def forget(db: sqlite3.Connection, ids: Collection[str]) -> int:
    """Forgets flows inside a transaction; bodies that only they had stay until `sweep`."""
    gone = 0
    for id in ids:
        row = db.execute("SELECT seq FROM flows WHERE id = ?", (id,)).fetchone()
        if row is None:
            continue
        for table in ("uses", "records", "flows"):
            db.execute(f"DELETE FROM {table} WHERE seq = ?", row)  # noqa: S608, three names of ours
        gone += 1
    return gone


def used_bytes(db: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _forget_all(db: sqlite3.Connection, ids: Collection[str]) -> int:
    gone = 0
    for step in batched(ids, STEP, strict=False):
        with transaction(db):
            gone += forget(db, step)
    return gone


def _too_old(db: sqlite3.Connection, limits: Limits, now: float) -> Sequence[str]:
    if limits.max_age is None:
        return ()
    return _ids(db.execute("SELECT id FROM flows WHERE started < ?", (now - limits.max_age,)))


def _too_many(db: sqlite3.Connection, limits: Limits) -> Sequence[str]:
    if limits.max_flows is None:
        return ()
    count = db.execute("SELECT count(*) FROM flows").fetchone()[0]
    return _oldest(db, count - limits.max_flows)


def _oldest(db: sqlite3.Connection, count: int) -> list[str]:
    return _ids(db.execute("SELECT id FROM flows ORDER BY started, seq LIMIT ?", (max(0, count),)))


def _ids(rows: Iterator[tuple[str]]) -> list[str]:
    return [id for (id,) in rows]


def _shrink(db: sqlite3.Connection, aim: int) -> int:
    """Forgets the oldest until the archive has this size. How much a flow takes is only seen when it is gone."""
    gone = 0
    while (size := used_bytes(db)) > aim:
        count = db.execute("SELECT count(*) FROM flows").fetchone()[0]
        some = _forget_all(db, _oldest(db, max(1, count * (size - aim) // size)))
        if not some:
            break
        gone += some
        sweep(db)
    return gone


def _file_bytes(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA page_count").fetchone()[0] * db.execute("PRAGMA page_size").fetchone()[0])


def _give_back(db: sqlite3.Connection) -> None:
    while free := db.execute("PRAGMA freelist_count").fetchone()[0]:
        db.execute(f"PRAGMA incremental_vacuum({PAGE_STEP})").fetchall()
        if db.execute("PRAGMA freelist_count").fetchone()[0] >= free:
            break
    checkpoint(db)
