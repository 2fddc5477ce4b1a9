"""What can still be read of an archive's list of flows where the file is damaged, and how much cannot.

Each flow has a number that stands in several trees of the file. Where one of them is broken another may still tell it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ccproxy.flows.archive.faults import is_damage
from ccproxy.flows.archive.row import SUMMARY, Row, summary_of

TREES = (
    ("flows INDEXED BY flows_by_start", "started"),
    ("flows INDEXED BY sqlite_autoindex_flows_1", "id"),
    ("flows NOT INDEXED", "seq"),
    ("records", "seq"),
    ("uses", "seq"),
)
"""Where the numbers of flows stand, and the order in which each is read: from either end, up to what is broken."""


@dataclass(slots=True)
class Salvaged:
    """The rows that are whole, the newest first."""

    rows: list[Row]
    lost: int
    """Flows that were there and cannot be read."""
    is_all: bool
    """Whether no more than these can be lost: one of the trees was read from end to end."""


def salvaged(db: sqlite3.Connection) -> Salvaged:
    """All that can be read. Raises sqlite3.Error for what is no damage, such as a lock."""
    numbers, is_all = known(db)
    rows = [row for number in numbers if (row := row_of(db, number)) is not None]
    rows.sort(key=lambda row: float(row[1]), reverse=True)
    return Salvaged(rows, len(numbers) - len(rows), is_all)


def known(db: sqlite3.Connection) -> tuple[list[int], bool]:
    """The numbers of all flows that some tree tells of, the newest first, and whether one of the trees is whole."""
    found, is_all, last = set[int](), False, last_number(db)
    for tree, order in TREES:
        for way in ("ASC", "DESC"):
            with damage_passed_over():
                rows = db.execute(f"SELECT seq FROM {tree} ORDER BY {order} {way}")  # noqa: S608
                found.update(seq for (seq,) in rows if isinstance(seq, int) and 0 < seq <= last)
                is_all = is_all or tree != "uses"  # a flow without bodies is in none
                break
    return sorted(found, reverse=True), is_all


def last_number(db: sqlite3.Connection) -> int:
    """The greatest number that was ever given (https://www.sqlite.org/autoinc.html)."""
    found: object = None
    with damage_passed_over():
        found = db.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = 'flows'").fetchone()[0]
    return found if isinstance(found, int) else 2**31


def row_of(db: sqlite3.Connection, number: int) -> Row | None:
    """A row if it can be read and is as it was written."""
    row: Row | None = None
    with damage_passed_over():
        row = db.execute(f"SELECT {SUMMARY} FROM flows WHERE seq = ?", (number,)).fetchone()  # noqa: S608
    return row if row is not None and summary_of(*row) is not None else None


@contextmanager
def damage_passed_over() -> Iterator[None]:
    """What is damaged is not read."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
