"""A WireGuard initiator with one peer: datagrams and packets in, datagrams and packets out. No I/O, no clock.

Whitepaper §6. Times meant for wide networks are shorter here: the peer is on the same machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cryptography.exceptions import InvalidTag

from ccproxy.jail.handshake import COOKIE, RESPONSE, Handshakes, keep
from ccproxy.jail.noise import Identity, State
from ccproxy.jail.session import DATA, HEADER, TAG, Session

REKEY_AFTER, REJECT_AFTER, KEEPALIVE_AFTER = 120.0, 180.0, 25.0
RETRY_AFTER = 1.0
"""Between two attempts at a handshake (5 s in the protocol)."""
DEAD_AFTER = 5.0
"""How long a peer may be silent after we have sent (15 s in the protocol)."""
MOST_WAITING, MOST_SESSIONS = 128, 3


class Initiator:
    """The state machine. Every `now` is of one clock that does not go back.

    `outbox` holds datagrams to be sent beside those that `send` returns: take them away after each call.
    """

    def __init__(
        self,
        identity: Identity,
        clock: Callable[[], int],
        on_keys: Callable[[Identity, State], None] | None = None,
    ) -> None:
        """`clock` gives nanoseconds since the epoch, for the handshakes' timestamps."""
        self.outbox: list[bytes] = []
        self.session: Session | None = None
        self.handshakes = self.cookies = 0
        self._attempts = Handshakes(identity, clock, on_keys)
        self._sessions: dict[bytes, Session] = {}
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._sent, self._tried = 0.0, float("-inf")
        self._unanswered: float | None = None

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
        kind = datagram[:4]
        try:
            if kind == DATA:
                return self._open(datagram, now)
            if kind == RESPONSE:
                self._finish(datagram, now)
            elif kind == COOKIE:
                self._take_cookie(datagram, now)
        except (InvalidTag, ValueError):
            pass
        return b""

    def tick(self, now: float) -> None:
        """Does what time demands; call it a few times a second."""
        if self.session is not None and self._is_lost(self.session, now):
            self.session = None
        session = self.session
        if session is None or now - session.born >= REKEY_AFTER:
            if now - self._tried >= RETRY_AFTER:
                self._tried = now
                self.outbox.append(self._attempts.begin(now))
        elif now - self._sent >= KEEPALIVE_AFTER:
            self._sent = now
            self.outbox.append(session.seal(b""))

    def refused(self) -> None:
        """The peer's port is closed: its keys are gone with it. `tick` tries again."""
        self.session = None

    def _is_lost(self, session: Session, now: float) -> bool:
        since = self._unanswered
        return now - session.born >= REJECT_AFTER or (since is not None and now - since >= DEAD_AFTER)

    def _open(self, datagram: bytes, now: float) -> bytes:
        session = self._sessions.get(datagram[4:8])
        if session is None or now - session.born >= REJECT_AFTER or len(datagram) < HEADER + TAG:
            return b""
        packet = session.open(datagram)
        if packet is None:
            return b""
        self._unanswered = None
        return _without_padding(packet)

    def _finish(self, message: bytes, now: float) -> None:
        """New keys: what has waited is sent, an empty packet at least, because the peer uses them only after us."""
        made = self._attempts.finish(message, now)
        if made is None:
            return
        index, session = made
        keep(self._sessions, index, session, MOST_SESSIONS)
        self.session, self._sent, self._unanswered = session, now, None
        self.handshakes += 1
        self.outbox += map(session.seal, self._waiting or (b"",))
        self._waiting.clear()

    def _take_cookie(self, message: bytes, now: float) -> None:
        initiation = self._attempts.take_cookie(message, now)
        if initiation:
            self.cookies += 1
            self.outbox.append(initiation)


def _without_padding(packet: bytes) -> bytes:
    """An IP packet without what follows it; empty if it is none."""
    if len(packet) < 20:
        return b""
    version = packet[0] >> 4
    length = int.from_bytes(packet[2:4]) if version == 4 else 40 + int.from_bytes(packet[4:6]) if version == 6 else 0
    return packet[:length] if 20 <= length <= len(packet) else b""
