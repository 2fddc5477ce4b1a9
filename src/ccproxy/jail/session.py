"""The keys of one finished handshake: sealing, opening, and each counter taken once."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

DATA = b"\x04\x00\x00\x00"
"""Type of a message that carries a packet."""
HEADER, TAG = 16, 16
"""Bytes before the sealed packet (type, receiver's index, counter), and those of its tag."""
LAST_COUNTER = 2**64 - 2**13 - 2
"""The protocol's REJECT_AFTER_MESSAGES: no counter beyond is sent or taken."""
WINDOW = 2048
WINDOW_MASK = (1 << WINDOW) - 1
PADDING = tuple(bytes(-length % 16) for length in range(16))
ZEROS = bytes(4)


class Window:
    """Which counters have been seen: those that are too old to tell count as seen."""

    __slots__ = ("_seen", "_top")

    def __init__(self) -> None:
        self._top, self._seen = -1, 0

    def take(self, counter: int) -> bool:
        """True for a counter that is new; it is no more from then on."""
        ahead = counter - self._top
        if ahead > 0:
            self._seen = ((self._seen << ahead) & WINDOW_MASK | 1) if ahead < WINDOW else 1
            self._top = counter
            return True
        bit = 1 << -ahead if -ahead < WINDOW else 0
        fresh = bit and not self._seen & bit
        self._seen |= bit
        return bool(fresh)


class Session:
    """One pair of transport keys. Times are whatever clock the caller uses."""

    __slots__ = ("_counter", "_decrypt", "_encrypt", "_head", "_window", "born")

    def __init__(self, remote: bytes, sending: bytes, receiving: bytes, born: float) -> None:
        self.born = born
        self._head = DATA + remote
        self._encrypt = ChaCha20Poly1305(sending).encrypt
        self._decrypt = ChaCha20Poly1305(receiving).decrypt
        self._counter, self._window = 0, Window()

    def seal(self, packet: bytes) -> bytes:
        """The datagram for a packet; the empty packet is a keepalive."""
        counter = self._counter.to_bytes(8, "little")
        self._counter += 1
        padded = packet + PADDING[len(packet) & 15]
        return self._head + counter + self._encrypt(ZEROS + counter, padded, None)

    def open(self, datagram: bytes) -> bytes | None:
        """The packet in a datagram, padding and all; None for one that was opened before. Raises InvalidTag."""
        packed = datagram[8:HEADER]
        packet = self._decrypt(ZEROS + packed, datagram[HEADER:], None)
        counter = int.from_bytes(packed, "little")
        return packet if counter <= LAST_COUNTER and self._window.take(counter) else None
