"""The tables of an archive, and how an older archive becomes a newer one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from ccproxy.flows.archive.dictionary import packaged

APPLICATION_ID = 0x63637078
"""Says in the file's header that it is ours (https://www.sqlite.org/fileformat.html#application_id): `ccpx`."""
PAGE_BYTES = 8192
"""A summary takes about 2 KB: several fit on a page."""

FIRST = """
CREATE TABLE dictionaries (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE flows (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    started REAL NOT NULL,
    session TEXT, conversation TEXT, parent TEXT, model TEXT, provider TEXT, host TEXT, status INTEGER, jail TEXT,
    summary TEXT NOT NULL,
    crc INTEGER NOT NULL
);
CREATE INDEX flows_by_start ON flows (started);
CREATE INDEX flows_by_session ON flows (session, started) WHERE session IS NOT NULL;
CREATE INDEX flows_by_conversation ON flows (conversation, started) WHERE conversation IS NOT NULL;
CREATE TABLE records (
    seq INTEGER PRIMARY KEY, dictionary INTEGER NOT NULL, facts BLOB NOT NULL, secrets BLOB
);
CREATE TABLE uses (seq INTEGER, place INTEGER, body INTEGER NOT NULL, PRIMARY KEY (seq, place)) WITHOUT ROWID;
CREATE INDEX uses_by_body ON uses (body);
CREATE TABLE bodies (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, size INTEGER NOT NULL, manifest BLOB NOT NULL
);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, size INTEGER NOT NULL,
    dictionary INTEGER NOT NULL, data BLOB NOT NULL
);
"""

type Step = Callable[[sqlite3.Connection], None]


def run_script(db: sqlite3.Connection, script: str) -> None:
    """Each statement by itself: `executescript` would end the transaction."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


def _first(db: sqlite3.Connection) -> None:
    run_script(db, FIRST)
    db.execute("INSERT INTO dictionaries (id, data) VALUES (1, ?)", (packaged(),))


STEPS: tuple[Step, ...] = (_first,)
"""The step at index n makes version n + 1 of version n. Steps are added, never changed."""
VERSION = len(STEPS)


def version_of(db: sqlite3.Connection) -> int:
    """The version of the archive's tables; 0 for an empty file."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection, steps: Sequence[Step] = STEPS) -> None:
    """Brings the tables to the version that `steps` lead to. The caller holds the transaction: all of it or nothing."""
    for number, step in enumerate(steps[version_of(db) :], version_of(db) + 1):
        step(db)
        db.execute(f"PRAGMA user_version = {number}")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
