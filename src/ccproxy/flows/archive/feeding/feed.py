"""The way of finished exchanges from the daemon to the archive.

The event loop only appends to a queue. A thread packs and sends to a process that writes; it is started with the first
flow. Whatever is wrong with the archive, exchanges go on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ccproxy.flows.archive.feeding.exclusion import Exclusion
from ccproxy.flows.archive.feeding.queue import Queue
from ccproxy.flows.archive.feeding.sender import Sender
from ccproxy.flows.archive.writer.wire import Orders

if TYPE_CHECKING:
    from pathlib import Path

    from ccproxy.config.services import Flows
    from ccproxy.exchange import Exchange
    from ccproxy.flows.store import FlowStore

log = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0
SAY_SECONDS = 60.0
"""How often the log says that something was dropped."""


def orders_of(config: Flows, path: Path) -> Orders:
    """How the writer is to work."""
    age, encrypted = config.max_age_days * DAY_SECONDS, config.secrets == "encrypted"
    return Orders(str(path), config.archive == "full", encrypted, age, config.max_bytes, config.max_flows)


class Feed:
    """Takes finished exchanges to the archive at `path`, as the configuration wants it."""

    def __init__(self, config: Flows, path: Path) -> None:
        self._config, self._path = config, path
        self._queue = Queue(config.queue_bytes, config.memory_max_flows)
        self._excludes = Exclusion(config.exclude_hosts)
        self._sender: Sender | None = None
        self._thread: threading.Thread | None = None
        self._next_word = 0.0

    def attach(self, store: FlowStore) -> None:
        """From now on what finishes is archived."""
        if self._config.archive != "off":
            store.subscribe(self._heard, self._queue.forget_all)

    def is_archived(self, id: str) -> bool:
        """Whether the archive has said that it has a flow. False for those that were forgotten since."""
        return self._queue.is_archived(id)

    def forget(self, ids: Collection[str]) -> int:
        """Lets flows that wait not get there; returns how many they were."""
        count = self._queue.forget(ids)
        if self._sender is not None:
            self._sender.wake()
        return count

    def close(self, seconds: float) -> None:
        """Sends what waits and waits for word that it is written, up to so long. Blocks."""
        if self._sender is None or self._thread is None:
            return
        self._sender.close()
        self._thread.join(seconds)
        if self._queue.unsent:
            log.warning("%d flows did not get to the archive before the daemon ended", len(self._queue))

    def status(self) -> dict[str, Any]:
        """What GET /status tells of it."""
        queue = self._queue
        return {
            "mode": self._config.archive,
            "path": str(self._path),
            "written": queue.written,
            "waiting": len(queue),
            "waiting_bytes": queue.bytes,
            "dropped_bodies": queue.dropped.bodies,
            "dropped_flows": queue.dropped.flows + queue.lost,
            "error": self._sender.trouble if self._sender else None,
        }

    def _heard(self, ex: Exchange) -> None:
        """On the hot path."""
        if ex.timings.finished is None or self._excludes.matches(ex):
            return
        dropped = self._queue.dropped
        before = dropped.bodies + dropped.flows
        self._queue.put(ex)
        if dropped.bodies + dropped.flows != before:
            self._say_what_was_dropped()
        if self._sender is None:
            self._start()
        else:
            self._sender.wake()

    def _start(self) -> None:
        self._sender = Sender(self._queue, orders_of(self._config, self._path))
        self._thread = threading.Thread(target=self._sender.run, name="archive", daemon=True)
        self._thread.start()

    def _say_what_was_dropped(self) -> None:
        now = time.monotonic()
        if now < self._next_word:
            return
        self._next_word = now + SAY_SECONDS
        dropped = self._queue.dropped
        log.warning(
            "the archive does not keep up: %d flows lost their bodies on the way to it, %d were lost, since the start",
            dropped.bodies,
            dropped.flows,
        )
