"""Ports that a process listens on are found in the kernel's tables and opened elsewhere."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.jail.diagnosis import NETLINK_SOCK_DIAG, Diagnosis
from ccproxy.jail.door import Address, host_socket
from ccproxy.jail.listening import Tables, parse
from ccproxy.jail.poll import Poller
from ccproxy.jail.ports import Listeners, Publisher
from tests.jail.supervisor.loop import beside

HEADING = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"


def diagnosis() -> Diagnosis:
    return Diagnosis(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG))


@pytest.fixture(params=[diagnosis, lambda: Tables(os.getpid())], ids=["netlink", "proc"])
def tables(request: pytest.FixtureRequest) -> Iterator[Listeners]:
    made: Listeners = request.param()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("family", "host", "dialled"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET, "127.0.0.9", "127.0.0.9"),
        (socket.AF_INET, "0.0.0.0", "127.0.0.1"),
        (socket.AF_INET6, "::1", "::1"),
        (socket.AF_INET6, "::", "::1"),
    ],
)
def test_a_listener_is_found_as_long_as_it_is_there(tables: Listeners, family: int, host: str, dialled: str) -> None:
    with socket.create_server((host, 0), family=family) as listener:
        port = listener.getsockname()[1]
        assert (family, dialled, port) in tables.listeners()[port]
        with socket.create_connection((dialled, port)) as client:
            assert client.getsockname()[1] not in tables.listeners()
    assert port not in tables.listeners()


def test_more_than_one_page_of_them(tables: Listeners) -> None:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(150)]
    try:
        assert {listener.getsockname()[1] for listener in listeners} <= tables.listeners().keys()
    finally:
        for listener in listeners:
            listener.close()


def test_no_such_process() -> None:
    assert Tables(1 << 22).listeners() == {}


@st.composite
def rows(draw: st.DrawFn, family: int) -> tuple[bytes, Address]:
    raw = draw(st.binary(min_size=4, max_size=4) if family == socket.AF_INET else st.binary(min_size=16, max_size=16))
    port = draw(st.integers(1, 65535))
    local = "".join(f"{word:08X}" for word in struct.unpack(f"={len(raw) // 4}I", raw))
    row = f"   0: {local}:{port:04X} {'0' * len(local)}:0000 0A 00000000:00000000 00:00000000 00000000     0 0 7 1 x"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name := socket.inet_ntop(family, raw), name)
    return row.encode(), (family, host, port)


@given(data=st.data(), family=st.sampled_from([socket.AF_INET, socket.AF_INET6]))
def test_any_row(data: st.DataObject, family: int) -> None:
    drawn = data.draw(st.lists(rows(family)))
    other = data.draw(st.sampled_from([b"", b"   9: 0100007F:9999 0100007F:0050 01 0", b"   9: 0100007F:9999", b"?"]))
    behind = b"   0: 0100007F:1F90 00000000:0000 0A 0"
    found = list(parse(iter([*(row for row, _ in drawn), other, behind]), family))
    assert found == [address for _, address in drawn]


class Published:
    """A publisher whose inside is this machine, one port of the loopback being another's."""

    def __init__(self) -> None:
        self.poller, self.said = Poller(), list[str]()
        self.publisher = Publisher(self.poller, host_socket, self.said.append)


@pytest.fixture
def published() -> Iterator[Published]:
    made = Published()
    yield made
    made.publisher.close_all()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def hello(port: int, host: str = "127.0.0.1") -> bytes:
    with socket.create_connection((host, port), 10) as sock:
        return sock.recv(9)


def greeter(text: bytes, family: int = socket.AF_INET, host: str = "127.0.0.1") -> socket.socket:
    import threading

    listener = socket.create_server((host, 0), family=family)

    def work() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock:
                sock.sendall(text)

    threading.Thread(target=work, daemon=True).start()
    return listener


def target(listener: socket.socket) -> Address:
    return (listener.family, *listener.getsockname()[:2])


def test_open_told_once_moved_and_closed(published: Published) -> None:
    port, publisher = free_port(), published.publisher
    with greeter(b"one") as one, greeter(b"two") as two:
        publisher.follow({port: [target(one)]})
        assert beside(published.poller, lambda: hello(port)) == b"one"
        publisher.follow({port: [target(two)]})
        assert beside(published.poller, lambda: hello(port)) == b"two"
    publisher.follow({})
    with pytest.raises(ConnectionRefusedError):
        hello(port)
    publisher.follow({port: [(socket.AF_INET, "127.0.0.1", port)]})
    assert published.said == [f"port {port} of the jail is at http://127.0.0.1:{port}/ on this machine"]


def test_a_listener_of_ipv6_is_at_both_loopbacks(published: Published) -> None:
    port = free_port()
    with greeter(b"six", socket.AF_INET6, "::1") as six:
        published.publisher.follow({port: [target(six)]})
        assert beside(published.poller, lambda: (hello(port), hello(port, "::1"))) == (b"six", b"six")


def test_each_family_leads_to_its_own(published: Published) -> None:
    port = free_port()
    with greeter(b"six", socket.AF_INET6, "::1") as six, greeter(b"four") as four:
        published.publisher.follow({port: [target(four), target(six)]})
        assert beside(published.poller, lambda: (hello(port), hello(port, "::1"))) == (b"four", b"six")


def test_a_port_that_is_taken_is_told_once_and_opened_when_it_is_free(published: Published) -> None:
    with greeter(b"inside") as inside, greeter(b"outside") as outside:
        port = outside.getsockname()[1]
        for _ in range(3):
            published.publisher.follow({port: [target(inside)]})
        assert published.said == [f"port {port} of the jail is not on this machine: it is taken here"]
        assert hello(port) == b"outside"
        outside.shutdown(socket.SHUT_RDWR)
        outside.close()
        published.publisher.follow({port: [target(inside)]})
        assert beside(published.poller, lambda: hello(port)) == b"inside"
        assert published.said[1:] == [f"port {port} of the jail is at http://127.0.0.1:{port}/ on this machine"]
