"""The thread that takes flows out of the queue and to the process that writes them; it starts another if one dies."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from ccproxy.flows.archive.feeding.connection import Connection, WriterGone
from ccproxy.flows.archive.feeding.shell import shell_of

if TYPE_CHECKING:
    from typing import Any

    from ccproxy.flows.archive.feeding.queue import Item, Queue
    from ccproxy.flows.archive.writer.wire import Orders

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.01
"""How long the thread waits for more once there is something: it takes the interpreter from the event loop seldom."""
BUSY_FLOWS = 16
"""With so many waiting the thread does not offer the interpreter to the loop, which may keep it for 5 ms each time."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 60.0
"""Seconds between the death of a writer and the next; doubled each time that one died early."""
EARLY_SECONDS = 10.0
WITHOUT_BODIES, GIVEN_UP = 3, 5
"""How many writers may die over one flow until its bodies are left out, and until it is."""


class Sender:
    """Empties a queue. `run` is the thread's; everything else may be called by the event loop."""

    def __init__(self, queue: Queue, orders: Orders) -> None:
        self._queue, self._orders = queue, orders
        self._awake, self._closing = False, threading.Event()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        self._pause = FIRST_PAUSE
        self.trouble: str | None = None
        """Why nothing can be written at the moment; None if it can."""

    def wake(self) -> None:
        """There is something to send."""
        if not self._awake:
            self._awake = True
            os.write(self._wake, b"x")

    def close(self) -> None:
        """Nothing more will come: `run` ends as soon as everything is written."""
        self._closing.set()
        self.wake()

    def run(self) -> None:
        """One writer after another, until closed."""
        try:
            while not self._is_over:
                self._one_writer()
        except Exception:
            log.exception("flows are not archived any more")
            self.trouble = "the feeding thread failed; see the log"

    @property
    def _is_over(self) -> bool:
        return self._closing.is_set() and not self._queue.unsent

    def _one_writer(self) -> None:
        started = time.monotonic()
        try:
            with Connection(self._orders, self._woken) as connection:
                self._serve(connection)
        except (WriterGone, OSError) as error:
            self._died(str(error), early=time.monotonic() - started < EARLY_SECONDS)

    def _serve(self, connection: Connection) -> None:
        """Returns once everything is acknowledged and nothing more will come. Raises WriterGone."""
        while True:
            while not connection.is_full and (item := self._queue.next()) is not None:
                self._put(connection, item)
                if len(self._queue) < BUSY_FLOWS:
                    time.sleep(0)  # the event loop need not wait for more than one flow
            if self._closing.is_set() and not self._queue.unsent and connection.is_empty:
                connection.finish()
                if not self._queue.unacknowledged:
                    return
            woken, said = connection.wait()
            for each in said:
                self._hear(each)
            if woken:
                self._gather(connection)

    def _put(self, connection: Connection, item: Item) -> None:
        try:
            connection.put(item)
        except Exception:
            log.exception("flow %s cannot be archived", item.id)
            self._queue.lose(item.id)
            item.exchange = None
            connection.put(item)  # its number is acknowledged in its turn

    def _gather(self, connection: Connection) -> None:
        if not self._closing.is_set():
            time.sleep(GATHER_SECONDS)
        connection.drain_wakes()
        self._awake = False

    def _hear(self, said: dict[str, Any]) -> None:
        if "lost" in said:
            self._queue.lose(said["lost"])
            log.error("flow %s could not be archived: %s", said["lost"], said["why"])
        if "note" in said:
            log.warning("%s", said["note"])
        if "trouble" in said and self.trouble != said["trouble"]:
            self.trouble = said["trouble"]
            log.error("flows wait in memory: %s. %s", said["trouble"], said["fix"])
        if "done" in said:
            self._queue.acknowledge(said["done"])
            self._pause = FIRST_PAUSE
            if self.trouble is not None:
                self.trouble = None
                log.info("the archive is written again")

    def _died(self, why: str, *, early: bool) -> None:
        first = self._queue.take_back()
        log.error("the archive's writer %s; what it had not written is sent again", why)
        if first is not None:
            self._blame(first)
        self._pause = min(self._pause * 2, LONGEST_PAUSE) if early else FIRST_PAUSE
        self.trouble = f"the archive's writer {why}"
        if self._closing.wait(self._pause):
            time.sleep(FIRST_PAUSE)

    def _blame(self, item: Item) -> None:
        """The writer may have died of the first flow that it had."""
        item.tries += 1
        if item.exchange is None or item.tries < WITHOUT_BODIES:
            return
        if item.tries < GIVEN_UP:
            item.exchange = shell_of(item.exchange)
            return
        log.error("flow %s is given up: %d writers died of it", item.id, item.tries)
        self._queue.lose(item.id)
