from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.jail.connections import MOST, Connections, checksum

ACK, SYN, RST = 0x10, 0x02, 0x04


def packet(port: int, flags: int = ACK, *, six: bool = False, acknowledged: int = 7000) -> bytes:
    tcp = struct.pack("!HHIIBBHHH", port, 443, 100, acknowledged, 0x50, flags, 500, 0, 0)
    if six:
        addresses = socket.inet_pton(socket.AF_INET6, "fd00:cc:cc::1") + socket.inet_pton(
            socket.AF_INET6, "2001:db8::1"
        )
        return struct.pack("!IHBB", 6 << 28, 20, 6, 64) + addresses + tcp
    addresses = socket.inet_aton("10.0.0.1") + socket.inet_aton("192.0.2.7")
    return struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + addresses + tcp


@pytest.mark.parametrize("six", [False, True])
def test_what_is_established_is_reset_with_the_number_it_waits_for(six: bool) -> None:
    known = Connections()
    for each in (packet(1, SYN, six=six), packet(2, six=six), packet(3, six=six), packet(3, RST, six=six)):
        assert known.see(each) == b""
    (reset,) = known.break_all()
    tcp = reset[40 if six else 20 :]
    source, target, sequence, _, _, flags, *_ = struct.unpack("!HHIIBBHHH", tcp)
    assert (source, target, sequence, flags) == (443, 2, 7000, RST)
    addresses = reset[8:40] if six else reset[12:20]
    assert checksum(addresses + struct.pack("!HH", 6, 20) + tcp) in (0, 0xFFFF)
    assert six or checksum(reset[:20]) in (0, 0xFFFF)


def test_a_broken_connection_is_answered_until_its_number_is_used_again() -> None:
    known = Connections()
    known.see(packet(2))
    known.break_all()
    assert struct.unpack_from("!I", known.see(packet(2, acknowledged=9000)), 24) == (9000,)
    assert known.see(packet(3)) == b""
    assert known.see(packet(2, SYN)) == b""
    assert known.see(packet(2)) == b""


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=80), st.integers(0, 65535).map(packet)), max_size=50))
def test_packets_of_any_kind(packets: list[bytes]) -> None:
    known = Connections()
    for each in packets:
        known.see(each)
    resets = known.break_all()
    assert len(resets) <= len(packets)
    for each in packets:
        known.see(each)


def test_it_remembers_so_many() -> None:
    known = Connections()
    for number in range(MOST + 100):
        known.see(packet(number))
    assert len(known.break_all()) == MOST
