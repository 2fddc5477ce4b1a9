"""A WireGuard initiator with one peer: datagrams and packets in, datagrams and packets out. No I/O, no clock.

Whitepaper §5.4 and §6. Its times are the protocol's but for those that are meant for wide networks: the peer is on the
same machine.
"""

from __future__ import annotations

import os
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ccproxy.jail import noise
from ccproxy.jail.noise import Identity, State
from ccproxy.jail.session import DATA, HEADER, TAG, Session

REKEY_AFTER, REJECT_AFTER, KEEPALIVE_AFTER, COOKIE_LIFE = 120.0, 180.0, 25.0, 120.0
RETRY_AFTER = 1.0
"""Between two attempts at a handshake (5 s in the protocol)."""
DEAD_AFTER = 5.0
"""How long a peer may be silent after we have sent (15 s in the protocol)."""
WAITING_PACKETS = 128
SESSIONS = PENDING = 3
INITIATION, RESPONSE, COOKIE = b"\x01\x00\x00\x00", b"\x02\x00\x00\x00", b"\x03\x00\x00\x00"
TAI64 = (1 << 62) + 10
"""TAI64's label of the epoch, with the ten leap seconds of 1970."""


@dataclass(slots=True)
class Pending:
    """An initiation that was sent."""

    state: State
    mac1: bytes
    hurried: bool
    """Whether it was the answer to a cookie, or has been followed by one."""


class Initiator:
    """The state machine. `outbox` holds datagrams to be sent beside those that `send` returns; take them away."""

    def __init__(
        self, identity: Identity, stamp: Callable[[], int], on_keys: Callable[[Identity, State], None] | None = None
    ) -> None:
        self.outbox: list[bytes] = []
        self.session: Session | None = None
        self.handshakes = self.cookies = 0
        self._identity, self._stamp, self._on_keys = identity, stamp, on_keys
        self._mac1_key, self._cookie_key = (noise.hashed(word, identity.peer) for word in (b"mac1----", b"cookie--"))
        self._sessions: dict[bytes, Session] = {}
        self._pending: dict[bytes, Pending] = {}
        self._waiting: deque[bytes] = deque(maxlen=WAITING_PACKETS)
        self._cookie, self._cookie_until = b"", 0.0
        self._sent = 0.0
        self._initiated = float("-inf")
        self._unanswered: float | None = None
        self._last_stamp = 0

    def send(self, packet: bytes, now: float) -> bytes | None:
        """The datagram for a packet of ours; None while there are no keys: the packet waits then, the last 128 do."""
        session = self.session
        if session is None or now - session.born >= REJECT_AFTER:
            self._waiting.append(packet)
            return None
        self._sent = now
        if self._unanswered is None:
            self._unanswered = now
        return session.seal(packet)

    def receive(self, datagram: bytes, now: float) -> bytes:
        """The peer's packet; empty if the datagram holds none for us, is damaged, foreign or old. Never raises."""
        try:
            if datagram[:4] == DATA:
                return self._open(datagram, now)
            if datagram[:4] == RESPONSE and len(datagram) == 92:
                self._finish(datagram, now)
            elif datagram[:4] == COOKIE and len(datagram) == 64:
                self._take_cookie(datagram, now)
        except (InvalidTag, ValueError):
            pass
        return b""

    def tick(self, now: float) -> None:
        """Does what time demands; call it a few times a second."""
        session = self.session
        if session is not None and now - session.born >= REJECT_AFTER:
            self.session = session = None
        if self._wants_keys(now):
            if now - self._initiated >= RETRY_AFTER:
                self._initiate(now, hurried=False)
        elif session is not None and now - self._sent >= KEEPALIVE_AFTER:
            self._sent = now
            self.outbox.append(session.seal(b""))

    def refused(self) -> None:
        """The peer's port is closed: its keys are gone with it. `tick` tries again."""
        self.session = None

    def _wants_keys(self, now: float) -> bool:
        session, since = self.session, self._unanswered
        return session is None or now - session.born >= REKEY_AFTER or (since is not None and now - since >= DEAD_AFTER)

    def _open(self, datagram: bytes, now: float) -> bytes:
        session = self._sessions.get(datagram[4:8])
        if session is None or now - session.born >= REJECT_AFTER or len(datagram) < HEADER + TAG:
            return b""
        packet = session.open(datagram)
        if packet is None:
            return b""
        self._unanswered = None
        return _without_padding(packet)

    def _initiate(self, now: float, hurried: bool) -> None:
        index = os.urandom(4)
        message, state = noise.initiate(self._identity, X25519PrivateKey.generate(), self._timestamp())
        message = INITIATION + index + message
        mac1 = noise.mac(self._mac1_key, message)
        message += mac1
        mac2 = noise.mac(self._cookie, message) if now < self._cookie_until else bytes(16)
        _keep(self._pending, index, Pending(state, mac1, hurried), PENDING)
        self._initiated = now
        self.outbox.append(message + mac2)

    def _timestamp(self) -> bytes:
        """TAI64N. The peer takes none that is not later than the last, also if the clock was set back."""
        self._last_stamp = max(self._last_stamp + 1, self._stamp())
        seconds, nanoseconds = divmod(self._last_stamp, 10**9)
        return struct.pack(">QI", TAI64 + seconds, nanoseconds)

    def _finish(self, message: bytes, now: float) -> None:
        index = message[8:12]
        pending = self._pending.get(index)
        if pending is None:
            return
        _, sending, receiving = noise.finish(self._identity, pending.state, message[12:60])
        self._pending.clear()
        self.session = Session(message[4:8], sending, receiving, now)
        _keep(self._sessions, index, self.session, SESSIONS)
        self.handshakes += 1
        if self._on_keys is not None:
            self._on_keys(self._identity, pending.state)
        self._flush(self.session, now)

    def _flush(self, session: Session, now: float) -> None:
        """What has waited; an empty packet at least, because the peer uses keys only once we have used them."""
        self._sent, self._unanswered = now, None
        self.outbox += map(session.seal, self._waiting or (b"",))
        self._waiting.clear()

    def _take_cookie(self, message: bytes, now: float) -> None:
        """Answers at once, but once only: peers that demand cookies without end get one attempt a second."""
        pending = self._pending.get(message[4:8])
        if pending is None:
            return
        self._cookie = noise.unseal_xchacha20(self._cookie_key, message[8:32], message[32:], pending.mac1)
        self._cookie_until = now + COOKIE_LIFE
        self.cookies += 1
        if not pending.hurried:
            pending.hurried = True
            self._initiate(now, hurried=True)


def _keep[V](table: dict[bytes, V], key: bytes, value: V, most: int) -> None:
    """Adds to a table of the last `most`."""
    table[key] = value
    while len(table) > most:
        del table[next(iter(table))]


def _without_padding(packet: bytes) -> bytes:
    """An IP packet without what follows it; empty if it is none."""
    if len(packet) < 20:
        return b""
    version = packet[0] >> 4
    length = int.from_bytes(packet[2:4]) if version == 4 else 40 + int.from_bytes(packet[4:6]) if version == 6 else 0
    return packet[:length] if 20 <= length <= len(packet) else b""
