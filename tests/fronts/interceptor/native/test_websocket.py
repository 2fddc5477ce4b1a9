"""WebSockets through a lane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from ccproxy.exchange import Exchange
from tests.fronts.interceptor.native.stand import Lane, Stand, until
from tests.support.websocket import EchoServer

messages = st.lists(st.one_of(st.text(max_size=200), st.binary(max_size=5000)), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def echo() -> Iterator[EchoServer]:
    server = EchoServer()
    yield server
    server.stop()


def client(lane: Lane) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{lane.port}/chat", open_timeout=20, close_timeout=20)


def said(ex: Exchange) -> list[tuple[bool, str | bytes]]:
    assert ex.websocket is not None
    return [(m.from_client, m.content.decode() if m.is_text else m.content) for m in ex.websocket.messages]


@given(sent=messages)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_message_passes_both_ways(stand: Stand, echo: EchoServer, sent: list[str | bytes]) -> None:
    lane = stand.lane(echo.port)
    with client(lane) as socket:
        for message in sent:
            socket.send(message)
            assert socket.recv(timeout=20) == message
    ex = lane.exchange()
    assert said(ex) == [(ours, message) for message in sent for ours in (True, False)]
    assert ex.websocket is not None
    assert ex.websocket.close_code == 1000
    assert (ex.failure, ex.response and ex.response.status) == (None, 101)
    times = [m.time for m in ex.websocket.messages]
    assert times == sorted(times)


def test_a_message_in_fragments(stand: Stand, echo: EchoServer) -> None:
    lane = stand.lane(echo.port)
    with client(lane) as socket:
        socket.send(["a", "ä", "", "b"])
        assert socket.recv(timeout=20) == "aäb"
    assert said(lane.exchange()) == [(True, "aäb"), (False, "aäb")]


def test_it_is_seen_while_it_is_open_and_bounded(stand: Stand, echo: EchoServer) -> None:
    lane = stand.lane(echo.port, body_limit=10_000)
    with client(lane) as socket:
        socket.send("first")
        assert socket.recv(timeout=20) == "first"
        until(lambda: len(said(lane.store.list()[0])) == 2)
        assert not lane.store.list()[0].done
        for _ in range(20):
            socket.send(b"x" * 1000)
            socket.recv(timeout=20)
    record = lane.exchange().websocket
    assert record is not None
    kept = sum(len(m.content) for m in record.messages)
    assert kept <= 10_000
    assert kept + record.dropped == 2 * (5 + 20 * 1000)


def test_how_it_was_closed(stand: Stand, echo: EchoServer) -> None:
    lane = stand.lane(echo.port)
    with client(lane) as socket:
        socket.send("close 4001 why")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "why")
    record = lane.exchange().websocket
    assert record is not None
    assert record.close_code == 4001


def test_the_jail_ends(stand: Stand, echo: EchoServer) -> None:
    lane = stand.lane(echo.port)
    with client(lane) as socket:
        socket.send("a")
        socket.recv(timeout=20)
        lane.drop()
        with pytest.raises(ConnectionClosedError):
            socket.recv(timeout=20)
    assert lane.exchange().failure is None
    assert lane.recorder.under_way == 0
