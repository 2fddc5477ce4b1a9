"""Upstreams that cannot be reached or break off, and clients that leave: the client sees a break, not a page."""

from __future__ import annotations

import socket

import pytest
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from tests.conftest import StartUpstream
from tests.fronts.interceptor.native.stand import BOUND_SECONDS, Lane, Stand, rest_of, until
from tests.support.http import Wire
from tests.support.ports import free_port
from tests.support.upstream import Close, Hang, Reset, Send, Step

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


def ask(lane: Lane, request: bytes = GET) -> bytes:
    """Everything that the client gets until its connection breaks."""
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        sock.sendall(request)
        return rest_of(sock)


def failed(lane: Lane) -> tuple[str, str]:
    """Kind and message of the only exchange's failure; nothing must be left, and it must not be told twice."""
    failure = lane.exchange().failure
    assert failure is not None
    assert lane.recorder.under_way == 0
    return failure.kind, failure.message


@pytest.mark.parametrize("request_", [GET, b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc"])
def test_refused(stand: Stand, request_: bytes) -> None:
    port = free_port()
    lane = stand.lane(port)
    assert ask(lane, request_) == b""
    kind, message = failed(lane)
    assert kind == "connect"
    assert message.startswith(f"no connection to http://a.test:{port}: ")
    assert lane.exchange().forwarded is None


def test_a_name_that_is_not_found(stand: Stand) -> None:
    lane = stand.lane(("no such name.invalid", 80))
    assert ask(lane) == b""
    assert failed(lane)[0] == "dns"


BREAKS: dict[str, tuple[list[Step], bytes]] = {
    "nothing": ([Close()], b""),
    "reset": ([Reset()], b""),
    "in the head": ([Send(b"HTTP/1.1 200 OK\r\nContent-"), Close()], b""),
    "no http": ([Send(b"SSH-2.0-x\r\n\r\n"), Close()], b""),
    "in the body": (
        [Send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), Close()],
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
    ),
    "in a chunk": (
        [Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n9\r\nd"), Close()],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_an_upstream_breaks_off(stand: Stand, start_upstream: StartUpstream, name: str) -> None:
    steps, expected = BREAKS[name]
    lane = stand.lane(start_upstream(lambda _: steps).port)
    assert ask(lane) == expected
    assert failed(lane)[0] == "upstream_broke"
    ex = lane.exchange()
    if b"\r\n\r\n" in expected:
        assert ex.response is not None
        assert ex.response.body.startswith(b"abc")
        assert not ex.response.complete


def test_a_client_that_leaves(stand: Stand, start_upstream: StartUpstream) -> None:
    upstream = start_upstream(lambda _: [Send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), Hang()])
    lane = stand.lane(upstream.port)
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        sock.sendall(GET)
        Wire(sock).until(b"abc")
    assert failed(lane)[0] == "client_gone"
    until(lambda: bool(upstream.left))


def test_a_client_that_leaves_in_its_upload(stand: Stand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(BOUND_SECONDS)
        lane = stand.lane(server.getsockname()[1])
        with socket.create_connection(("127.0.0.1", lane.port)) as sock:
            sock.sendall(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nabc")
            upstream, _ = server.accept()
            with upstream:  # which stays, so that it is the client who is gone
                Wire(upstream).until(b"\r\n\r\nabc")
                sock.close()
                assert failed(lane)[0] == "client_gone"
    assert lane.exchange().request.body == b"abc"


def test_the_jail_ends(stand: Stand, start_upstream: StartUpstream) -> None:
    lane = stand.lane(start_upstream(lambda _: [Hang()]).port)
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        sock.sendall(GET)
        until(lambda: bool(lane.store.list()))
        lane.drop()
        assert failed(lane)[0] == "client_gone"


class Denies:
    """As a policy does it."""

    def requestheaders(self, flow: HTTPFlow) -> None:
        flow.metadata["ccproxy.blocked"] = "a.test is denied"
        flow.kill()


class DeniesAddresses:
    def server_connect(self, data: ServerConnectionHookData) -> None:
        data.server.error = "blocked: private addresses are denied"


@pytest.mark.parametrize(
    ("addon", "reason"),
    [(Denies(), "a.test is denied"), (DeniesAddresses(), "private addresses are denied")],
)
def test_what_a_policy_denies(stand: Stand, start_upstream: StartUpstream, addon: object, reason: str) -> None:
    upstream = start_upstream()
    lane = stand.lane(upstream.port, "tcp", addon)
    assert ask(lane) == b""
    assert failed(lane) == ("blocked", reason)
    assert upstream.connections == 0


class Claims:
    def requestheaders(self, flow: HTTPFlow) -> None:
        flow.metadata["ccproxy.claimed"] = "a rule"


def test_what_is_claimed_is_recorded_elsewhere(stand: Stand, start_upstream: StartUpstream) -> None:
    lane = stand.lane(start_upstream(lambda _: [Send(b"HTTP/1.0 200 OK\r\n\r\nbody"), Close()]).port, "tcp", Claims())
    assert ask(lane).endswith(b"body")
    dead = stand.lane(free_port(), "tcp", Claims())
    assert ask(dead) == b""
    assert [*lane.store.list(), *dead.store.list()] == []
