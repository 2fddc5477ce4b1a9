"""JA4, the newer name of a TLS client, which does not depend on the order of its lists.

As published by FoxIO: https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Literal

from ccproxy.fingerprint.client_hello import ALPN, SERVER_NAME, ClientHello, is_grease

type Carrier = Literal["t", "q", "d"]
"""What the handshake came over: TCP, QUIC, or datagrams (DTLS)."""

VERSIONS = {
    0x0304: "13",
    0x0303: "12",
    0x0302: "11",
    0x0301: "10",
    0x0300: "s3",
    0x0002: "s2",
    0xFEFF: "d1",
    0xFEFD: "d2",
    0xFEFC: "d3",
}
MOST = 99
NOTHING = "000000000000"
"""In place of the hash of an empty list."""


def ja4(hello: ClientHello, carrier: Carrier = "t") -> str:
    """The name: what it is, and twelve digits each for its cipher suites and its extensions."""
    return hashed(ja4_r(hello, carrier))


def ja4_r(hello: ClientHello, carrier: Carrier = "t") -> str:
    """The same with the lists instead of their hashes."""
    suites = _plain(hello.cipher_suites)
    kinds = _plain(hello.extension_types)
    extensions = sorted(kind for kind in kinds if kind not in (SERVER_NAME, ALPN))
    signatures = _plain(hello.signature_algorithms)
    end = f"{_listed(extensions)}_{_listed(signatures)}" if signatures else _listed(extensions)
    return f"{_beginning(hello, carrier, len(suites), len(kinds))}_{_listed(sorted(suites))}_{end}"


def hashed(raw: str) -> str:
    """The JA4 that belongs to a JA4_r."""
    beginning, suites, end = [*raw.split("_", 2), "", ""][:3]
    return f"{beginning}_{_hash(suites)}_{_hash(end)}"


def first_and_last(protocol: bytes) -> str:
    """What stands for an ALPN protocol: its ends, those of its hex digits where one is no letter or digit."""
    if not protocol:
        return "00"
    ends = bytes([protocol[0], protocol[-1]])
    return ends.decode("ascii") if ends.isalnum() else f"{protocol.hex()[0]}{protocol.hex()[-1]}"


def _beginning(hello: ClientHello, carrier: Carrier, suites: int, extensions: int) -> str:
    version = max(_plain(hello.supported_versions), default=hello.legacy_version)
    domain = "d" if hello.extension(SERVER_NAME) is not None else "i"
    alpn = first_and_last(hello.alpn[0] if hello.alpn else b"")
    counts = f"{min(suites, MOST):02}{min(extensions, MOST):02}"
    return f"{carrier}{VERSIONS.get(version, '00')}{domain}{counts}{alpn}"


def _plain(numbers: Iterable[int]) -> list[int]:
    return [number for number in numbers if not is_grease(number)]


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(f"{number:04x}" for number in numbers)


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12] if text else NOTHING
