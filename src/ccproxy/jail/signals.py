"""Signals that the holder of a jail gets, handed to the command.

Those that a terminal or `kill -- -GROUP` sends reach the command by themselves, because it is in the same process
group; the jail's init, which is in it too, knows that and does not deliver them a second time.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType

from ccproxy.jail.poll import Poller

FORWARDED = (
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGTSTP,
    signal.SIGCONT,
    signal.SIGALRM,
    signal.SIGIO,
    *range(signal.SIGRTMIN, signal.SIGRTMAX + 1),
)
"""SIGTSTP is here too: whether the command stops is its own affair, and its holder follows."""

type Handler = Callable[[int, FrameType | None], None] | int | signal.Handlers | None


class Signals:
    """From `__init__` to `close`, signals come to `forward` on the loop. What was ignored stays so, as under nohup."""

    def __init__(self, poller: Poller, forward: Callable[[int], None]) -> None:
        self._poller, self._forward = poller, forward
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before: dict[int, Handler] = {n: signal.getsignal(n) for n in FORWARDED}
        for number in self._caught():
            signal.signal(number, _noted)
        self._output = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # a line of ours never stops us in the background
        poller.on_readable(self._read, self.hand_on)

    def hand_on(self) -> None:
        """Forwards what has come by now."""
        try:
            numbers = os.read(self._read, 4096)
        except BlockingIOError:
            return
        for number in numbers:
            if number in self._before:
                self._forward(number)

    def close(self) -> None:
        """Everything is again as it was found."""
        self._poller.on_readable(self._read, None)
        for number in self._caught():
            signal.signal(number, self._before[number])
        signal.signal(signal.SIGTTOU, self._output)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._read)
        os.close(self._write)

    def _caught(self) -> list[int]:
        return [number for number, handler in self._before.items() if handler not in {signal.SIG_IGN, None}]


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The descriptor says it; a handler has to be there for that."""
