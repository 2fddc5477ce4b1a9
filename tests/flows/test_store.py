"""The in-memory store: bounds, look-up, subscriptions, cost."""

from __future__ import annotations

import logging
import time

import pytest

from ccproxy.exchange import Attempt, Exchange, HttpRequest, HttpResponse, WebSocketRecord
from ccproxy.flows.store import CHUNK_BYTES, RECORD_BYTES, FlowStore, MemoryStore, size_of


def exchange(body: bytes = b"{}", key: str | None = None) -> Exchange:
    ex = Exchange(HttpRequest("POST", b"/v1/messages", [(b"host", b"localhost")], body))
    if key is not None:
        ex.id = key
    return ex


def finished(store: FlowStore, body: bytes = b"{}", key: str | None = None) -> Exchange:
    ex = exchange(body, key)
    store.begin(ex)
    ex.timings.finished = time.time()
    store.finish(ex)
    return ex


def test_exchanges_are_listed_in_the_order_they_began() -> None:
    store = MemoryStore()
    first, second = exchange(), exchange()
    store.begin(first)
    store.begin(second)
    store.finish(second)
    assert store.list() == [first, second]
    assert (len(store), store.active) == (2, 1)


def test_the_oldest_finished_go_first_and_those_under_way_stay() -> None:
    store = MemoryStore(max_flows=2)
    under_way = exchange()
    store.begin(under_way)
    done = [finished(store) for _ in range(5)]
    assert store.list() == [under_way, *done[-2:]]
    store.finish(under_way)
    assert store.list() == [under_way, done[-1]]
    assert (len(store), store.active) == (2, 0)


def test_bytes_are_bounded_but_the_newest_always_stays() -> None:
    store = MemoryStore(max_bytes=3 * (RECORD_BYTES + 1000))
    done = [finished(store, b"x" * 1000) for _ in range(5)]
    assert store.list() == done[-3:]
    assert store.bytes == 3 * (RECORD_BYTES + 1000)
    huge = finished(store, b"x" * 100_000)
    assert store.list() == [huge]


def test_a_shared_body_counts_once() -> None:
    ex = exchange(b"x" * 1000)
    ex.forwarded = HttpRequest("POST", b"/", [], ex.request.body)
    ex.provider_response = ex.response = HttpResponse(200, [], chunks=[b"y" * 10, b"y" * 10])
    assert size_of(ex) == RECORD_BYTES + 1000 + 20 + 2 * CHUNK_BYTES
    ex.forwarded.body = b"z" * 7
    ex.response = HttpResponse(200, [], chunks=[b"y"])
    ex.websocket = WebSocketRecord([b"abc"], [b"de"])
    assert size_of(ex) == RECORD_BYTES + 1007 + 21 + 5 + 5 * CHUNK_BYTES


def test_get_takes_an_id_or_a_unique_prefix() -> None:
    store = MemoryStore()
    first, second = finished(store, key="abc1"), finished(store, key="abd2")
    longer = finished(store, key="abc12")
    assert store.get("abd") is second
    assert store.get("abc1") is first
    assert store.get("abc12") is longer
    assert store.get("abc") is None
    assert store.get("x") is None
    assert store.get("") is None


def test_clear_forgets_the_finished_and_tells() -> None:
    store = MemoryStore()
    cleared: list[bool] = []
    unsubscribe = store.subscribe(lambda ex: None, lambda: cleared.append(True))
    under_way = exchange()
    store.begin(under_way)
    finished(store)
    finished(store)
    assert store.clear() == 2
    assert store.list() == [under_way]
    assert store.bytes == 0
    unsubscribe()
    store.clear()
    assert cleared == [True]


def test_listeners_hear_begin_and_finish_once_until_they_leave(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    heard: list[tuple[str, bool]] = []

    def broken(ex: Exchange) -> None:
        raise ValueError("broken")

    store.subscribe(broken)
    leave = store.subscribe(lambda ex: heard.append((ex.id, ex.done)))
    with caplog.at_level(logging.ERROR):
        ex = finished(store)
    store.finish(ex)
    assert heard == [(ex.id, False), (ex.id, True)]
    assert "broken" in caplog.text
    leave()
    finished(store)
    assert len(heard) == 2


def test_begin_and_finish_are_cheap() -> None:
    store = MemoryStore(max_flows=1000)
    exchanges = [exchange(b"x" * 300) for _ in range(20_000)]
    for ex in exchanges:
        ex.forwarded = HttpRequest("POST", b"/", [], ex.request.body)
        ex.provider_response = ex.response = HttpResponse(200, [], chunks=[b"y" * 500])
    store.subscribe(lambda ex: None)
    started = time.process_time()
    for ex in exchanges:
        store.begin(ex)
        store.finish(ex)
    each = (time.process_time() - started) / len(exchanges)
    print(f"begin + finish: {each * 1e6:.2f} µs")
    assert each < 20e-6


def test_what_other_attempts_left_counts_too() -> None:
    """A provider can say much before its answer, and behind it."""
    ex = Exchange(HttpRequest("POST", b"/", []))
    ex.attempts.append(Attempt(status=200))
    assert size_of(ex) == RECORD_BYTES
    ex.attempts[0].interim = [(103, [(b"link", b"x" * 1000)] * 200)]
    assert size_of(ex) > RECORD_BYTES + 200_000
    ex.attempts[0].interim = []
    ex.attempts.append(Attempt(status=429, headers=[(b"a", b"b" * 50_000)], body=b"z" * 16_000))
    assert size_of(ex) > RECORD_BYTES + 66_000
    ex.attempts = []
    ex.response = HttpResponse(200, [], trailers=[(b"t", b"x" * 100_000)])
    assert size_of(ex) > RECORD_BYTES + 100_000
