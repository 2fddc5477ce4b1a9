"""Locks that the system keeps for an open file, and takes away when its holder dies (flock(2))."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

PRIVATE = 0o600


class FileLock:
    """An advisory lock on a file, the same for all who open it. `create` makes the file, which then stays.

    Where there is no file, or its file system has no such locks, there is nothing to lock, and it is taken as taken.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        self._flags = (os.O_RDWR | os.O_CREAT if create else os.O_RDONLY | os.O_NONBLOCK) | os.O_CLOEXEC
        self._descriptor: int | None = None

    def take(self) -> bool:
        """One try; False if another has it."""
        try:
            descriptor = os.open(self.path, self._flags, PRIVATE)
        except BlockingIOError:
            return False  # another has a lease on it, and is asked to give it up by our coming (fcntl(2))
        except OSError:
            return True
        if self._locked(descriptor) is False:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def touch(self) -> None:
        """Nothing: it does not age."""

    def release(self) -> None:
        """Gives it up, if it was taken."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _locked(self, descriptor: int) -> bool:
        """False if another has it, or the file that was opened is no longer the one of this name."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except OSError:
            return False
