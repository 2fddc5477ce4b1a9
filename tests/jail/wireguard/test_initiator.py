"""The initiator and mitmproxy's own listener (boringtun), over the loopback; time is the test's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ccproxy.jail.wireguard import DEAD_AFTER, KEEPALIVE_AFTER, MOST_WAITING, REJECT_AFTER, REKEY_AFTER, RETRY_AFTER
from tests.jail.wireguard.listener import Listener, Wire, udp_packet


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as running:
        yield running


@pytest.fixture
def wire(listener: Listener) -> Iterator[Wire]:
    made = Wire(listener)
    yield made
    made.close()


@pytest.fixture
def joined(wire: Wire) -> Wire:
    wire.tick()
    wire.until_handshake(1)
    return wire


@pytest.mark.parametrize("size", [1, 15, 16, 17, 1372, 9000, 60000])
def test_packets_of_any_size_come_back(joined: Wire, size: int) -> None:
    payload = bytes(number % 251 for number in range(size))
    assert joined.ask(payload) == payload


def test_what_was_sent_before_the_keys_arrives_with_them(wire: Wire) -> None:
    for number in range(MOST_WAITING + 50):
        assert wire.initiator.send(udp_packet(b"packet %d" % number), wire.now) is None
    wire.tick()
    wire.until_handshake(1)
    while len(wire.received) < MOST_WAITING:
        assert wire.step()
    expected = {b"packet %d" % number for number in range(50, MOST_WAITING + 50)}
    assert {packet[28:] for packet in wire.received} == expected


def test_many_handshakes_with_cookies(joined: Wire) -> None:
    """boringtun demands cookies after ten handshakes, for ever; the test's hours pass in a second."""
    for number in range(2, 25):
        joined.now += REKEY_AFTER
        joined.tick()
        joined.until_handshake(number)
        assert joined.ask(b"after %d" % number) == b"after %d" % number
    assert 0 < joined.initiator.cookies <= 24


def test_the_keys_before_stay_good_for_what_is_under_way(joined: Wire) -> None:
    assert joined.ask(b"one") == b"one"
    before = joined.initiator.session
    joined.now += REKEY_AFTER
    joined.tick()
    joined.until_handshake(2)
    assert joined.initiator.session is not before
    assert before
    assert joined.ask(b"two") == b"two"


def test_a_listener_that_is_killed_and_restarted(listener: Listener, joined: Wire) -> None:
    assert joined.ask(b"before") == b"before"
    listener.kill()
    while joined.initiator.session:
        joined.send(udp_packet(b"into the void"))
        joined.step()
    listener.start()
    joined.now += RETRY_AFTER
    joined.tick()
    joined.until_handshake(2)
    assert joined.ask(b"behind") == b"behind"


def test_a_listener_that_was_replaced_unseen_is_found_dead(listener: Listener, joined: Wire) -> None:
    listener.kill()
    listener.start()
    joined.send(udp_packet(b"sealed with keys it does not know"))
    joined.now += DEAD_AFTER - 0.1
    joined.tick()
    assert joined.initiator.session
    joined.now += 0.1
    joined.tick()
    joined.until_handshake(2)
    assert joined.ask(b"behind") == b"behind"


def test_an_idle_tunnel_says_that_it_is_there(joined: Wire) -> None:
    joined.now += KEEPALIVE_AFTER - 0.1
    joined.initiator.tick(joined.now)
    assert joined.initiator.outbox == []
    joined.now += 0.1
    joined.initiator.tick(joined.now)
    assert [len(datagram) for datagram in joined.initiator.outbox] == [32]
    joined.initiator.tick(joined.now)
    assert len(joined.initiator.outbox) == 1


def test_without_an_answer_there_is_one_attempt_a_second(listener: Listener) -> None:
    wire = Wire(listener)
    sent = 0
    for _ in range(40):
        wire.now += 0.25
        wire.initiator.tick(wire.now)
        sent += len(wire.initiator.outbox)
        assert all(len(datagram) == 148 for datagram in wire.initiator.outbox)
        wire.initiator.outbox.clear()
    wire.close()
    assert sent == 10


def test_old_keys_neither_send_nor_receive(joined: Wire) -> None:
    answer = joined.initiator.send(udp_packet(b"in time"), joined.now)
    assert answer
    joined.transmit(answer)
    joined.now += REJECT_AFTER
    assert joined.initiator.send(udp_packet(b"late"), joined.now) is None
    assert joined.step()
    assert joined.received == []
    joined.tick()
    joined.until_handshake(2)
    while not joined.received:
        assert joined.step()
    assert joined.received[0][28:] == b"late"


def test_the_clock_may_be_set_back(joined: Wire) -> None:
    """The peer takes no timestamp that is not later than the last."""
    joined.initiator._attempts._clock = lambda: 0  # the one part of a test machine that must not really change
    joined.now += REKEY_AFTER
    joined.tick()
    joined.until_handshake(2)
    assert joined.ask(b"still here") == b"still here"
