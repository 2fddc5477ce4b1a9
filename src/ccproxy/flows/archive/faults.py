"""What SQLite says went wrong, in words: what it means for the archive and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccproxy.flows.reader import ArchiveError


class ArchiveDamaged(ArchiveError):
    """The archive's file is no database, or is damaged where it was read."""


FAULTS = {
    sqlite3.SQLITE_BUSY: ("is locked by another program", "End the program that holds it; a backup, for instance."),
    sqlite3.SQLITE_LOCKED: ("is locked by another program", "End the program that holds it; a backup, for instance."),
    sqlite3.SQLITE_FULL: ("cannot grow: the disk is full", "Make room, or set flows.max_bytes lower."),
    sqlite3.SQLITE_READONLY: ("cannot be written", "Make the file and its directory writable for this user."),
    sqlite3.SQLITE_PERM: ("may not be opened by this user", "Give the file to this user, mode 0600."),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "See that the directory is there and belongs to this user."),
    sqlite3.SQLITE_IOERR: ("cannot be read or written: the disk reports an error", "See what the kernel's log says."),
    sqlite3.SQLITE_NOMEM: ("cannot be read: there is not enough memory", "Make memory free."),
}
"""By SQLite's primary result codes (https://www.sqlite.org/rescode.html): what the archive is or does, what to do."""
DAMAGED = ("is damaged", "If it is the daemon's own, it is moved aside when a daemon starts; otherwise move it away.")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is damaged, and not only out of reach."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF not in FAULTS


def fault(path: Path, error: sqlite3.Error) -> ArchiveError:
    """The error as the archive's own."""
    if is_damage(error):
        return ArchiveDamaged(f"the archive {path} {DAMAGED[0]}: {error}", DAMAGED[1])
    known = FAULTS[error.sqlite_errorcode & 0xFF]
    return ArchiveError(f"the archive {path} {known[0]} ({error})", known[1])


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Raises what goes wrong inside as ArchiveError."""
    try:
        yield
    except sqlite3.Error as error:
        raise fault(path, error) from error
    except UnicodeDecodeError as error:  # the message of SQLite's error names what is damaged
        raise ArchiveDamaged(f"the archive {path} {DAMAGED[0]}: {error.object!r}", DAMAGED[1]) from error
    except OSError as error:
        fix = "See that the directory can be written by this user and that the disk has room."
        raise ArchiveError(f"the archive {path} cannot be used: {error}", fix) from error
