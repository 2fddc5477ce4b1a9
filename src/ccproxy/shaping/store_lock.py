"""One writer at a time in a directory of shapes, and no leavings of those that were killed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ccproxy.shaping.place import require_writable
from ccproxy.shaping.shape import ShapeError


@contextmanager
def only_writer(directory: Path) -> Iterator[None]:
    """Makes the directory, 0700, and waits until nobody else writes in it. What goes wrong with the files of it is
    raised as ShapeError."""
    require_writable(directory)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with suppress(OSError):  # a file system that knows no locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
            with suppress(OSError):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        where = error.filename or directory
        why = error.strerror or str(error)
        raise ShapeError(f"{where} cannot be written: {why}", "check it, and who may write there") from error


def sweep(directory: Path) -> None:
    """Deletes the unfinished files of writers that were killed. To be called by the only writer."""
    for left in (*directory.glob(".*.mflow.*"), *directory.glob(".*.patch.*"), *directory.glob(".series.*")):
        with suppress(OSError):
            left.unlink()
