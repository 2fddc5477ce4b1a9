"""What a command gets from the process that starts ccproxy, and is to get in a jail too."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass

STANDARD = 3
PYTHON_IGNORES = {signal.SIGPIPE, signal.SIGXFSZ}
"""The interpreter ignores them for itself, whatever it found."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """Signals as they were, open descriptors and the working directory."""

    ignored: frozenset[int]
    blocked: frozenset[int]
    fds: tuple[int, ...]
    """Descriptors from 3 on that executed programs get."""
    directory: str | None
    """None if it was removed."""

    @classmethod
    def now(cls) -> Inherited:
        """Of this process, before it has changed anything."""
        ignored = {number for number in signal.valid_signals() if signal.getsignal(number) == signal.SIG_IGN}
        return cls(
            ignored=frozenset(ignored - PYTHON_IGNORES),
            blocked=frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
            fds=tuple(fd for fd in _open() if fd >= STANDARD and _passes(fd)),
            directory=_directory(),
        )

    def restore_signals(self) -> None:
        """Sets dispositions and mask as they were."""
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            with contextlib.suppress(OSError):  # two are the threading library's own
                signal.signal(number, signal.SIG_IGN if number in self.ignored else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.blocked)

    def close_others(self, *kept: int) -> None:
        """Closes every descriptor but the standard ones, the inherited ones and `kept`."""
        stay = {*range(STANDARD), *self.fds, *kept}
        for fd in _open():
            if fd not in stay:
                with contextlib.suppress(OSError):  # the one that listed them
                    os.close(fd)

    def let_go(self, *kept: int) -> None:
        """Closes the inherited ones too and holds the standard ones no longer: whoever is at their other end is to see
        when the command has closed them."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in range(STANDARD):
            os.dup2(nothing, fd)
        stay = {*range(STANDARD), *kept}
        for fd in self.fds:
            if fd not in stay:
                os.close(fd)
        if nothing >= STANDARD:
            os.close(nothing)


def _open() -> list[int]:
    return [int(name) for name in os.listdir("/proc/self/fd")]


def _passes(fd: int) -> bool:
    try:
        return os.get_inheritable(fd)
    except OSError:  # the one that listed them
        return False


def _directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None
