"""Who speaks first, on loopback and through the real layers."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from ccproxy.fronts.interceptor.first_words import CLIENT_FIRST, SERVER_FIRST, is_telling
from tests.fronts.interceptor.native.stand import Stand, rest_of, until
from tests.support.tls import Authority

GREETING = b"220 mail.example ESMTP\r\n"
type Talk = Callable[[socket.socket], None]


class Server:
    """A server on loopback that counts who came."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.came = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.came += 1
                threading.Thread(target=self._one, args=(sock,), daemon=True).start()

    def _one(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            self._talk(sock)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Talk], Server]]:
    with contextlib.ExitStack() as stack:

        def made(talk: Talk) -> Server:
            server = Server(talk)
            stack.callback(server.close)
            return server

        yield made


def greet(sock: socket.socket) -> None:
    sock.sendall(GREETING)
    echo(sock)


def echo(sock: socket.socket) -> None:
    while data := sock.recv(65536):
        sock.sendall(data)


def http(sock: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(65536)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


def exactly(sock: socket.socket, size: int) -> bytes:
    return sock.makefile("rb").read(size)


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def test_a_server_that_greets_is_heard(stand: Stand, serve: Callable[[Talk], Server]) -> None:
    lane = stand.lane(serve(greet).port)
    with dial(lane.port) as sock:
        assert sock.recv(100) == GREETING
        sock.sendall(b"EHLO x\r\n")
        assert sock.recv(100) == b"EHLO x\r\n"
    exchange = lane.exchange()
    assert exchange.protocol == "tcp"
    assert exchange.raw is not None
    said = [(message.from_client, message.content) for message in exchange.raw.messages]
    assert said == [(False, GREETING), (True, b"EHLO x\r\n"), (False, b"EHLO x\r\n")]


def test_a_client_that_is_slow_to_speak_http_is_still_seen(stand: Stand, serve: Callable[[Talk], Server]) -> None:
    server = serve(http)
    lane = stand.lane(server.port)
    with dial(lane.port) as sock:
        until(lambda: server.came == 1)  # patience is at its end: it was dialled
        sock.sendall(b"GET /late HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
        assert rest_of(sock).endswith(b"hello")
    exchange = lane.exchange()
    assert (exchange.protocol, exchange.request.target) == ("http", b"/late")
    assert server.came == 1


def test_a_client_that_is_slow_to_speak_tls_is_still_seen(
    stand: Stand, serve: Callable[[Talk], Server], authority: Authority
) -> None:
    context = authority.server_context()

    def talk(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as inner:
            http(inner)

    server = serve(talk)
    lane = stand.lane(server.port)
    with dial(lane.port) as sock:
        until(lambda: server.came == 1)
        client = ssl.create_default_context(cafile=str(stand.ca_file))
        with client.wrap_socket(sock, server_hostname="localhost") as inner:
            inner.sendall(b"GET /late HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert rest_of(inner).endswith(b"hello")
    exchange = lane.exchange()
    assert (exchange.protocol, exchange.request.target) == ("http", b"/late")


def test_a_request_in_pieces_is_seen(stand: Stand, serve: Callable[[Talk], Server]) -> None:
    lane = stand.lane(serve(http).port)
    with dial(lane.port) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (b"G", b"E", b"T", b" /pieces HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"):
            sock.sendall(piece)
        assert rest_of(sock).endswith(b"hello")
    assert lane.exchange().request.target == b"/pieces"


def test_a_client_that_sends_nothing_and_ends_hears_the_server(stand: Stand, serve: Callable[[Talk], Server]) -> None:
    lane = stand.lane(serve(lambda sock: sock.sendall(GREETING)).port)
    with dial(lane.port) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert rest_of(sock) == GREETING
    assert lane.exchange().protocol == "tcp"


def test_a_silent_client_of_a_closed_port_is_told_by_the_end(stand: Stand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    lane = stand.lane(port)
    with dial(lane.port) as sock:
        assert rest_of(sock) == b""
    exchange = lane.exchange()
    assert exchange.protocol == "tcp"
    assert exchange.failure is not None


def test_few_words_that_tell_nothing_reach_the_server(stand: Stand, serve: Callable[[Talk], Server]) -> None:
    lane = stand.lane(serve(greet).port)
    with dial(lane.port) as sock:
        sock.sendall(b"hi")
        assert exactly(sock, len(GREETING) + 2) == GREETING + b"hi"
        sock.sendall(b" there")
        assert sock.recv(100) == b" there"


class Redirect:
    """Only root can listen at port 22: what is meant for it goes to the test's own server."""

    def __init__(self, port: int) -> None:
        self._port = port

    def server_connect(self, data: ServerConnectionHookData) -> None:
        data.server.address = ("127.0.0.1", self._port)


@pytest.mark.parametrize("first", [b"", b"SSH-2.0-x\r\n", b"GET / HTTP/1.1\r\n\r\n"])
@pytest.mark.parametrize("port", [22, 25, 6667])
def test_ports_of_servers_that_speak_first(
    stand: Stand, serve: Callable[[Talk], Server], port: int, first: bytes
) -> None:
    lane = stand.lane(port, "tcp", Redirect(serve(greet).port))
    with dial(lane.port) as sock:
        sock.sendall(first)
        sock.shutdown(socket.SHUT_WR)
        assert rest_of(sock) == GREETING + first
    exchange = lane.exchange()
    assert exchange.protocol == "tcp"
    assert exchange.raw is not None
    assert b"".join(said.content for said in exchange.raw.messages if said.from_client) == first


def test_a_server_that_is_not_there(stand: Stand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    lane = stand.lane(22, "tcp", Redirect(port))
    with dial(lane.port) as sock:
        assert rest_of(sock) == b""
    assert lane.exchange().failure is not None


@pytest.mark.parametrize("port", sorted(SERVER_FIRST))
def test_ports_of_protocols_are_of_one_kind(port: int) -> None:
    assert port not in CLIENT_FIRST


@pytest.mark.parametrize(
    ("data", "telling"),
    [
        (b"G", False),
        (b"GET", False),
        (b"GET /", True),
        (b"\x16", False),
        (b"\x16\x03", False),
        (b"\x16\x03\x01", True),
        (b"\x00", True),
        (b"SSH-2.0", True),
        (b"a" * 30, True),
        (b"NICK\r\n", True),
    ],
)
def test_what_tells_the_protocol(data: bytes, telling: bool) -> None:
    assert is_telling(data) is telling
