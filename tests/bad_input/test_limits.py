"""Limits of time, number and size towards upstreams and clients."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.sync.client import connect

from tests.conftest import StartDaemon, StartUpstream
from tests.support.configs import provider
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, DIALECTS, RESPONSES, Dialect
from tests.support.http import request_bytes
from tests.support.replies import JSON, always, head, reply
from tests.support.upstream import Hang, Recorded, Send, Step, Upstream, Wait


@pytest.fixture
def full_backlog() -> Iterator[int]:
    """A port on which connecting hangs: its backlog is full and nobody accepts."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        time.sleep(0.1)
        yield port
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_connection_that_does_not_come_about(
    start_daemon: StartDaemon, full_backlog: int, dialect: Dialect, agent: str
) -> None:
    config = {
        "providers": {"p": provider(dialect.name, f"http://127.0.0.1:{full_backlog}")},
        "transport": {"connect_timeout_seconds": 0.5},
    }
    daemon = start_daemon(config)
    begun = time.monotonic()
    answer = daemon.ask("POST", dialect.target(), [dialect.key("p"), (b"user-agent", agent.encode())], dialect.body())
    assert 0.4 < time.monotonic() - begun < 8
    dialect.error(answer, 504)
    assert daemon.flow(agent)["error"]["kind"] == "connect_timeout"


def test_tls_with_a_server_that_has_none(start_daemon: StartDaemon) -> None:
    def answer_in_plain_text(server: socket.socket) -> None:
        peer, _ = server.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        url = f"https://127.0.0.1:{server.getsockname()[1]}"
        daemon = start_daemon({"providers": {"p": provider("anthropic", url)}})
        pool.submit(answer_in_plain_text, server)
        message = ANTHROPIC.error(daemon.ask("POST", "/v1/messages", [ANTHROPIC.key("p")], b"{}"), 502)
    assert "TLS" in message
    daemon.healthy()


def test_a_name_that_does_not_resolve(start_daemon: StartDaemon) -> None:
    daemon = start_daemon({"providers": {"p": provider("anthropic", "http://no-such-name.invalid")}})
    answer = daemon.ask("POST", "/v1/messages", [ANTHROPIC.key("p")], b"{}")
    assert "no-such-name.invalid" in ANTHROPIC.error(answer, 502)


def test_requests_beyond_the_connection_limit_wait_their_turn(
    start_daemon: StartDaemon, start_upstream: StartUpstream
) -> None:
    upstream = start_upstream(always(Wait(0.1), Send(head(200, [JSON, (b"Content-Length", b"2")]) + b"{}")))
    entries = {"p": provider("anthropic", upstream.url)}
    daemon = start_daemon({"providers": entries, "transport": {"max_connections_per_origin": 2}})
    with ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(daemon.ask, "POST", "/v1/messages", [ANTHROPIC.key("p")], b"{}") for _ in range(12)]
        assert [future.result().status for future in waiting] == [200] * 12
    assert upstream.connections <= 2


def test_one_who_leaves_the_queue_does_not_block_it(start_daemon: StartDaemon, start_upstream: StartUpstream) -> None:
    def script(request: Recorded) -> list[Step]:
        return [Hang()] if request.body == b"hang" else [*reply()(request)]

    upstream = start_upstream(script)
    entries = {"p": provider("anthropic", upstream.url)}
    daemon = start_daemon({"providers": entries, "transport": {"max_connections_per_origin": 1}})
    with daemon.client() as first:
        first.send(request_bytes("POST", "/v1/messages", [ANTHROPIC.key("p")], b"hang"))
        time.sleep(0.1)
        with daemon.client() as second:
            second.send(request_bytes("POST", "/v1/messages", [ANTHROPIC.key("p")], b"never"))
            time.sleep(0.1)
    assert daemon.ask("POST", "/v1/messages", [ANTHROPIC.key("p")], b"{}", timeout=5).status == 200


def test_an_idle_upstream_connection_is_given_up(start_daemon: StartDaemon, start_upstream: StartUpstream) -> None:
    upstream = start_upstream()
    entries = {"p": provider("anthropic", upstream.url)}
    daemon = start_daemon({"providers": entries, "transport": {"keepalive_seconds": 0.3}})
    assert daemon.ask("POST", "/v1/messages", [ANTHROPIC.key("p")], b"{}").status == 200
    assert upstream.live
    time.sleep(1)
    assert not upstream.live


def test_head_answers_have_a_length_and_no_body(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = always(Send(head(200, [JSON, (b"Content-Length", b"1000")])))
    with daemon.client(timeout=5) as client:
        for _ in range(2):
            client.send(request_bytes("HEAD", "/raw/x"))
            answer = client.response("HEAD")
            assert (answer.status, answer.field("content-length"), answer.body) == (200, b"1000", b"")


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_keep_the_connection(daemon: Daemon, upstream: Upstream, status: int) -> None:
    upstream.script = always(Send(head(status, [(b"ETag", b'"x"')])))
    with daemon.client(timeout=5) as client:
        for _ in range(2):
            client.send(request_bytes("GET", "/raw/x"))
            assert client.response().status == status


def test_a_client_that_wants_to_close_gets_its_answer(daemon: Daemon, upstream: Upstream) -> None:
    with daemon.client(timeout=5) as client:
        client.send(request_bytes("POST", "/v1/messages", [ANTHROPIC.key(), (b"Connection", b"close")], b"{}"))
        answer = client.response()
        assert (answer.status, answer.field("connection")) == (200, b"close")
        assert client.closed_within(2)
    assert (upstream.requests[0].field("connection") or b"").lower() != b"close"


def test_a_half_closed_client_is_one_that_left(daemon: Daemon, upstream: Upstream) -> None:
    """TCP cannot tell them apart, and a request whose client left must end: a whole answer or none."""
    upstream.script = always(Wait(0.1), Send(head(200, [JSON, (b"Content-Length", b"2")]) + b"{}"))
    with daemon.client(timeout=5) as client:
        client.send(request_bytes("POST", "/v1/messages", [ANTHROPIC.key()], b"{}"))
        client.sock.shutdown(socket.SHUT_WR)
        rest = b"".join(client.rest())
    assert not rest or rest.endswith(b"\r\n\r\n{}")
    daemon.healthy()


def test_a_refused_expectation_costs_no_body(hasty_daemon: Daemon, upstream: Upstream) -> None:
    """A client that asks first hears 413 instead of 100, and need not send 25 MB."""
    fields = [ANTHROPIC.key(), (b"Expect", b"100-continue"), (b"Content-Length", b"26214400")]
    with hasty_daemon.client(timeout=5) as client:
        client.send(request_bytes("POST", "/v1/messages", fields))
        answer = client.response()
        assert (answer.status, answer.interim) == (413, [])


def test_a_websocket_upstream_that_does_not_read_slows_its_client(start_daemon: StartDaemon) -> None:
    """What the provider does not take stays with the client and not in our memory (200 MB are on offer)."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        daemon = start_daemon({"providers": {"p": provider("openai_responses", url)}})
        name, value = RESPONSES.key("p")
        with ThreadPoolExecutor(1) as pool:
            accepted = pool.submit(accept_upgrade, server)
            ws = connect(
                f"ws://127.0.0.1:{daemon.port}/v1/responses",
                additional_headers={name.decode(): value.decode()},
                compression=None,
            )
            peer = accepted.result()
        before, sent = daemon.resident_bytes(), 0
        ws.socket.settimeout(1)
        try:
            while sent < 200_000_000:
                ws.send(b"x" * 1_000_000)
                sent += 1_000_000
        except Exception:
            pass
        assert daemon.resident_bytes() - before < 60_000_000
        daemon.healthy()
        peer.close()
        ws.socket.close()


def accept_upgrade(server: socket.socket) -> socket.socket:
    """Accepts one connection, agrees to its upgrade, and reads no more."""
    import base64
    import hashlib

    peer, _ = server.accept()
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(65536)
    fields = dict(line.split(b": ", 1) for line in data.split(b"\r\n")[1:] if line)
    key = next(value for name, value in fields.items() if name.lower() == b"sec-websocket-key")
    digest = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    peer.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + digest + b"\r\n\r\n"
    )
    return peer
