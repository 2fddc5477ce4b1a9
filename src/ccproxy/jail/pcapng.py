"""The blocks of a pcapng file (draft-ietf-opsawg-pcapng), as far as a capture is copied with secrets in it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ccproxy.jail.errors import JailError

SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET, SECRETS = 0x0A0D0D0A, 1, 2, 3, 6, 10
TLS_SECRETS, WIREGUARD_SECRETS = 0x544C534B, 0x57474B4C
MAGIC, BYTE_ORDER = b"\n\r\r\n", 0x1A2B3C4D
UNKNOWN_LENGTH = b"\xff" * 8
LARGEST_BLOCK = 16 << 20
"""As Wireshark has it."""
SMALLEST_BLOCK, SMALLEST_SECTION, SMALLEST_PACKET = 12, 28, 32
RESOLUTION_OPTION, END_OF_OPTIONS = 9, 0


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A block with its type and its lengths; the body is padded."""
    body += bytes(-len(body) % 4)
    length = struct.pack(f"{order}I", len(body) + SMALLEST_BLOCK)
    return struct.pack(f"{order}I", kind) + length + body + length


def section() -> bytes:
    """The header of a little-endian section of any length."""
    return block(SECTION, struct.pack("<IHH", BYTE_ORDER, 1, 0) + UNKNOWN_LENGTH)


def interface(linktype: int, snaplen: int, digits: int) -> bytes:
    """An interface whose times have so many decimal digits behind the point."""
    resolution = struct.pack("<HHB3xHH", RESOLUTION_OPTION, 1, digits, END_OF_OPTIONS, 0)
    return block(INTERFACE, struct.pack("<HHI", linktype, 0, snaplen) + resolution)


def packet(ticks: int, length: int, data: bytes) -> bytes:
    """A packet of the first interface; `length` is what it had on the wire."""
    head = struct.pack("<IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), length)
    return block(PACKET, head + data)


def secrets(kind: int, text: bytes, order: str = "<") -> bytes:
    """Decryption secrets, which hold for the packets behind them."""
    return block(SECRETS, struct.pack(f"{order}II", kind, len(text)) + text, order)


@dataclass(frozen=True, slots=True)
class Block:
    """One that was read."""

    order: str
    """`<` or `>`."""
    kind: int
    whole: bytes


def blocks(source: BinaryIO) -> Iterator[Block]:
    """The blocks of a file; a section's length is made unknown, so that others can be put in.

    Raises JailError for what is no pcapng file, or one that is damaged or cut short.
    """
    order, at, interfaces = "", 0, 0
    while head := source.read(SMALLEST_BLOCK):
        if head[:4] == MAGIC:
            order, interfaces = _order(head), 0
        if not order or len(head) < SMALLEST_BLOCK:
            raise damaged(at)
        whole = head + _rest(source, head, order, at)
        (kind,) = struct.unpack_from(f"{order}I", head)
        interfaces += kind == INTERFACE
        if kind == PACKET and not _is_packet(whole, order, interfaces):
            raise damaged(at)
        yield Block(order, kind, _of_unknown_length(whole) if kind == SECTION else whole)
        at += len(whole)


def damaged(at: int) -> JailError:
    """For a file that cannot be understood from a byte on."""
    return JailError(
        f"the capture is damaged or cut short at byte {at}", "`editcap IN OUT` keeps what stands before the damage"
    )


def _order(head: bytes) -> str:
    return next((order for order in "<>" if head[8:12] == struct.pack(f"{order}I", BYTE_ORDER)), "")


def _rest(source: BinaryIO, head: bytes, order: str, at: int) -> bytes:
    (length,) = struct.unpack_from(f"{order}I", head, 4)
    smallest = SMALLEST_SECTION if head[:4] == MAGIC else SMALLEST_BLOCK
    if length % 4 or not smallest <= length <= LARGEST_BLOCK:
        raise damaged(at)
    rest = source.read(length - SMALLEST_BLOCK)
    if len(rest) < length - SMALLEST_BLOCK or (head + rest)[-4:] != head[4:8]:
        raise damaged(at)
    return rest


def _is_packet(whole: bytes, order: str, interfaces: int) -> bool:
    """Whether a packet's block is of an interface that was named, and holds the packet."""
    if len(whole) < SMALLEST_PACKET:
        return False
    interface, captured = struct.unpack_from(f"{order}8xI8xI", whole)
    return bool(interface < interfaces and captured <= len(whole) - SMALLEST_PACKET)


def _of_unknown_length(whole: bytes) -> bytes:
    return whole[:16] + UNKNOWN_LENGTH + whole[24:]
