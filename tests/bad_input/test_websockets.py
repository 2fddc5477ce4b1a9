"""WebSockets: relayed where the formats are the same, refused at once where they are not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.conftest import StartDaemon
from tests.support.configs import provider, token_file
from tests.support.daemon import Daemon
from tests.support.dialects import RESPONSES, SENTINEL
from tests.support.replies import json_reply
from tests.support.upstream import Upstream
from tests.support.websocket import EchoServer


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    """The upstream."""
    server = EchoServer()
    yield server
    server.stop()


@pytest.fixture
def relaying(start_daemon: StartDaemon, echo: EchoServer, upstream: Upstream, tokens: Path) -> Daemon:
    """A daemon with the echo server and the plain HTTP upstream as providers of the Responses format."""
    entries = {
        "ws": provider("openai_responses", echo.url, token_file(tokens, "ws")),
        "plain": provider("openai_responses", upstream.url, token_file(tokens, "plain")),
        "claude": provider("anthropic", upstream.url, token_file(tokens, "claude")),
    }
    return start_daemon({"providers": entries})


def dial(daemon: Daemon, name: str | None = "ws", **options: Any) -> ClientConnection:
    """Opens a WebSocket on the Responses path."""
    headers = {"Authorization": f"Bearer {SENTINEL}{name}", "OpenAI-Beta": "responses_websockets"} if name else {}
    url = f"ws://127.0.0.1:{daemon.port}/v1/responses?a=b"
    return connect(url, additional_headers=headers, open_timeout=5, close_timeout=5, **options)


@pytest.mark.parametrize("compression", ["deflate", None])
def test_messages_pass_both_ways(relaying: Daemon, echo: EchoServer, compression: str | None) -> None:
    with dial(relaying, compression=compression, subprotocols=["two"]) as ws:
        assert ws.subprotocol == "two"
        for message in ("hé", b"\x00\xff" * 10, "", "x" * 300_000, b"y" * 1_000_000):
            ws.send(message)
            assert ws.recv(timeout=5) == message
        extensions = ws.response.headers.get("Sec-WebSocket-Extensions") if ws.response else None
    assert ("permessage-deflate" in (extensions or "")) is (compression == "deflate")
    (handshake,) = echo.handshakes
    assert handshake.path == "/v1/responses?a=b"
    assert handshake.headers["Authorization"] == "Bearer token-ws"
    assert handshake.headers["OpenAI-Beta"] == "responses_websockets"
    assert handshake.headers["Host"] == f"127.0.0.1:{echo.port}"
    assert "ccproxy" not in str(handshake.headers)


def test_pings_pass(relaying: Daemon) -> None:
    with dial(relaying) as ws:
        assert ws.ping(b"are you there").wait(5)


def test_the_servers_close_passes(relaying: Daemon) -> None:
    with dial(relaying) as ws:
        ws.send("close 4001 why")
        with pytest.raises(ConnectionClosed):
            ws.recv(timeout=5)
        assert (ws.close_code, ws.close_reason) == (4001, "why")
    relaying.healthy()


def test_the_clients_close_passes(relaying: Daemon, echo: EchoServer) -> None:
    with dial(relaying) as ws:
        ws.send("x")
        ws.recv(timeout=5)
        ws.close(4002, "enough")
    end = time.monotonic() + 3
    while not echo.closes and time.monotonic() < end:
        time.sleep(0.02)
    assert echo.closes == [(4002, "enough")]
    (flow,) = relaying.flows(lambda flow: flow["provider"] == "ws")
    assert (flow["status"], flow["done"], flow["error"]) == (101, True, None)


def test_a_client_that_vanishes_takes_the_upstream_along(relaying: Daemon, echo: EchoServer) -> None:
    ws = dial(relaying)
    ws.send("x")
    ws.recv(timeout=5)
    ws.socket.close()
    end = time.monotonic() + 3
    while not echo.closes and time.monotonic() < end:
        time.sleep(0.02)
    assert echo.closes
    relaying.healthy()


@pytest.mark.parametrize(
    ("name", "status"),
    [("claude", 426), (None, 501), ("nobody", 401)],
    ids=["other format", "no route", "unknown provider"],
)
def test_refused_at_once(relaying: Daemon, upstream: Upstream, name: str | None, status: int) -> None:
    begun = time.monotonic()
    with pytest.raises(InvalidStatus) as refused:
        dial(relaying, name)
    assert time.monotonic() - begun < 5
    assert refused.value.response.status_code == status
    assert b'"error"' in refused.value.response.body
    assert not upstream.requests


def test_a_provider_that_refuses_the_upgrade(relaying: Daemon, upstream: Upstream) -> None:
    upstream.script = json_reply({"error": {"message": "no sockets here"}}, 403, [(b"x-request-id", b"r-1")])
    with pytest.raises(InvalidStatus) as refused:
        dial(relaying, "plain")
    response = refused.value.response
    assert (response.status_code, response.headers["x-request-id"]) == (403, "r-1")
    assert b"no sockets here" in response.body


def test_the_path_still_serves_plain_requests(relaying: Daemon, upstream: Upstream) -> None:
    assert relaying.ask("POST", "/v1/responses", [RESPONSES.key("plain")], RESPONSES.body()).status == 200
    assert upstream.requests[-1].body == RESPONSES.body()
