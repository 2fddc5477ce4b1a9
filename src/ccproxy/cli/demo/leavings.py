"""Temporary directories that are known to be somebody's: a lock is held on each as long as whoever needs it lives.

So what a process leaves behind that was killed is told from what is in use, and the next one removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def own_directory(parent: Path, prefix: str) -> tuple[Path, int]:
    """Makes a directory, 0700, and removes those with the same beginning of their name that nobody holds any more.

    Returns its path and a descriptor: it is held while that, or a copy of it in another process, is open. Raises
    OSError.
    """
    sweep(parent, prefix)
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        with suppress(FileNotFoundError):  # somebody sweeps, and came between
            descriptor = _opened(path)
            with suppress(OSError):  # a file system that knows no locks: nobody can remove it either
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists():
                return path, descriptor
            os.close(descriptor)


def sweep(parent: Path, prefix: str) -> None:
    """Removes the directories of this user that nobody holds."""
    for path in parent.glob(f"{prefix}*"):
        with suppress(OSError):
            _remove_if_dead(path)


def _remove_if_dead(path: Path) -> None:
    descriptor = _opened(path)
    try:
        told = os.fstat(descriptor)
        if told.st_uid == os.getuid() and stat.S_IMODE(told.st_mode) == 0o700:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
