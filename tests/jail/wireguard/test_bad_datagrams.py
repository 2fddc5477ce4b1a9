"""Bytes from outside, at every stage of the state machine."""

from __future__ import annotations

import time

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.jail.noise import Identity, exchange, public_of
from ccproxy.jail.session import Session
from ccproxy.jail.wireguard import MOST_SESSIONS, Initiator

KINDS = st.sampled_from([bytes([kind, 0, 0, 0]) for kind in range(6)])
SIZES = st.sampled_from([0, 12, 28, 56, 60, 64, 88, 92, 144])
FRAMED = st.tuples(KINDS, SIZES.flatmap(lambda size: st.binary(min_size=size, max_size=size))).map(b"".join)
ANY = st.one_of(st.binary(max_size=200), FRAMED)
INDEX = b"\x07\0\0\0"


def initiator() -> Initiator:
    ours, theirs = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    peer = public_of(theirs)
    return Initiator(Identity(ours, public_of(ours), peer, exchange(ours, peer)), time.time_ns)


def aimed(datagram: bytes, index: bytes, at: int) -> bytes:
    return datagram[:at] + index + datagram[at + 4 :]


@given(st.lists(st.tuples(ANY, st.sampled_from([None, 4, 8]), st.floats(0, 100)), max_size=20))
def test_nothing_raises_nothing_grows_nothing_is_taken(events: list[tuple[bytes, int | None, float]]) -> None:
    machine, now = initiator(), 0.0
    for datagram, at, seconds in events:
        now += seconds
        machine.tick(now)
        assert len(machine.outbox) <= 1
        index = machine.outbox.pop()[4:8] if machine.outbox else INDEX
        assert machine.receive(datagram if at is None else aimed(datagram, index, at), now) == b""
        assert machine.send(datagram, now) is None
        assert machine.outbox == []
    assert machine.session is None
    assert len(machine._attempts._pending) <= 3
    assert len(machine._sessions) <= MOST_SESSIONS


@given(st.binary(max_size=120))
def test_sealed_nonsense_is_no_packet(packet: bytes) -> None:
    machine = initiator()
    key = bytes(32)
    machine._sessions[INDEX] = Session(b"\1\0\0\0", key, key, 0.0)
    got = machine.receive(Session(INDEX, key, key, 0.0).seal(packet), 1.0)
    assert got == b"" or (packet + bytes(16)).startswith(got)
    if got:
        length = int.from_bytes(got[2:4]) if got[0] >> 4 == 4 else 40 + int.from_bytes(got[4:6])
        assert len(got) == length >= 20


@pytest.mark.parametrize("private", ["", "AAAA", "not base64", "é", "A" * 44])
def test_keys_that_are_none(private: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - three libraries' texts
        Identity.from_base64(private, "AAAA")
