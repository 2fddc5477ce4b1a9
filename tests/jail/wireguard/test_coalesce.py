"""Segments are joined so that the kernel, which splits them as GSO says, hands out what came."""

from __future__ import annotations

import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from ccproxy.jail.coalesce import NO_OFFLOAD, VNET_HEADER, Coalescer
from ccproxy.jail.connections import checksum

ACK, PSH, FIN = 0x10, 0x08, 0x01
FOUR = socket.inet_aton("192.0.2.7") + socket.inet_aton("10.0.0.1")
SIX = socket.inet_pton(socket.AF_INET6, "2001:db8::7") + socket.inet_pton(socket.AF_INET6, "fd00:cc:cc::1")


def segment(six: bool, port: int, sequence: int, data: bytes, flags: int = ACK, window: int = 500) -> bytes:
    tcp = struct.pack("!HHIIBBHHH", 443, port, sequence & 0xFFFFFFFF, 77, 0x50, flags, window, 0, 0) + data
    addresses = SIX if six else FOUR
    padded = addresses + struct.pack("!HH", 6, len(tcp)) + tcp + bytes(len(tcp) % 2)
    tcp = tcp[:16] + struct.pack("!H", checksum(padded)) + tcp[18:]
    if six:
        return struct.pack("!IHBB", 6 << 28, len(tcp), 6, 64) + addresses + tcp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + addresses
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + tcp


def split(written: bytes) -> list[bytes]:
    """What the kernel makes of a write (net/ipv4/tcp_offload.c)."""
    flags, kind, headers, size, start, _ = VNET_HEADER.unpack_from(written)
    packet = written[len(NO_OFFLOAD) :]
    if kind == 0:
        assert written[: len(NO_OFFLOAD)] == NO_OFFLOAD
        return [packet]
    six = start == 40
    assert (flags, kind, headers) == (1, 4 if six else 1, start + 20)
    assert len(packet) == (40 + int.from_bytes(packet[4:6]) if six else int.from_bytes(packet[2:4]))
    assert six or checksum(packet[:20]) in (0, 0xFFFF)
    _, port, sequence, _, _, flags, window, _, _ = struct.unpack_from("!HHIIBBHHH", packet, start)
    data = packet[headers:]
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert len(pieces) > 1
    last = len(pieces) - 1
    return [
        segment(six, port, sequence + number * size, piece, flags if number == last else flags & ~PSH, window)
        for number, piece in enumerate(pieces)
    ]


STEP = st.tuples(
    st.booleans(),
    st.sampled_from([40001, 40002]),
    st.sampled_from([0, 1, 5, 1380]),
    st.sampled_from([ACK, ACK, ACK, ACK | PSH, ACK | FIN, 0]),
    st.sampled_from([500, 500, 500, 400]),
    st.sampled_from([0, 0, 0, 0, 7]),
)


@given(st.lists(STEP, max_size=60), st.integers(0, 2**32 - 1))
def test_what_is_joined_is_split_into_what_came(steps: list[tuple[bool, int, int, int, int, int]], start: int) -> None:
    coalescer, came, sequences = Coalescer(), [], dict[tuple[bool, int], int]()
    for six, port, size, flags, window, gap in steps:
        sequence = sequences.get((six, port), start) + gap
        sequences[six, port] = sequence + size
        packet = segment(six, port, sequence, bytes(number % 256 for number in range(size)), flags, window)
        came.append(packet)
        coalescer.add(packet)
    written = coalescer.take()
    assert sorted(packet for each in written for packet in split(each)) == sorted(came)
    assert coalescer.take() == []


def test_a_long_row_becomes_few_writes() -> None:
    coalescer = Coalescer()
    for number in range(64):
        coalescer.add(segment(False, 40001, 1000 + number * 1380, bytes(1380)))
    written = coalescer.take()
    assert len(written) == 2
    assert max(map(len, written)) <= len(NO_OFFLOAD) + 65535


@given(st.lists(st.binary(min_size=1, max_size=120), max_size=20))
def test_anything_else_goes_as_it_is(packets: list[bytes]) -> None:
    coalescer = Coalescer()
    for packet in packets:
        coalescer.add(packet)
    assert [each[len(NO_OFFLOAD) :] for each in coalescer.take()] == packets
