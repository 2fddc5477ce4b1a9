"""Opening an archive to read it, also where nothing can be written."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from ccproxy.flows.archive.opening import check_ours
from ccproxy.flows.archive.schema import VERSION, migrate
from ccproxy.flows.reader import ArchiveError

NO_INDEX = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
"""What SQLite says where it cannot make the index of the log (https://www.sqlite.org/wal.html#readonly)."""


def open_for_reading(path: Path, wait: float) -> sqlite3.Connection:
    """The database, read-only. Raises ArchiveError and sqlite3.Error."""
    if not path.exists():
        raise ArchiveError(
            f"there is no archive at {path}", "It is made when a daemon starts with flows.archive: full."
        )
    try:
        return _open(path, wait, "mode=ro")
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in NO_INDEX:
            raise
        return _open_as_it_is(path, wait)


def _open_as_it_is(path: Path, wait: float) -> sqlite3.Connection:
    """As a file that nobody changes, which holds only while there is no log."""
    log = Path(f"{path}-wal")
    if log.exists() and log.stat().st_size:
        told = f"the archive {path} has a log that must be read with it, and its directory cannot be written"
        raise ArchiveError(told, f"Copy {path.name} and {log.name} to a directory that you can write.")
    return _open(path, wait, "mode=ro&immutable=1")


def _open(path: Path, wait: float, how: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?{how}"
    db = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA query_only = 1")
        db.text_factory = _text
        version = check_ours(db, path)
        is_empty = version == 0 and not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not is_empty:
            _check(version, path)
    except BaseException:
        db.close()
        raise
    if not is_empty:
        return db
    db.close()
    return _of_nothing()


def is_of_nothing(db: sqlite3.Connection) -> bool:
    """Whether the archive was being made when it was opened: it is to be opened again."""
    return not db.execute("PRAGMA database_list").fetchone()[2]


def _of_nothing() -> sqlite3.Connection:
    """What there is in an archive that its daemon is making at this moment."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    migrate(db)
    return db


def _text(data: bytes) -> str:
    """One damaged text must not keep the others from being read; its checksum tells."""
    return data.decode("utf-8", "replace")


def _check(version: int, path: Path) -> None:
    if version < VERSION:
        told = f"the archive {path} is of version {version}; this ccproxy reads version {VERSION}"
        raise ArchiveError(told, "Start the daemon once: it brings the archive up to date.")
