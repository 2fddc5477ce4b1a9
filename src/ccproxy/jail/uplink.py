"""The daemon, as a jail that runs sees it: it may go away and come back, and sometimes it has something to say."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ccproxy.jail.errors import JailError
from ccproxy.jail.link import DaemonLink
from ccproxy.jail.poll import Poller
from ccproxy.jail.ticket import Ticket

RETRY_SECONDS = 0.5
LINES, PER_SECONDS = 5, 10.0
"""So many lines of the daemon's are said in so many seconds; the others are counted."""
LONGEST = 300


class Uplink:
    """Keeps a link; `moved` is told the new ticket when the daemon is back."""

    def __init__(
        self,
        poller: Poller,
        link: DaemonLink,
        connect: Callable[[], DaemonLink],
        moved: Callable[[Ticket], None],
        say: Callable[[str], None],
    ) -> None:
        self._poller, self._link, self._connect, self._moved = poller, link, connect, moved
        self._say, self._lines = say, Lines(say)
        self._timer = 0
        self._watch()

    @property
    def ticket(self) -> Ticket:
        """The one that is in force."""
        return self._link.ticket

    def close(self) -> None:
        """Gives the jail up."""
        self._poller.cancel(self._timer)
        self._drop()

    def _watch(self) -> None:
        self._poller.on_readable(self._link.fileno(), self._come)

    def _come(self) -> None:
        try:
            events = self._link.events()
        except ValueError:  # not JSON: no daemon of ours any more
            events = None
        if events is None:
            self._lost()
        for event in events or ():
            self._event(event)

    def _event(self, event: dict[str, Any]) -> None:
        if event.get("event") == "say":
            self._lines.say(str(event.get("text", "")))

    def _lost(self) -> None:
        self._drop()
        self._say("the daemon is gone; the command has no network until it is back")
        self._timer = self._poller.every(RETRY_SECONDS, self._retry)

    def _drop(self) -> None:
        if self._link.fileno() >= 0:
            self._poller.on_readable(self._link.fileno(), None)
            self._link.close()

    def _retry(self) -> None:
        try:
            self._link = self._connect()
        except (JailError, OSError, ValueError, TypeError, KeyError):  # also what answers is no daemon of ours
            return
        self._poller.cancel(self._timer)
        self._watch()
        self._moved(self._link.ticket)
        self._say("the daemon is back")


class Lines:
    """Says lines as long as there are not too many."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._since, self._said, self._dropped = 0.0, 0, 0

    def say(self, text: str) -> None:
        """One line, without anything that a terminal would obey."""
        now = time.monotonic()
        if now - self._since > PER_SECONDS:
            self._begin(now)
        if self._said < LINES:
            self._said += 1
            self._say(plain(text))
        else:
            self._dropped += 1

    def _begin(self, now: float) -> None:
        if self._dropped:
            self._say(f"{self._dropped} more lines of the daemon's were left out")
        self._since, self._said, self._dropped = now, 0, 0


def plain(text: str) -> str:
    """Text in one line of bounded length; control characters are replaced."""
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
