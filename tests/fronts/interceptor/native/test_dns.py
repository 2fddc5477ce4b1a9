"""DNS over UDP and TCP, with messages made by hand."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from mitmproxy.dns import DNSFlow
from mitmproxy.net.dns import response_codes
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from ccproxy.exchange import Origin
from tests.fronts.interceptor.native.stand import BOUND_SECONDS, Lane, Stand

A, AAAA = 1, 28


def query(number: int, name: str, type: int = A) -> bytes:
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
    return struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\x00" + struct.pack("!HH", type, 1)


def answer(asked: bytes, *addresses: str, code: int = 0) -> bytes:
    """With a name that points at the question, as real servers send it."""
    head = struct.pack("!HHHHHH", struct.unpack("!H", asked[:2])[0], 0x8180 | code, 1, len(addresses), 0, 0)
    records = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 60, 4) + socket.inet_aton(address) for address in addresses
    )
    return head + asked[12:] + records


class Redirect:
    """Only port 53 speaks DNS, and only root can listen there: what is meant for it goes to the test's own server."""

    def __init__(self, port: int) -> None:
        self._port = port

    def server_connect(self, data: ServerConnectionHookData) -> None:
        data.server.address = ("127.0.0.1", self._port)


def port53(stand: Stand, server: Server, *before: object) -> Lane:
    return stand.lane(53, "udp", *before, Redirect(server.port))


class Server:
    """A DNS server."""

    def __init__(self) -> None:
        self.script: Callable[[bytes], bytes | None] = answer
        self.asked: list[bytes] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                data, peer = self._socket.recvfrom(65536)
                if peer is None:  # shut down
                    return
                self.asked.append(data)
                if (said := self.script(data)) is not None:
                    self._socket.sendto(said, peer)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def ask(sock: socket.socket, lane: Lane, data: bytes) -> bytes:
    sock.settimeout(BOUND_SECONDS)
    sock.sendto(data, ("127.0.0.1", lane.port))
    return sock.recv(65536)


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        yield made


def test_a_question_and_its_answer(stand: Stand, server: Server, sock: socket.socket) -> None:
    server.script = lambda asked: answer(asked, "192.0.2.1", "192.0.2.2")
    lane = port53(stand, server)
    asked = query(7, "www.example.test")
    got = ask(sock, lane, asked)
    assert server.asked == [asked]
    assert socket.inet_aton("192.0.2.1") in got
    ex = lane.exchange()
    assert (ex.protocol, ex.request.method, ex.request.target) == ("dns", "DNS", b"www.example.test A")
    assert ex.destination == Origin("dns", "127.0.0.1", 53)
    assert ex.raw is not None
    assert [(m.from_client, m.content) for m in ex.raw.messages] == [(True, asked), (False, got)]
    assert (ex.raw.status, ex.raw.answers) == ("NOERROR", ("A 192.0.2.1", "A 192.0.2.2"))
    assert ex.failure is None


def test_a_name_that_is_not_there(stand: Stand, server: Server, sock: socket.socket) -> None:
    server.script = lambda asked: answer(asked, code=3)
    lane = port53(stand, server)
    ask(sock, lane, query(8, "nowhere.example.test", AAAA))
    ex = lane.exchange()
    assert ex.request.target == b"nowhere.example.test AAAA"
    assert ex.raw is not None
    assert ex.raw.status == "NXDOMAIN"


def test_the_same_number_again_is_another_question(stand: Stand, server: Server, sock: socket.socket) -> None:
    server.script = lambda asked: answer(asked, "192.0.2.1" if b"one" in asked else "192.0.2.2")
    lane = port53(stand, server)
    assert socket.inet_aton("192.0.2.1") in ask(sock, lane, query(9, "one.test"))
    assert socket.inet_aton("192.0.2.2") in ask(sock, lane, query(9, "two.test"))
    exchanges = lane.exchanges(2)
    assert [ex.request.target for ex in exchanges] == [b"one.test A", b"two.test A"]
    assert len({ex.id for ex in exchanges}) == 2


def test_two_questions_at_once(stand: Stand, server: Server, sock: socket.socket) -> None:
    lane = port53(stand, server)
    server.script = lambda asked: None if len(server.asked) < 2 else answer(asked)
    sock.sendto(query(1, "a.test"), ("127.0.0.1", lane.port))
    ask(sock, lane, query(2, "a.test", AAAA))
    lane.drop()
    first, second = lane.exchanges(2)
    assert (first.request.target, second.request.target) == (b"a.test A", b"a.test AAAA")
    assert first.failure is not None
    assert (first.failure.kind, second.failure) == ("upstream_broke", None)
    assert lane.recorder.under_way == 0


class Denies:
    def dns_request(self, flow: DNSFlow) -> None:
        flow.metadata["ccproxy.blocked"] = "a.test is denied"
        flow.response = flow.request.fail(response_codes.NXDOMAIN)


def test_what_a_policy_denies(stand: Stand, server: Server, sock: socket.socket) -> None:
    lane = port53(stand, server, Denies())
    got = ask(sock, lane, query(1, "a.test"))
    assert got[3] & 0x0F == response_codes.NXDOMAIN
    ex = lane.exchange()
    assert server.asked == []
    assert ex.failure is not None
    assert (ex.failure.kind, ex.failure.message) == ("blocked", "a.test is denied")
    assert ex.route is not None
    assert ex.route.action == "local"
    assert ex.raw is not None
    assert ex.raw.status == "NXDOMAIN"
