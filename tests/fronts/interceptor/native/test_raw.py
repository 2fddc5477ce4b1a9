"""TCP and UDP of no known protocol."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import Exchange, Origin
from tests.fronts.interceptor.native.stand import BOUND_SECONDS, Stand, rest_of
from tests.support.ports import free_port

GREETING = b"\x00\xffnot http\n"
pieces = st.lists(st.binary(min_size=1, max_size=2000), min_size=1, max_size=5)


class Echo:
    """Sends back what it gets, over TCP and UDP."""

    def __init__(self) -> None:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.udp_port: int = self.udp.getsockname()[1]
        for work in (self._accept, self._datagrams):
            threading.Thread(target=work, daemon=True).start()

    def stop(self) -> None:
        for sock in (self.tcp, self.udp):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self.tcp.accept()
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError), sock:
            while data := sock.recv(65536):
                sock.sendall(data)

    def _datagrams(self) -> None:
        with suppress(OSError):
            while True:
                data, peer = self.udp.recvfrom(65536)
                if peer is None:  # shut down
                    return
                self.udp.sendto(data, peer)


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.stop()


def said(ex: Exchange, *, from_client: bool) -> bytes:
    assert ex.raw is not None
    return b"".join(m.content for m in ex.raw.messages if m.from_client is from_client)


@given(sent=pieces)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_byte_of_tcp_passes(stand: Stand, echo: Echo, sent: list[bytes]) -> None:
    lane = stand.lane(echo.port)
    whole = GREETING + b"".join(sent)
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        for piece in (GREETING, *sent):
            sock.sendall(piece)
        sock.shutdown(socket.SHUT_WR)
        assert rest_of(sock) == whole
    ex = lane.exchange()
    assert (ex.protocol, ex.request.method, ex.request.target) == ("tcp", "TCP", b"127.0.0.1:%d" % echo.port)
    assert ex.destination == Origin("tcp", "127.0.0.1", echo.port)
    assert said(ex, from_client=True) == said(ex, from_client=False) == whole
    assert ex.raw is not None
    assert (ex.raw.sent, ex.raw.received, ex.raw.dropped, ex.failure) == (len(whole), len(whole), 0, None)


def test_a_long_connection_is_bounded(stand: Stand, echo: Echo) -> None:
    lane = stand.lane(echo.port, body_limit=50_000)
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        sock.settimeout(BOUND_SECONDS)
        for _ in range(40):
            sock.sendall(b"\x00" * 10_000)
            got = 0
            while got < 10_000:
                got += len(sock.recv(65536))
    raw = lane.exchange().raw
    assert raw is not None
    assert raw.sent == raw.received == 400_000
    kept = sum(len(m.content) for m in raw.messages)
    assert kept <= 50_000
    assert kept + raw.dropped == 800_000


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_nobody_there(stand: Stand, protocol: str) -> None:
    lane = stand.lane(free_port(), protocol)
    if protocol == "tcp":
        with socket.create_connection(("127.0.0.1", lane.port)) as sock:
            sock.sendall(GREETING)
            assert rest_of(sock) == b""
        failure = lane.exchange().failure
        assert failure is not None
        assert failure.kind == "connect"
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(GREETING, ("127.0.0.1", lane.port))
        ex = lane.exchange()
    assert (ex.protocol, said(ex, from_client=True)) == ("udp", GREETING)


def test_datagrams(stand: Stand, echo: Echo) -> None:
    lane = stand.lane(echo.udp_port, "udp")
    sent = [GREETING, b"", b"\x01", b"\x02" * 1300]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(BOUND_SECONDS)
        sock.connect(("127.0.0.1", lane.port))
        for datagram in filter(None, sent):
            sock.send(datagram)
            assert sock.recv(65536) == datagram
    lane.drop()
    ex = lane.exchange()
    assert (ex.protocol, ex.request.method) == ("udp", "UDP")
    assert ex.raw is not None
    assert [(m.from_client, m.content) for m in ex.raw.messages] == [
        (ours, datagram) for datagram in sent if datagram for ours in (True, False)
    ]


def test_the_jail_ends(stand: Stand, echo: Echo) -> None:
    lane = stand.lane(echo.port)
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        sock.sendall(GREETING)
        assert sock.recv(65536)
        lane.drop()
        assert rest_of(sock) == b""
    assert lane.exchange().failure is None
    assert lane.recorder.under_way == 0
