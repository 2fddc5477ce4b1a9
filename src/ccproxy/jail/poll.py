"""The one loop of the process that holds a jail: descriptors and times (asyncio takes 25 ms to import)."""

from __future__ import annotations

import select
import time
from collections.abc import Callable

type Callback = Callable[[], None]


class Poller:
    """Calls back when a descriptor can be read (or written) and when a time has come, until `stop`."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._readers: dict[int, Callback] = {}
        self._writers: dict[int, Callback] = {}
        self._timers: dict[int, tuple[float, float, Callback]] = {}
        self._numbers = 0
        self._stopped = False

    def on_readable(self, fd: int, callback: Callback | None) -> None:
        """Calls whenever `fd` can be read or is at its end; None: no more. Level-triggered."""
        self._set(self._readers, fd, callback)

    def on_writable(self, fd: int, callback: Callback | None) -> None:
        """Calls whenever `fd` can be written; None: no more."""
        self._set(self._writers, fd, callback)

    def every(self, seconds: float, callback: Callback) -> int:
        """Calls again and again, first after `seconds`. The number is for `cancel`."""
        self._numbers += 1
        self._timers[self._numbers] = (time.monotonic() + seconds, seconds, callback)
        return self._numbers

    def after(self, seconds: float, callback: Callback) -> int:
        """Calls once. The number is for `cancel`."""

        def once() -> None:
            self.cancel(number)
            callback()

        number = self.every(seconds, once)
        return number

    def cancel(self, number: int) -> None:
        """Ends what `every` or `after` began; nothing if it is over."""
        self._timers.pop(number, None)

    def stop(self) -> None:
        """Lets `run` return after the callback that is being called."""
        self._stopped = True

    @property
    def stopped(self) -> bool:
        """True from `stop` until the next `run`."""
        return self._stopped

    def run(self) -> None:
        """Runs until stopped. Exceptions of callbacks go through."""
        self._stopped = False
        while not self.stopped:
            for fd, mask in self._poll():
                if not self.stopped:
                    self._call(fd, mask)
            if not self.stopped:
                self._call_timers()

    def _poll(self) -> list[tuple[int, int]]:
        due = min((at for at, _, _ in self._timers.values()), default=None)
        timeout = None if due is None else max(0.0, due - time.monotonic())
        return self._epoll.poll(timeout)

    def _call(self, fd: int, mask: int) -> None:
        if mask & ~select.EPOLLOUT and (reader := self._readers.get(fd)):
            reader()
        if mask & ~select.EPOLLIN and (writer := self._writers.get(fd)):
            writer()

    def _call_timers(self) -> None:
        now = time.monotonic()
        for number, (at, seconds, callback) in list(self._timers.items()):
            if at <= now and number in self._timers:
                self._timers[number] = (now + seconds, seconds, callback)
                callback()

    def _set(self, table: dict[int, Callback], fd: int, callback: Callback | None) -> None:
        known = fd in self._readers or fd in self._writers
        if callback is None:
            table.pop(fd, None)
        else:
            table[fd] = callback
        mask = (select.EPOLLIN if fd in self._readers else 0) | (select.EPOLLOUT if fd in self._writers else 0)
        if mask:
            (self._epoll.modify if known else self._epoll.register)(fd, mask)
        elif known:
            self._epoll.unregister(fd)
