"""The record of a TLS client, as JSON: what a ClientHello said, what it is called, and what is known of its HTTP/2.

Numbers are hexadecimal strings of four digits, without GREASE; `raw` has the lists as they were sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ccproxy.fingerprint.client_hello import ALPS, ECH, NEW_ALPS, ClientHello, is_grease
from ccproxy.fingerprint.ja3 import ja3, ja3_full
from ccproxy.fingerprint.ja4 import Carrier, hashed, ja4_r
from ccproxy.fingerprint.names import signature_name

SCHEMA_VERSION = 1
HTTP_VERSIONS = {b"h2": "v2", b"h3": "v3"}
"""By the first protocol of ALPN; for any other `v1_1`."""

type Record = dict[str, Any]


def describe(hello: ClientHello, source: str, captured_at: float, carrier: Carrier = "t") -> Record:
    """The record of a ClientHello. `captured_at` is in seconds since the epoch, `source` says who took it."""
    full, raw = ja3_full(hello), ja4_r(hello, carrier)
    return {
        "schema_version": SCHEMA_VERSION,
        "source": source,
        "captured_at": datetime.fromtimestamp(captured_at, UTC).isoformat(timespec="milliseconds"),
        "carrier": {"t": "tcp", "q": "quic", "d": "dtls"}[carrier],
        "sni": hello.sni,
        "alpn_protocols": [protocol_text(protocol) for protocol in hello.alpn],
        "legacy_version": f"{hello.legacy_version:04x}",
        "supported_versions": digits(hello.supported_versions),
        "cipher_suites": digits(hello.cipher_suites),
        "extensions": digits(hello.extension_types),
        "supported_groups": digits(hello.supported_groups),
        "ec_point_formats": digits(hello.point_formats),
        "signature_algorithms": digits(hello.signature_algorithms),
        "signature_algorithm_names": [signature_name(int(code, 16)) for code in digits(hello.signature_algorithms)],
        "ja3": ja3(full),
        "ja3_full": full,
        "ja4": hashed(raw),
        "ja4_r": raw,
        "http_version": HTTP_VERSIONS.get(hello.alpn[0] if hello.alpn else b"", "v1_1"),
        "grease": any(map(is_grease, hello.cipher_suites + hello.extension_types)),
        "key_share_groups": digits(hello.key_shares),
        "compress_certificate": digits(hello.compress_certificate),
        "application_settings": [protocol_text(protocol) for protocol in hello.alps],
        "application_settings_extension": _alps_extension(hello),
        "encrypted_client_hello": hello.extension(ECH) is not None,
        "record_size_limit": hello.record_size_limit,
        "delegated_credential": digits(hello.delegated_credential),
        "psk_modes": digits(hello.psk_modes),
        "raw": _raw(hello),
    }


def digits(numbers: Iterable[int]) -> list[str]:
    """Hexadecimal, four digits each, without GREASE."""
    return [f"{number:04x}" for number in numbers if not is_grease(number)]


def protocol_text(protocol: bytes) -> str:
    """An ALPN protocol; bytes that are not ASCII as `\\xab`."""
    return protocol.decode("ascii", "backslashreplace")


def dump(record: Mapping[str, Any]) -> str:
    """A record as the text of a file: keys sorted."""
    return json.dumps(dict(record), indent=2, sort_keys=True) + "\n"


def _alps_extension(hello: ClientHello) -> str | None:
    kinds = (kind for kind in (NEW_ALPS, ALPS) if hello.extension(kind) is not None)
    return next((f"{kind:04x}" for kind in kinds), None)


def _raw(hello: ClientHello) -> dict[str, list[str]]:
    """The lists in their order, GREASE in its places."""
    lists = {
        "cipher_suites": hello.cipher_suites,
        "extensions": hello.extension_types,
        "supported_groups": hello.supported_groups,
        "supported_versions": hello.supported_versions,
        "key_share_groups": hello.key_shares,
        "signature_algorithms": hello.signature_algorithms,
    }
    return {name: [f"{number:04x}" for number in numbers] for name, numbers in lists.items()}
