"""Joins TCP segments before they are written to a TUN device that takes large ones.

The kernel's work for a packet costs more than ours, and each packet it takes is answered with an acknowledgement that
has to travel back: one write of 40 segments is 40 times cheaper on both ways. As GRO does it (Linux
`net/ipv4/tcp_offload.c`), for segments without options, which is what mitmproxy_rs sends.
"""

from __future__ import annotations

import fcntl
import struct
from dataclasses import dataclass, field

TUNGETIFF, IFF_VNET_HDR = 0x800454D2, 0x4000
VNET_HEADER = struct.Struct("<BBHHHH")
"""`struct virtio_net_hdr`: flags, type, length of the headers, size of a segment, start and offset of the checksum."""
NO_OFFLOAD = bytes(VNET_HEADER.size)
NEEDS_CHECKSUM, TCP4, TCP6 = 1, 1, 4
LARGEST = 65535
IPV4 = struct.Struct("!HHxxHHxx12sIIHH")
"""Service, length, fragment, TTL and protocol, addresses and ports; sequence, acknowledgement, flags, window."""
IPV6 = struct.Struct("!IHH36sIIHH")
PUSH, ACK, NO_OPTIONS = 0x0008, 0x0010, 0x5000
TCP, FRAGMENT = 6, 0xBFFF


def has_header(tun: int) -> bool:
    """Whether each packet of a TUN device has a virtio header before it (IFF_VNET_HDR)."""
    try:
        answer = fcntl.ioctl(tun, TUNGETIFF, bytes(40))
    except OSError:
        return False
    return bool(struct.unpack_from("=H", answer, 16)[0] & IFF_VNET_HDR)


@dataclass(slots=True)
class Run:
    """Segments in a row, the first with its headers."""

    first: bytes
    headers: int
    size: int
    """Bytes of data in the first, and in each but the last."""
    next: int
    """The sequence number that continues it."""
    total: int
    push: int = 0
    rest: list[bytes] = field(default_factory=list)


class Coalescer:
    """Packets in, by `add`; fewer and larger ones out, by `take`, each with its virtio header."""

    def __init__(self) -> None:
        self._ready: list[bytes | Run] = []
        self._open: dict[tuple[object, ...], Run] = {}

    def add(self, packet: bytes) -> None:
        """Takes a whole IP packet."""
        if len(packet) > 40 and packet[0] == 0x45:
            start, length, fragment, protocol, flow, sequence, acknowledged, flags, window = IPV4.unpack_from(packet)
            headers, fits = 40, protocol & 0xFF == TCP and not fragment & FRAGMENT and length == len(packet)
        elif len(packet) > 60 and packet[0] >> 4 == 6:
            start, length, protocol, flow, sequence, acknowledged, flags, window = IPV6.unpack_from(packet)
            headers, fits, fragment = 60, protocol >> 8 == TCP and length + 40 == len(packet), 0
        else:
            self._ready.append(packet)
            return
        if not fits or flags & ~PUSH != NO_OPTIONS | ACK:
            self._ready.append(packet)
            return
        key = (start, fragment, protocol, flow, acknowledged, window)
        run = self._open.get(key)
        if run is None or not _continue(run, packet, sequence, flags & PUSH):
            self._begin(key, packet, headers, sequence, flags & PUSH)

    def take(self) -> list[bytes]:
        """What was added since, to be written in this order."""
        ready = [_joined(each) if isinstance(each, Run) else NO_OFFLOAD + each for each in self._ready]
        self._ready.clear()
        self._open.clear()
        return ready

    def _begin(self, key: tuple[object, ...], packet: bytes, headers: int, sequence: int, push: int) -> None:
        size = len(packet) - headers
        run = Run(packet, headers, size, (sequence + size) & 0xFFFFFFFF, len(packet), push)
        self._open[key] = run
        self._ready.append(run)


def _continue(run: Run, packet: bytes, sequence: int, push: int) -> bool:
    """Adds a segment; False if it does not follow, or if the one before had to be the last."""
    size = len(packet) - run.headers
    if sequence != run.next or run.push or run.total % run.size != run.headers % run.size:
        return False
    if size > run.size or run.total + size > LARGEST:
        return False
    run.rest.append(packet[run.headers :])
    run.next, run.total, run.push = (sequence + size) & 0xFFFFFFFF, run.total + size, push
    return True


def _joined(run: Run) -> bytes:
    if not run.rest:
        return NO_OFFLOAD + run.first
    head = bytearray(run.first[: run.headers])
    tcp = run.headers - 20
    head[tcp + 13] |= run.push
    _set_length(head, run.total)
    struct.pack_into("!H", head, tcp + 16, _pseudo_sum(head, run.total - tcp))
    kind = TCP4 if tcp == 20 else TCP6
    offload = VNET_HEADER.pack(NEEDS_CHECKSUM, kind, run.headers, run.size, tcp, 16)
    return b"".join((offload, head, run.first[run.headers :], *run.rest))


def _set_length(head: bytearray, total: int) -> None:
    if head[0] >> 4 == 6:
        struct.pack_into("!H", head, 4, total - 40)
        return
    struct.pack_into("!H", head, 2, total)
    head[10:12] = bytes(2)
    struct.pack_into("!H", head, 10, 0xFFFF - int.from_bytes(head[:20]) % 0xFFFF)


def _pseudo_sum(head: bytearray, length: int) -> int:
    """The part of TCP's checksum that is not TCP's; the kernel adds the rest if it ever needs it."""
    addresses = head[12:20] if head[0] >> 4 == 4 else head[8:40]
    return (int.from_bytes(addresses) + TCP + length) % 0xFFFF
