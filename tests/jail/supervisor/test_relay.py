"""Bytes through a door: both ways, in any pieces, with back-pressure, half-close and resets."""

from __future__ import annotations

import gc
import hashlib
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.jail import door as doors
from ccproxy.jail.door import Door, host_socket
from ccproxy.jail.poll import Poller
from tests.jail.supervisor.loop import beside, drive

BIG = os.urandom(1 << 16) * 512  # 32 MiB


def read_all(sock: socket.socket) -> bytes:
    pieces = []
    while piece := sock.recv(1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def serve(answer: Callable[[socket.socket], None]) -> int:
    """One connection to a service, as a blocking program has it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def work() -> None:
        sock, _ = listener.accept()
        listener.close()
        with sock:
            answer(sock)

    threading.Thread(target=work, daemon=True).start()
    return int(listener.getsockname()[1])


class House:
    def __init__(self) -> None:
        self.poller = Poller()
        self.doors: list[Door] = []

    def door(self, *ports: int) -> tuple[str, int]:
        listener = socket.create_server(("127.0.0.1", 0))
        address = listener.getsockname()
        where = [(socket.AF_INET, "127.0.0.1", port) for port in ports]
        self.doors.append(Door(self.poller, listener, host_socket, lambda: where))
        return address

    def client(self, address: tuple[str, int], talk: Callable[[socket.socket], bytes]) -> bytes:
        def work() -> bytes:
            with socket.create_connection(address, 20) as sock:
                return talk(sock)

        return beside(self.poller, work)


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    yield made
    for door in made.doors:
        door.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_half_close_passes_both_ways(house: House) -> None:
    """The service answers only after it has seen the client's end, and the client reads after it."""

    def talk(sock: socket.socket) -> bytes:
        sock.sendall(b"question")
        sock.shutdown(socket.SHUT_WR)
        return read_all(sock)

    port = serve(lambda sock: sock.sendall(b"answer to " + read_all(sock)))
    assert house.client(house.door(port), talk) == b"answer to question"


def test_the_service_may_end_first(house: House) -> None:
    told: list[bytes] = []

    def answer(sock: socket.socket) -> None:
        sock.shutdown(socket.SHUT_WR)
        told.append(read_all(sock))

    def talk(sock: socket.socket) -> bytes:
        end = read_all(sock)
        sock.sendall(b"still here")
        return end

    assert house.client(house.door(serve(answer)), talk) == b""
    drive(house.poller, lambda: bool(told))
    assert told == [b"still here"]


def test_much_both_ways_at_once(house: House) -> None:
    """Each side writes everything before it reads: only back-pressure and both directions at once let it end."""

    def both(sock: socket.socket) -> bytes:
        writer = threading.Thread(target=lambda: (sock.sendall(BIG), sock.shutdown(socket.SHUT_WR)), daemon=True)
        writer.start()
        got = read_all(sock)
        writer.join()
        return hashlib.sha256(got).digest()

    seen: list[bytes] = []
    port = serve(lambda sock: seen.append(both(sock)))
    expected = hashlib.sha256(BIG).digest()
    assert house.client(house.door(port), both) == expected
    drive(house.poller, lambda: bool(seen))
    assert seen == [expected]


def test_a_slow_reader_holds_the_writer(house: House) -> None:
    """What is on its way is bounded by the kernel's buffers and one piece."""
    reading = threading.Event()
    counted: list[int] = []

    def answer(sock: socket.socket) -> None:
        assert reading.wait(20)
        counted.append(len(read_all(sock)))

    def talk(sock: socket.socket) -> bytes:
        sock.settimeout(0.5)
        sent = 0
        try:
            while sent < 1 << 28:
                sent += sock.send(BIG)
        except TimeoutError:
            pass
        reading.set()
        sock.settimeout(20)
        sock.shutdown(socket.SHUT_WR)
        return read_all(sock) + struct.pack("=Q", sent)

    sent = struct.unpack("=Q", house.client(house.door(serve(answer)), talk))[0]
    assert sent < 1 << 28
    drive(house.poller, lambda: bool(counted))
    assert counted == [sent]


def test_a_reset_stays_a_reset(house: House) -> None:
    def answer(sock: socket.socket) -> None:
        sock.recv(8)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def talk(sock: socket.socket) -> bytes:
        sock.sendall(b"x")
        return read_all(sock)

    with pytest.raises(ConnectionResetError):
        house.client(house.door(serve(answer)), talk)


def test_nobody_there(house: House) -> None:
    with pytest.raises(ConnectionResetError):
        house.client(house.door(closed_port()), read_all)


def test_the_next_address_is_tried(house: House) -> None:
    port = serve(lambda sock: sock.sendall(b"here"))
    assert house.client(house.door(closed_port(), closed_port(), port), read_all) == b"here"


def test_a_closed_door_lets_open_connections_go_on(house: House) -> None:
    go = threading.Event()

    def answer(sock: socket.socket) -> None:
        sock.sendall(b"one ")
        assert go.wait(20)
        sock.sendall(b"two")

    address = house.door(serve(answer))

    def talk(sock: socket.socket) -> bytes:
        first = sock.recv(4)
        house.doors[0].close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 5)
        go.set()
        return first + read_all(sock)

    assert house.client(address, talk) == b"one two"


def test_out_of_descriptors_is_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop neither spins nor forgets the listener."""
    import resource

    monkeypatch.setattr(doors, "OUT_OF_ROOM_PAUSE_SECONDS", 0.01)
    address = house.door(serve(lambda sock: sock.sendall(b"at last")))
    client = socket.create_connection(address, 20)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    gc.collect()  # nothing is to free a descriptor meanwhile
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, before[1]))
    try:
        rounds = iter(range(20))
        drive(house.poller, lambda: next(rounds, None) is None)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    with client:
        assert beside(house.poller, lambda: read_all(client)) == b"at last"


@settings(max_examples=25, deadline=None)
@given(pieces=st.lists(st.binary(min_size=1, max_size=200_000), max_size=8))
def test_any_pieces_come_back_as_they_were(pieces: list[bytes]) -> None:
    house = House()
    port = serve(lambda sock: sock.sendall(read_all(sock)))

    def talk(sock: socket.socket) -> bytes:
        for piece in pieces:
            sock.sendall(piece)
        sock.shutdown(socket.SHUT_WR)
        return read_all(sock)

    assert house.client(house.door(port), talk) == b"".join(pieces)
    house.doors[0].close()
