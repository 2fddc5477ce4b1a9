"""Ctrl-C while a client runs: it is the client's, which may want one or two for itself, until it is plain that not."""

from __future__ import annotations

import signal
import time
from types import FrameType, TracebackType
from typing import Self

from ccproxy.cli.grammar import CommandError

MANY, WITHIN_SECONDS = 3, 3.0
"""So many within that time are meant for the command."""
WORD_SECONDS = 1.0
"""Within it the keeper, which is in the same process group, tells of a signal that came to all of it."""
STATUS = 128 + signal.SIGINT


def interrupted() -> CommandError:
    """What the command ends with."""
    error = CommandError("interrupted: the client was ended, and nothing is kept")
    error.exit_code = STATUS  # type: ignore[misc]  # click declares it for the class, and reads it here
    return error


class Interrupts:
    """A context in which SIGINT raises CommandError once it is meant for the command: many of them came in a short
    time, or one came that the client did not get."""

    def __init__(self) -> None:
        self._came: list[float] = []
        self._word = float("-inf")
        self._over = self._left = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._one)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Who is impatient goes on pressing the keys while the command says what it ends with.
        signal.signal(signal.SIGINT, signal.SIG_IGN if self._left else self._before)

    def shared(self) -> None:
        """The keeper got one."""
        self._word = time.monotonic()

    def require_shared(self) -> None:
        """To be called now and then. Raises CommandError for a signal that came to this process alone."""
        if not self._came or self._over:
            return
        last = self._came[-1]
        if self._word < last - WORD_SECONDS and time.monotonic() > last + WORD_SECONDS:
            self._leave()

    def end(self) -> None:
        """From now on there is nothing left to interrupt: what is under way takes no longer than it must."""
        self._over = True

    def _one(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        self._came = [when for when in self._came if now - when < WITHIN_SECONDS] + [now]
        if len(self._came) >= MANY and not self._over:
            self._leave()

    def _leave(self) -> None:
        self._over = self._left = True
        raise interrupted()
