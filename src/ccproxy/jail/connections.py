"""The TCP connections of a jail, known from its own packets, so that they can break when their other end is gone.

The other end is in the daemon's memory. A daemon that is started again knows nothing of them and says nothing, and a
client that waits for an answer would wait for ever.
"""

from __future__ import annotations

import struct

MOST = 4096
TCP = 6
SYN, RST, ACK = 0x02, 0x04, 0x10
TCP_FIELDS = struct.Struct("!HHIIBBHHH")
"""Ports, sequence, acknowledgement, length, flags, window, checksum, urgent."""


class Connections:
    """Sees the packets from inside."""

    def __init__(self) -> None:
        self._alive: dict[bytes, bytes] = {}
        self._broken: set[bytes] = set()

    def see(self, packet: bytes) -> bytes:
        """The reset that answers a packet, if its connection is broken; else empty."""
        if len(packet) >= 40 and packet[0] == 0x45 and packet[9] == TCP:
            key, tcp = packet[12:24], 20
        elif len(packet) >= 60 and packet[0] >> 4 == 6 and packet[6] == TCP:
            key, tcp = packet[8:44], 40
        else:
            return b""
        if key in self._broken:
            return self._answer(key, packet, tcp)
        self._alive[key] = packet[: tcp + 20]
        if len(self._alive) > MOST:
            del self._alive[next(iter(self._alive))]
        return b""

    def break_all(self) -> list[bytes]:
        """Resets for all there are. Where one comes too early, the next packet from inside is answered."""
        resets = [reset(head) for head in self._alive.values() if _is_established(head)]
        self._broken = {key for key, head in self._alive.items() if _is_established(head)}
        self._alive.clear()
        return resets

    def _answer(self, key: bytes, packet: bytes, tcp: int) -> bytes:
        flags = packet[tcp + 13]
        if not flags & (SYN | RST):
            return reset(packet[: tcp + 20])
        self._broken.discard(key)
        return b""


def _is_established(head: bytes) -> bool:
    return head[-7] & (SYN | RST | ACK) == ACK


def reset(head: bytes) -> bytes:
    """The packet with which a peer ends the connection of these IP and TCP headers."""
    tcp = len(head) - 20
    source, target, _, acknowledged, _, _, _, _, _ = TCP_FIELDS.unpack_from(head, tcp)
    fields = [target, source, acknowledged, 0, 0x50, RST, 0, 0, 0]
    addresses = head[16:20] + head[12:16] if tcp == 20 else head[24:40] + head[8:24]
    checked = addresses + struct.pack("!HH", TCP, 20) + TCP_FIELDS.pack(*fields)
    fields[7] = checksum(checked)
    return _ip(addresses) + TCP_FIELDS.pack(*fields)


def _ip(addresses: bytes) -> bytes:
    if len(addresses) == 32:
        return struct.pack("!IHBB", 0x60000000, 20, TCP, 64) + addresses
    head = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0x4000, 64, TCP, 0) + addresses
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def checksum(data: bytes) -> int:
    """The Internet's (RFC 1071), of an even number of bytes."""
    return 0xFFFF - (int.from_bytes(data) % 0xFFFF)
