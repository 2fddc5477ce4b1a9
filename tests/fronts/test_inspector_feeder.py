"""The feeder with mitmproxy's real view: bounds, order, what is redrawn when."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from mitmproxy.addons.view import View
from mitmproxy.flow import Flow
from mitmproxy.http import HTTPFlow

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse
from ccproxy.flows.mflow import writing as mflow
from ccproxy.flows.store import MemoryStore, size_of
from ccproxy.fronts.interceptor import feeder
from ccproxy.fronts.interceptor.feeder import Feeder

type Use = Callable[[MemoryStore, View], Awaitable[None]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeder, "TICK_SECONDS", 0.002)
    monkeypatch.setattr(feeder, "SLICE_SECONDS", 1.0)


def fed(use: Use, *, max_flows: int = 500, max_bytes: int = 1 << 30, store: MemoryStore | None = None) -> None:
    async def main() -> None:
        kept, view = MemoryStore() if store is None else store, View()
        feeding = Feeder(kept, view, max_flows, max_bytes)
        feeding.start()
        await use(kept, view)
        feeding.stop()

    asyncio.run(asyncio.wait_for(main(), 30))


def begun(store: MemoryStore, body: bytes = b"") -> Exchange:
    ex = Exchange(HttpRequest("POST", b"/v1/messages", [], body))
    store.begin(ex)
    return ex


def ended(store: MemoryStore, ex: Exchange) -> Exchange:
    ex.response = HttpResponse(200, [], chunks=[b"{}"])
    ex.timings.finished = ex.timings.started
    store.finish(ex)
    return ex


async def settled(view: View, expected: list[Exchange]) -> None:
    """Waits until the view shows these exchanges, in the order they began."""
    for _ in range(500):
        if [flow.id for flow in view] == [ex.id for ex in expected]:
            return
        await asyncio.sleep(0.002)
    assert [flow.id for flow in view] == [ex.id for ex in expected]


def response_of(view: View, ex: Exchange) -> object:
    flow = view.get_by_id(ex.id)
    assert isinstance(flow, HTTPFlow)
    return flow.response


def test_the_view_keeps_the_newest() -> None:
    async def use(store: MemoryStore, view: View) -> None:
        exchanges = [ended(store, begun(store)) for _ in range(40)]
        await settled(view, exchanges[-10:])
        more = [ended(store, begun(store)) for _ in range(3)]
        await settled(view, [*exchanges[-7:], *more])

    fed(use, max_flows=10)


def test_the_view_is_bounded_in_bytes_too() -> None:
    async def use(store: MemoryStore, view: View) -> None:
        exchanges = [ended(store, begun(store, b"x" * 10_000)) for _ in range(6)]
        await settled(view, exchanges[-3:])

    ex = Exchange(HttpRequest("POST", b"/", [], b"x" * 10_000), response=HttpResponse(200, [], chunks=[b"{}"]))
    fed(use, max_bytes=3 * size_of(ex) + 100)


def test_what_the_store_has_dropped_is_not_kept_for_the_view() -> None:
    async def use(store: MemoryStore, view: View) -> None:
        exchanges = [ended(store, begun(store)) for _ in range(9)]
        await settled(view, exchanges[-2:])

    fed(use, store=MemoryStore(max_flows=2))


def test_a_long_exchange_is_redrawn_when_it_moves_on_and_only_then() -> None:
    async def use(store: MemoryStore, view: View) -> None:
        updates: list[str] = []

        def note(flow: Flow) -> None:
            updates.append(flow.id)

        view.sig_view_update.connect(note)
        ex = begun(store)
        await settled(view, [ex])
        assert response_of(view, ex) is None
        ex.response = HttpResponse(200, [], chunks=[b"part"])
        await asyncio.sleep(0.05)
        assert response_of(view, ex) is not None
        ended(store, ex)
        await asyncio.sleep(0.05)
        assert updates == [ex.id, ex.id]

    fed(use)


def test_an_exchange_that_left_the_view_comes_back_when_it_ends() -> None:
    async def use(store: MemoryStore, view: View) -> None:
        long = begun(store)
        await settled(view, [long])
        others = [ended(store, begun(store)) for _ in range(3)]
        await settled(view, others)
        ended(store, long)
        await settled(view, [long, *others[1:]])

    fed(use, max_flows=3)


def test_clear_empties_the_view_but_for_what_is_under_way() -> None:
    async def use(store: MemoryStore, view: View) -> None:
        done, under_way = ended(store, begun(store)), begun(store)
        await settled(view, [done, under_way])
        store.clear()
        await settled(view, [under_way])
        ended(store, under_way)
        await asyncio.sleep(0.05)
        assert response_of(view, under_way) is not None
        store.clear()
        await settled(view, [])

    fed(use)


def test_what_the_user_deletes_stays_deleted() -> None:
    async def use(store: MemoryStore, view: View) -> None:
        ex = begun(store)
        await settled(view, [ex])
        view.clear()
        ended(store, ex)
        await asyncio.sleep(0.05)
        assert len(view) == 0

    fed(use)


def test_one_that_cannot_be_shown_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = mflow.to_http_flow

    def fragile(ex: Exchange) -> HTTPFlow:
        if ex.request.body == b"bad":
            raise ValueError("no such flow")
        return real(ex)

    monkeypatch.setattr(mflow, "to_http_flow", fragile)

    async def use(store: MemoryStore, view: View) -> None:
        bad, good = ended(store, begun(store, b"bad")), ended(store, begun(store))
        await settled(view, [good])
        assert bad.id in caplog.text

    with caplog.at_level(logging.ERROR):
        fed(use)
