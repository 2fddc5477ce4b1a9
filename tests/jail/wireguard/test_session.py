from __future__ import annotations

import os

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.jail.session import LAST_COUNTER, WINDOW, Session, Window

NEAR = st.one_of(st.integers(0, 40), st.integers(0, 3 * WINDOW), st.integers(LAST_COUNTER - 5, LAST_COUNTER))


@given(st.lists(NEAR, max_size=200))
def test_each_counter_is_taken_once_and_none_that_is_too_old(counters: list[int]) -> None:
    window, seen, top = Window(), set[int](), -1
    for counter in counters:
        expected = counter not in seen and counter > top - WINDOW
        assert window.take(counter) is expected
        seen.add(counter)
        top = max(top, counter)


def pair() -> tuple[Session, Session]:
    one, other = os.urandom(32), os.urandom(32)
    return Session(b"\1\0\0\0", one, other, 0.0), Session(b"\2\0\0\0", other, one, 0.0)


@given(st.binary(max_size=100), st.data())
def test_datagrams_in_any_order_and_number(packet: bytes, data: st.DataObject) -> None:
    sender, receiver = pair()
    sealed = [sender.seal(bytes([number]) + packet) for number in range(8)]
    opened = []
    for number in data.draw(st.lists(st.integers(0, 7), max_size=30)):
        before = number in opened
        plain = receiver.open(sealed[number])
        assert (plain is None) == before
        if plain is not None:
            opened.append(number)
            assert plain.startswith(bytes([number]) + packet)
            assert len(plain) % 16 == 0
            assert not plain[1 + len(packet) :].strip(b"\0")


@given(st.integers(0, 47), st.integers(1, 255))
def test_a_changed_datagram_is_refused_and_does_not_use_up_its_counter(at: int, change: int) -> None:
    sender, receiver = pair()
    sealed = sender.seal(bytes(16))
    changed = bytearray(sealed)
    changed[at] ^= change
    if at >= 8:  # what stands before is not the session's to check
        with pytest.raises(InvalidTag):
            receiver.open(bytes(changed))
    assert receiver.open(sealed) == bytes(16)


def test_no_counter_beyond_the_protocols_limit() -> None:
    sender, receiver = pair()
    sender._counter = LAST_COUNTER  # 2^64 datagrams cannot be sent by a test
    assert receiver.open(sender.seal(b"")) == b""
    assert receiver.open(sender.seal(b"")) is None
