"""A TLS ClientHello taken apart (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2), whatever is in it: every list as it was sent.

GREASE values (RFC 8701) stay in the lists. Of an encrypted ClientHello this is the outer one: the one that is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

HANDSHAKE, CLIENT_HELLO = 22, 1

SERVER_NAME, STATUS_REQUEST, SUPPORTED_GROUPS, POINT_FORMATS, SIGNATURES = 0, 5, 10, 11, 13
ALPN, SCT, PADDING, ENCRYPT_THEN_MAC, MASTER_SECRET = 16, 18, 21, 22, 23
COMPRESS_CERTIFICATE, RECORD_SIZE_LIMIT, DELEGATED_CREDENTIAL, TICKET = 27, 28, 34, 35
PRE_SHARED_KEY, SUPPORTED_VERSIONS, PSK_MODES, POST_HANDSHAKE_AUTH, KEY_SHARE = 41, 43, 45, 49, 51
ALPS, NEW_ALPS, ECH, RENEGOTIATION = 17513, 17613, 65037, 65281
"""Numbers of extensions (IANA, "TLS ExtensionType Values"); ALPS are BoringSSL's own."""


class MalformedHelloError(ValueError):
    """These bytes are no ClientHello, or not a whole one."""


class Reader:
    """Reads bytes from the front. Raises MalformedHelloError where there are too few."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        """The next bytes."""
        end = self._at + count
        if end > len(self._data):
            raise MalformedHelloError(f"{end - len(self._data)} bytes are missing")
        piece, self._at = self._data[self._at : end], end
        return piece

    def number(self, size: int) -> int:
        """A big-endian number of `size` bytes."""
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> bytes:
        """What follows a length of `size` bytes (RFC 8446 §3.4)."""
        return self.take(self.number(size))


@dataclass(frozen=True)
class ClientHello:
    """A ClientHello. Extensions are read when they are asked for; those that are malformed count as empty."""

    legacy_version: int
    session_id: bytes
    cipher_suites: tuple[int, ...]
    compression_methods: tuple[int, ...]
    extensions: tuple[tuple[int, bytes], ...]
    """Number and content, in the order in which they were sent."""

    @property
    def extension_types(self) -> tuple[int, ...]:
        """Their numbers."""
        return tuple(kind for kind, _ in self.extensions)

    def extension(self, kind: int) -> bytes | None:
        """The content of an extension, None if it was not sent."""
        return self._contents.get(kind)

    @cached_property
    def sni(self) -> str | None:
        """The server's name (RFC 6066 §3)."""
        try:
            names = Reader(Reader(self.extension(SERVER_NAME) or b"").vector(2))
            while names:
                kind, name = names.number(1), names.vector(2)
                if kind == 0:
                    return name.decode("ascii", "backslashreplace")
        except MalformedHelloError:
            pass
        return None

    @cached_property
    def alpn(self) -> tuple[bytes, ...]:
        """The application protocols (RFC 7301)."""
        return _vectors(self.extension(ALPN), 2)

    @cached_property
    def supported_versions(self) -> tuple[int, ...]:
        """The TLS versions of the extension; empty without it."""
        return _numbers(self.extension(SUPPORTED_VERSIONS), 1)

    @cached_property
    def supported_groups(self) -> tuple[int, ...]:
        """The key exchange groups."""
        return _numbers(self.extension(SUPPORTED_GROUPS), 2)

    @cached_property
    def point_formats(self) -> tuple[int, ...]:
        """The forms of points on curves (RFC 8422 §5.1.2)."""
        return _numbers(self.extension(POINT_FORMATS), 1, size=1)

    @cached_property
    def signature_algorithms(self) -> tuple[int, ...]:
        """The signature schemes."""
        return _numbers(self.extension(SIGNATURES), 2)

    @cached_property
    def delegated_credential(self) -> tuple[int, ...]:
        """The signature schemes of delegated credentials (RFC 9345 §4.1.1)."""
        return _numbers(self.extension(DELEGATED_CREDENTIAL), 2)

    @cached_property
    def compress_certificate(self) -> tuple[int, ...]:
        """The ways to compress certificates (RFC 8879 §3)."""
        return _numbers(self.extension(COMPRESS_CERTIFICATE), 1)

    @cached_property
    def psk_modes(self) -> tuple[int, ...]:
        """The pre-shared key modes (RFC 8446 §4.2.9)."""
        return _numbers(self.extension(PSK_MODES), 1, size=1)

    @cached_property
    def record_size_limit(self) -> int | None:
        """RFC 8449 §4."""
        content = self.extension(RECORD_SIZE_LIMIT)
        return int.from_bytes(content) if content is not None and len(content) == 2 else None

    @cached_property
    def key_shares(self) -> tuple[int, ...]:
        """The groups of the key shares (RFC 8446 §4.2.8)."""
        groups: list[int] = []
        try:
            shares = Reader(Reader(self.extension(KEY_SHARE) or b"").vector(2))
            while shares:
                groups.append(shares.number(2))
                shares.vector(2)
        except MalformedHelloError:
            return ()
        return tuple(groups)

    @cached_property
    def alps(self) -> tuple[bytes, ...]:
        """The protocols of BoringSSL's application settings, by either of its numbers."""
        return _vectors(self.extension(NEW_ALPS) or self.extension(ALPS), 2)

    @cached_property
    def _contents(self) -> dict[int, bytes]:
        return dict(reversed(self.extensions))


def parse_client_hello(data: bytes) -> ClientHello:
    """Reads a ClientHello, with the headers of records and of the handshake or without.

    Raises MalformedHelloError.
    """
    body = Reader(_without_headers(data))
    version, _random, session = body.number(2), body.take(32), body.vector(1)
    suites, methods = _split(body.vector(2), 2), tuple(body.vector(1))
    extensions: list[tuple[int, bytes]] = []
    if body:
        rest = Reader(body.vector(2))
        while rest:
            extensions.append((rest.number(2), rest.vector(2)))
    return ClientHello(version, session, suites, methods, tuple(extensions))


def is_grease(value: int) -> bool:
    """Whether a number of two bytes is one that means nothing (RFC 8701 §2)."""
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


def _without_headers(data: bytes) -> bytes:
    """The body of the ClientHello. A body itself begins with its version, 3."""
    if data[:1] == bytes([HANDSHAKE]):
        data = _records(data)
    if data[:1] != bytes([CLIENT_HELLO]):
        return data
    return Reader(data[1:]).vector(3)


def _records(data: bytes) -> bytes:
    """The contents of handshake records until the message that they begin with is whole (RFC 8446 §5.1)."""
    records, message = Reader(data), b""
    while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4]):
        if records.number(1) != HANDSHAKE:
            raise MalformedHelloError("a record within the ClientHello is not of the handshake")
        records.take(2)
        piece = records.vector(2)
        if not piece:
            raise MalformedHelloError("an empty record within the ClientHello")
        message += piece
    return message


def _numbers(content: bytes | None, length_size: int, size: int = 2) -> tuple[int, ...]:
    try:
        return _split(Reader(content or b"").vector(length_size), size)
    except MalformedHelloError:
        return ()


def _split(data: bytes, size: int) -> tuple[int, ...]:
    if len(data) % size:
        raise MalformedHelloError("half a number")
    return tuple(int.from_bytes(data[at : at + size]) for at in range(0, len(data), size))


def _vectors(content: bytes | None, length_size: int) -> tuple[bytes, ...]:
    found: list[bytes] = []
    try:
        rest = Reader(Reader(content or b"").vector(length_size))
        while rest:
            found.append(rest.vector(1))
    except MalformedHelloError:
        return ()
    return tuple(found)
