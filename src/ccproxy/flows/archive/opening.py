"""Opening an archive's file: made private, brought to this version's tables, moved aside if it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ccproxy.flows.archive.schema import APPLICATION_ID, PAGE_BYTES, VERSION, migrate, version_of
from ccproxy.flows.reader import ArchiveError

SIDES = ("", "-wal", "-shm")
"""What SQLite adds to the name of a database's file for its log and the log's index."""
LOG_BYTES = 16 * 1024 * 1024
"""The log is cut to this length when it was longer."""
PAUSE = 0.02
"""Seconds between two tries."""
UNUSABLE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def open_for_writing(path: Path, wait: float, most_pages: int | None) -> tuple[sqlite3.Connection, str]:
    """The database, and what was done to the file, in words. Raises ArchiveError, sqlite3.Error and OSError."""
    make_private(path)
    try:
        return _open(path, wait, most_pages), ""
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # that one: a damaged name in the error's message
        if isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) & 0xFF not in UNUSABLE:
            raise
        aside = set_aside(path)
        make_private(path)
        note = f"the archive {path} could not be read ({error}): it is now {aside}, and a new one was begun"
        return _open(path, wait, most_pages), note


def set_aside(path: Path) -> Path:
    """Moves an archive out of the way, its log with it, and returns its new name. Nothing is deleted."""
    stamp = f"{datetime.now().astimezone():%Y%m%dT%H%M%S}"
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for number in range(1, 1000):
        if not aside.exists():
            break
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    for side in SIDES:
        with suppress(FileNotFoundError):
            Path(f"{path}{side}").rename(f"{aside}{side}")
    return aside


def make_private(path: Path) -> None:
    """The file, made empty if it is not there, 0600, in a directory 0700. SQLite gives its log the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of what is written inside, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def checkpoint(db: sqlite3.Connection) -> None:
    """Moves what the log holds into the file and empties the log, as far as no reader needs it: none is waited for."""
    wait = db.execute("PRAGMA busy_timeout").fetchone()[0]
    db.execute("PRAGMA busy_timeout = 0")
    try:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        db.execute(f"PRAGMA busy_timeout = {wait}")


def check_ours(db: sqlite3.Connection, path: Path) -> int:
    """The version of the tables; 0 for an empty file. Raises ArchiveError: a newer ccproxy, another program made it."""
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]  # first: another process may make them now
    made_by, version = db.execute("PRAGMA application_id").fetchone()[0], version_of(db)
    if tables and made_by != APPLICATION_ID:
        raise ArchiveError(f"{path} is a database of another program", "Move it away: ccproxy makes its own there.")
    if version > VERSION:
        told = f"the archive {path} is of version {version}; this ccproxy reads up to {VERSION}"
        raise ArchiveError(told, "Use the newer ccproxy that made it, or move the file away.")
    return version


def _open(path: Path, wait: float, most_pages: int | None) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
    try:
        return _prepared(db, path, wait, most_pages)
    except BaseException:
        db.close()
        raise


def _prepared(db: sqlite3.Connection, path: Path, wait: float, most_pages: int | None) -> sqlite3.Connection:
    db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    version = check_ours(db, path)
    _use_log(db, time.monotonic() + wait)
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA secure_delete = FAST")
    db.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    if most_pages is not None:
        db.execute(f"PRAGMA max_page_count = {most_pages}")
    if version < VERSION:
        with transaction(db):
            migrate(db)
    return db


def _use_log(db: sqlite3.Connection, until: float) -> None:
    """Turns the write-ahead log on. SQLite does not wait here for another process that is doing the same."""
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(PAUSE)
        else:
            return
