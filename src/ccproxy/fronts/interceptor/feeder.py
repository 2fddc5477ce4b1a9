"""Puts exchanges into the inspector's view, off the hot path and within bounds.

The store calls `Feeder._heard` twice an exchange, which only notes an id. A timer does the work in slices: at most
`BATCH` flows and about `SLICE_SECONDS` of CPU time every `TICK_SECONDS`, whatever the load. What does not fit is
dropped, oldest first, once it would have left the view anyway.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import chain, islice
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from ccproxy.flows.mflow import writing as mflow
from ccproxy.flows.store import size_of
from ccproxy.flows.summary import answered

if TYPE_CHECKING:
    from mitmproxy.addons.view import View

    from ccproxy.exchange import Exchange
    from ccproxy.flows.store import FlowStore, Unsubscribe

log = logging.getLogger(__name__)

type Draw = Callable[[str], None]

TICK_SECONDS = 0.05
BATCH = 3
SLICE_SECONDS = 0.0005
FEW = 32
"""Messages of a conversation each of which is drawn when it comes; of longer ones only every so many."""


class _Open(NamedTuple):
    """An exchange under way that is in the view, and how far it had come when it was drawn."""

    ex: Exchange
    stage: int


class Feeder:
    """Feeds one view from one store. At most `max_flows` of ours are in the view, with at most `max_bytes` together."""

    def __init__(self, store: FlowStore, view: View, max_flows: int, max_bytes: int) -> None:
        self._store, self._view = store, view
        self._max_flows, self._max_bytes = max_flows, max_bytes
        self._pending: OrderedDict[str, None] = OrderedDict()
        self._shown: OrderedDict[str, int] = OrderedDict()
        self._open: dict[str, _Open] = {}
        self._bytes = 0
        self._clear = False
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._unsubscribe: Unsubscribe | None = None

    def start(self) -> None:
        """Takes what the store has, and from now on what comes."""
        self._unsubscribe = self._store.subscribe(self._heard, self._cleared)
        for ex in self._store.list()[-self._max_flows :]:
            self._heard(ex)

    def stop(self) -> None:
        """Leaves the store and lets the view be."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._timer is not None:
            self._timer.cancel()

    def _heard(self, ex: Exchange) -> None:
        if ex.id not in self._shown:
            self._pending[ex.id] = None
            if len(self._pending) > self._max_flows:
                self._pending.popitem(last=False)
        if self._timer is None:
            self._timer = self._loop.call_later(TICK_SECONDS, self._tick)

    def _cleared(self) -> None:
        self._clear = True
        if self._timer is None:
            self._timer = self._loop.call_later(0, self._tick)

    def _tick(self) -> None:
        self._timer = None
        end = perf_counter() + SLICE_SECONDS
        if self._clear:
            self._clear_view()
        for draw, key in islice(chain(self._moved(), self._arrived()), BATCH):
            _attempt(draw, key)
            if perf_counter() > end:
                break
        while self._shown and (len(self._shown) > self._max_flows or self._bytes > self._max_bytes):
            self._remove_oldest()
        if self._pending or self._open:
            self._timer = self._loop.call_later(TICK_SECONDS, self._tick)

    def _moved(self) -> list[tuple[Draw, str]]:
        return [(self._redraw, key) for key, shown in self._open.items() if shown.stage != _stage(shown.ex)]

    def _arrived(self) -> Iterator[tuple[Draw, str]]:
        while self._pending:
            key, _ = self._pending.popitem(last=False)
            if key in self._store:
                yield self._draw, key

    def _draw(self, key: str) -> None:
        ex = self._store.get(key)
        if ex is not None:
            self._note(ex)
            self._view.add([mflow.to_flow(ex)])

    def _redraw(self, key: str) -> None:
        ex = self._open.pop(key).ex
        flow = self._view.get_by_id(key)
        if flow is not None:  # else the user has deleted it
            self._note(ex)
            mflow.update(flow, ex)
            self._view.update([flow])

    def _note(self, ex: Exchange) -> None:
        size = size_of(ex)
        self._bytes += size - self._shown.get(ex.id, 0)
        self._shown[ex.id] = size
        if not ex.done:
            self._open[ex.id] = _Open(ex, _stage(ex))

    def _remove_oldest(self) -> None:
        key, size = self._shown.popitem(last=False)
        self._bytes -= size
        self._open.pop(key, None)
        flow = self._view.get_by_id(key)
        if flow is not None:
            self._view.remove([flow])

    def _clear_view(self) -> None:
        """Empties the view but for the exchanges under way."""
        self._clear = False
        flows = [flow for key in self._open if (flow := self._view.get_by_id(key)) is not None]
        self._view.clear()
        self._view.add(flows)
        self._shown = OrderedDict((flow.id, self._shown[flow.id]) for flow in flows)
        self._bytes = sum(self._shown.values())


def _stage(ex: Exchange) -> int:
    """How far an exchange has come: changes when there is something new to draw."""
    record = ex.raw or ex.websocket
    said = len(record.messages) if record is not None else 0
    if said > FEW:
        said = FEW + (said - FEW) // FEW
    return (ex.forwarded is not None) + 2 * (answered(ex) is not None) + 4 * ex.done + 8 * said


def _attempt(draw: Draw, key: str) -> None:
    try:
        draw(key)
    except Exception:
        log.exception("exchange %s could not be shown in the inspector", key)
