"""What the archive's process does with what the daemon sends: commits it in batches, and says what is on the disk.

While it cannot write it soon reads no more, so that what waits stays in the daemon's bounded queue.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import orjson

from ccproxy.flows.archive.writer.batch import Batch
from ccproxy.flows.archive.writer.desk import Desk
from ccproxy.flows.archive.writer.wire import Frame, Kind, Orders, line
from ccproxy.flows.reader import ArchiveError
from ccproxy.flows.record.frame import unpack
from ccproxy.flows.record.record import RecordError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from ccproxy.flows.archive.writer.inbox import Inbox

PATIENCE_SECONDS = 30.0
"""How long an archive that cannot be written is tried again after the daemon is gone."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two tries."""
PRUNE_SOON, PRUNE_AT_LAST, PRUNE_SELDOM = 60.0, 600.0, 3600.0
"""Seconds until the limits are applied: after something was written, even if there is always something to write, and if
nothing is."""


class Writer:
    """Takes from the daemon's socket, whose inbox this is, writes to the archive."""

    def __init__(self, sock: socket.socket, inbox: Inbox) -> None:
        self._sock, self._inbox = sock, inbox
        self._batch = Batch()
        self._desk: Desk | None = None
        self._pruned = time.monotonic()
        self._prune_at = self._pruned

    def run(self) -> None:
        """Until the daemon has closed its side and everything is written."""
        while not self._inbox.exhausted:
            frame = self._inbox.take(self._patience())
            if frame is not None:
                self._take(frame)
            elif not self._batch and time.monotonic() >= self._prune_at:
                self._prune()
            if self._batch.is_due(time.monotonic()):
                self._write()
        self._write()
        if self._desk is not None:
            self._desk.close()

    def tell(self, **said: object) -> None:
        """A line to the daemon, if it is still there."""
        with suppress(OSError):
            self._sock.sendall(line(**said))

    def complain(self, text: str) -> None:
        """Something for the daemon's log."""
        self.tell(note=text)

    def _patience(self) -> float:
        """Seconds until there is something to do even if nothing comes."""
        due = self._batch.due if self._batch else self._prune_at
        return due - time.monotonic()

    def _take(self, frame: Frame) -> None:
        if frame.kind == Kind.SETTINGS:
            self._desk = Desk(Orders.from_bytes(frame.payload), self.complain)
        elif frame.kind == Kind.FORGET:
            self._write()
            self._batch.forget(frame.number, orjson.loads(frame.payload))
            self._write()
        elif self._desk is not None:
            self._add(self._desk, frame)

    def _add(self, desk: Desk, frame: Frame) -> None:
        try:
            entry = desk.entry(unpack(frame.payload))
        except RecordError as error:
            self.tell(lost="", why=str(error))
            self._batch.skip(frame.number)
        else:
            self._batch.add(frame.number, entry, len(frame.payload), time.monotonic())

    def _write(self) -> None:
        """Writes the batch, as often as it takes; gives up some time after the daemon is gone."""
        if self._desk is None or not self._batch:
            return
        lost = self._written(self._desk)
        for id, why in lost:
            self.tell(lost=id, why=why)
        self.tell(done=self._batch.last)
        self._batch = Batch()
        now = time.monotonic()
        self._prune_at = min(self._prune_at, now + PRUNE_SOON)
        if now - self._pruned > PRUNE_AT_LAST:
            self._prune()

    def _written(self, desk: Desk) -> list[tuple[str, str]]:
        """What the archive did not take, once it has taken the rest."""
        gone_since = None
        for pause in pauses():
            try:
                return desk.write(self._batch)
            except ArchiveError as error:
                self.tell(trouble=str(error), fix=error.fix)
            now = time.monotonic()
            gone_since = gone_since or (now if self._inbox.hung_up else None)
            if gone_since is not None and now - gone_since > PATIENCE_SECONDS:
                break
            time.sleep(pause)
        sys.exit("the archive could not be written")

    def _prune(self) -> None:
        if self._desk is not None:
            self._desk.prune(time.time())
        self._pruned = time.monotonic()
        self._prune_at = self._pruned + PRUNE_SELDOM


def pauses() -> Iterator[float]:
    """Seconds between tries: doubled each time, up to a bound."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)
