"""Captures in the classic pcap format (draft-ietf-opsawg-pcap), read as pcapng blocks."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from ccproxy.jail import pcapng
from ccproxy.jail.pcapng import Block, damaged

MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 6),
    b"\xa1\xb2\xc3\xd4": (">", 6),
    b"\x4d\x3c\xb2\xa1": ("<", 9),
    b"\xa1\xb2\x3c\x4d": (">", 9),
}
"""Byte order and decimal digits of the times."""
LARGEST_PACKET = 262144
"""As Wireshark has it."""


def blocks_of(source: BinaryIO) -> Iterator[Block]:
    """A pcap file's packets as those of one section. Raises JailError for a file that is damaged or cut short."""
    head = source.read(24)
    if len(head) < 24:
        raise damaged(len(head))
    order, digits = MAGIC[head[:4]]
    snaplen, network = struct.unpack(f"{order}16xII", head)
    yield Block("<", pcapng.SECTION, pcapng.section())
    yield Block("<", pcapng.INTERFACE, pcapng.interface(network & 0xFFFF, snaplen, digits))
    record, at = struct.Struct(f"{order}IIII"), 24
    while head := source.read(record.size):
        data, seconds, fraction, length = _record(source, head, record, at)
        yield Block("<", pcapng.PACKET, pcapng.packet(seconds * 10**digits + fraction, length, data))
        at += record.size + len(data)


def _record(source: BinaryIO, head: bytes, record: struct.Struct, at: int) -> tuple[bytes, int, int, int]:
    if len(head) < record.size:
        raise damaged(at)
    seconds, fraction, captured, length = record.unpack(head)
    data = source.read(captured) if captured <= LARGEST_PACKET else b""
    if len(data) < captured:
        raise damaged(at)
    return data, seconds, fraction, length
