"""The locks that the vendors' own programs take around a refresh, so that they and we never do it at once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ccproxy.auth.file_lock import FileLock
from ccproxy.auth.locking import Lock

STALE_SECONDS = 60.0
"""A folder that has not been touched for so long has lost its owner. Claude Code takes over one of 100 s, not of 40."""


class FolderLock:
    """A lock that is a folder: who made it has it, touches it while at it, and removes it (npm's proper-lockfile)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._taken: tuple[int, int] | None = None
        """Which folder we have made."""

    def take(self) -> bool:
        """One try; False if another has it. Where no folder can be made, there is nothing to lock."""
        try:
            os.mkdir(self.path)
        except FileExistsError:
            if self._is_stale():
                with suppress(OSError):
                    os.rmdir(self.path)
            return False
        except OSError:
            return True
        self._taken = self._found()
        return True

    def touch(self) -> None:
        """Shows that we are still at it."""
        if self._is_ours():
            with suppress(OSError):
                os.utime(self.path)

    def release(self) -> None:
        """Gives it up, if it was taken, and nobody has taken it over from a machine that was asleep."""
        if self._is_ours():
            with suppress(OSError):
                os.rmdir(self.path)
        self._taken = None

    def _is_ours(self) -> bool:
        return self._taken is not None and self._found() == self._taken

    def _found(self) -> tuple[int, int] | None:
        with suppress(OSError):
            status = os.stat(self.path)
            return status.st_dev, status.st_ino
        return None

    def _is_stale(self) -> bool:
        """Of the future it is too if the clock was set back since."""
        with suppress(OSError):
            return abs(time.time() - os.stat(self.path).st_mtime) > STALE_SECONDS
        return False


def claude_code(file: Path) -> Sequence[Lock]:
    """What Claude Code 2.1 takes, in its order: a folder inside its own, and one of its own's name beside it."""
    folder = _folder(file)
    if file.name != ".credentials.json":
        return ()
    return FolderLock(folder / ".oauth_refresh.lock"), FolderLock(folder.with_name(folder.name + ".lock"))


def claude_code_writing(file: Path) -> Sequence[Lock]:
    """What Claude Code 2.1 takes besides while it writes any of its secrets."""
    return (FolderLock(_folder(file) / ".storage-write.lock"),) if file.name == ".credentials.json" else ()


def codex(file: Path) -> Sequence[Lock]:
    """What Codex 0.169 takes around writing, in its order. It posts without a lock, but keeps what it finds then.

    Not to be held while its file is waited for: it would wait for us to write what it has got.
    """
    folder = _folder(file)
    return FileLock(folder / "auth.lock", create=True), FileLock(folder / f"{file.name}.lock", create=True)


def none(file: Path) -> Sequence[Lock]:
    """No lock. Gemini-cli 0.61 never takes one: its refresh tokens can be used any number of times."""
    return ()


def _folder(file: Path) -> Path:
    return Path(os.path.realpath(file.parent))


REFRESHING: Mapping[str, Callable[[Path], Sequence[Lock]]] = {
    "anthropic_oauth": claude_code,
    "google_oauth": none,
    "codex_oauth": none,
}
"""By kind of source: the locks of a whole refresh, for a credential file."""
WRITING: Mapping[str, Callable[[Path], Sequence[Lock]]] = {
    "anthropic_oauth": claude_code_writing,
    "google_oauth": none,
    "codex_oauth": codex,
}
"""By kind of source: those that are taken besides while the file is written."""
