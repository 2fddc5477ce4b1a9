"""The command, as the process that holds its jail sees it: what its init tells, which signals go to it, how it ends."""

from __future__ import annotations

from collections.abc import Callable

from ccproxy.jail.errors import JailError
from ccproxy.jail.inmate import Exited, Failed, Inmate, News, Started, Stopped
from ccproxy.jail.jobs import is_stopped, stop_like
from ccproxy.jail.poll import Poller
from ccproxy.jail.signals import Signals
from ccproxy.jail.terminal import Terminal


class Command:
    """Follows the jail's init on the loop. Calls `started`, and `ended` once; `waitstatus` then says how."""

    def __init__(self, poller: Poller, jail: Inmate, started: Callable[[], None], ended: Callable[[], None]) -> None:
        self._poller, self._jail, self._on_start, self._on_end = poller, jail, started, ended
        self._terminal = Terminal()
        self._pid: int | None = None
        self._waiting: list[int] = []
        self._signals: Signals | None = None
        self.waitstatus: int | None = None
        poller.on_readable(jail.fileno(), self._news)

    def catch_signals(self) -> None:
        """From now on they are the command's. Before, they end this process and with it the jail."""
        self._signals = Signals(self._poller, self._signal)

    def close(self) -> None:
        """Signals are this process's own again."""
        if self._signals:
            self._signals.close()
        self._poller.on_readable(self._jail.fileno(), None)

    def _news(self) -> None:
        news = self._jail.news()
        if news is None:
            self._ended(self._jail.wait())
        for item in news or ():
            self._tell(item)

    def _tell(self, item: News) -> None:
        match item:
            case Started(pid):
                self._started(pid)
            case Stopped(number):
                self._stopped(number)
            case Exited(waitstatus):
                self._ended(waitstatus)
            case Failed(message, fix, status):
                raise JailError(message, fix, status)

    def _started(self, pid: int) -> None:
        self._pid = pid
        for number in self._waiting:
            self._jail.signal(number)
        self._on_start()

    def _stopped(self, number: int) -> None:
        """Stops too, but not with signals in hand: handed on when this process runs again, maybe minutes later, they
        would be new ones. What continues this process comes to the command by `Signals`, once: a second one could undo
        the next stop."""
        if self._signals:
            self._signals.hand_on()
        if (pid := self._pid) is not None:
            stop_like(number, lambda: is_stopped(pid), self._terminal)

    def _signal(self, number: int) -> None:
        if self._pid is None:
            self._waiting.append(number)
        else:
            self._jail.signal(number)

    def _ended(self, waitstatus: int) -> None:
        self.waitstatus = waitstatus
        self._terminal.restore()
        self._poller.on_readable(self._jail.fileno(), None)
        self._on_end()
