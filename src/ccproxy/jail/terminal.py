"""The controlling terminal's foreground process group, seen from the process that holds a jail.

Process groups of a jail have numbers of their own inside, so that a shell in it cannot give the terminal back to the
group it was started from: its holder does.
"""

from __future__ import annotations

import os
from collections.abc import Callable


class Terminal:
    """The terminal, if there is one; without one every method does nothing."""

    def __init__(self) -> None:
        self._own = os.getpgrp()
        self._ours = self.foreground() == self._own

    def foreground(self) -> int | None:
        """The group in the foreground."""
        return _ask(os.tcgetpgrp)

    def give(self, group: int | None) -> None:
        """Hands the terminal from our own group, which has it, to a group of the jail."""
        if group not in {None, self._own} and self.foreground() == self._own:
            self._set(group)

    def restore(self) -> None:
        """Takes the terminal back from a group of the jail that is no more, if it was ours at the start."""
        group = self.foreground()
        if self._ours and group not in {None, self._own} and not _lives(group):
            self._set(self._own)

    def _set(self, group: int | None) -> None:
        if group is not None:
            _ask(lambda fd: os.tcsetpgrp(fd, group))


def _ask[T](question: Callable[[int], T]) -> T | None:
    try:
        fd = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return None
    try:
        return question(fd)
    except OSError:
        return None
    finally:
        os.close(fd)


def _lives(group: int | None) -> bool:
    try:
        os.killpg(group or 0, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
