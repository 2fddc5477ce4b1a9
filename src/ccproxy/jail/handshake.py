"""The initiator's half of WireGuard's handshakes: what is sent, what an answer makes of it, and cookies.

Whitepaper §5.4. No I/O, no clock.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ccproxy.jail import noise
from ccproxy.jail.noise import Identity, State
from ccproxy.jail.session import Session

INITIATION, RESPONSE, COOKIE = b"\x01\x00\x00\x00", b"\x02\x00\x00\x00", b"\x03\x00\x00\x00"
RESPONSE_BYTES, COOKIE_BYTES = 92, 64
COOKIE_LIFE = 120.0
NO_MAC = bytes(16)
MOST_PENDING = 3
"""Earlier attempts may still be answered, if the peer is slow."""
TAI64 = (1 << 62) + 10
"""TAI64's label of the epoch, with the ten leap seconds of 1970."""


@dataclass(slots=True)
class Pending:
    """An initiation that was sent."""

    state: State
    mac1: bytes
    answers: bool
    """Whether a cookie for it may be answered at once."""


class Handshakes:
    """Attempts at handshakes. `clock` gives nanoseconds since the epoch; `on_keys` sees the keys of the successful."""

    def __init__(
        self, identity: Identity, clock: Callable[[], int], on_keys: Callable[[Identity, State], None] | None
    ) -> None:
        self._identity, self._clock, self._on_keys = identity, clock, on_keys
        self._mac1_key, self._cookie_key = (noise.hashed(word, identity.peer) for word in (b"mac1----", b"cookie--"))
        self._pending: dict[bytes, Pending] = {}
        self._cookie, self._cookie_until = b"", 0.0
        self._stamp = 0

    def begin(self, now: float, *, answers: bool = True) -> bytes:
        """A new initiation."""
        index = os.urandom(4)
        payload, state = noise.initiate(self._identity, X25519PrivateKey.generate(), self._timestamp())
        message = INITIATION + index + payload
        mac1 = noise.mac(self._mac1_key, message)
        message += mac1
        keep(self._pending, index, Pending(state, mac1, answers), MOST_PENDING)
        return message + (noise.mac(self._cookie, message) if now < self._cookie_until else NO_MAC)

    def finish(self, message: bytes, now: float) -> tuple[bytes, Session] | None:
        """Our index and the session, if it is a response to one of ours. Raises InvalidTag and ValueError."""
        index = message[8:12]
        pending = self._pending.get(index)
        if pending is None or len(message) != RESPONSE_BYTES:
            return None
        _, sending, receiving = noise.finish(self._identity, pending.state, message[12:60])
        self._pending.clear()
        if self._on_keys:
            self._on_keys(self._identity, pending.state)
        return index, Session(message[4:8], sending, receiving, now)

    def take_cookie(self, message: bytes, now: float) -> bytes:
        """The initiation to send at once, if there is one. Raises InvalidTag.

        At once but once only: a peer that demands cookies without end gets two attempts a second.
        """
        pending = self._pending.get(message[4:8])
        if pending is None or len(message) != COOKIE_BYTES:
            return b""
        self._cookie = noise.unseal_xchacha20(self._cookie_key, message[8:32], message[32:], pending.mac1)
        self._cookie_until = now + COOKIE_LIFE
        answers, pending.answers = pending.answers, False
        return self.begin(now, answers=False) if answers else b""

    def _timestamp(self) -> bytes:
        """TAI64N. The peer takes none that is not later than the last, also if the clock was set back."""
        self._stamp = max(self._stamp + 1, self._clock())
        seconds, nanoseconds = divmod(self._stamp, 10**9)
        return struct.pack(">QI", TAI64 + seconds, nanoseconds)


def keep[V](table: dict[bytes, V], key: bytes, value: V, most: int) -> None:
    """Adds to a table of the last `most`."""
    table[key] = value
    while len(table) > most:
        del table[next(iter(table))]
