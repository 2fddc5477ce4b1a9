"""A record read back: what a client is to look like. Tolerant of members that are missing, not of those that are wrong.

Records may be written by hand or come from elsewhere, so each member is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ccproxy.fingerprint.client_hello import ENCRYPT_THEN_MAC
from ccproxy.fingerprint.record import SCHEMA_VERSION

MOST = 512
"""Members of a list."""


class BadRecordError(ValueError):
    """This is no record of a TLS client; the message says which member is wrong."""


@dataclass(frozen=True, slots=True)
class Http2:
    """How a client begins to speak HTTP/2 (RFC 9113)."""

    settings: tuple[tuple[int, int], ...] = ()
    window_update: int | None = None
    """By how much the connection's window grows at once."""
    pseudo_headers: str = ""
    """The order of the pseudo-header fields by their first letters: `masp`."""
    weight: int | None = None
    exclusive: bool | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is needed of a record to look like its client. All lists in their order, without GREASE."""

    ja4: str
    cipher_suites: tuple[int, ...]
    extensions: tuple[int, ...]
    supported_groups: tuple[int, ...]
    supported_versions: tuple[int, ...]
    signature_algorithms: tuple[int, ...]
    alpn: tuple[str, ...]
    key_shares: tuple[int, ...]
    compress_certificate: tuple[int, ...]
    delegated_credential: tuple[int, ...]
    record_size_limit: int | None
    grease: bool
    quic: bool
    sni: str | None
    http2: Http2 | None

    @classmethod
    def read(cls, record: object) -> Self:
        """Reads a record. Raises BadRecordError."""
        if not isinstance(record, Mapping):
            raise BadRecordError("it is no JSON object")
        if record.get("schema_version") != SCHEMA_VERSION:
            raise BadRecordError(f"schema_version is not {SCHEMA_VERSION}")
        suites, extensions = _codes(record, "cipher_suites"), _codes(record, "extensions")
        if not suites or "ja4" not in record:
            raise BadRecordError("cipher_suites or ja4 is missing")
        return cls(
            ja4=_text(record, "ja4") or "",
            cipher_suites=suites,
            extensions=extensions,
            supported_groups=_codes(record, "supported_groups"),
            supported_versions=_codes(record, "supported_versions"),
            signature_algorithms=_codes(record, "signature_algorithms"),
            alpn=tuple(_strings(record, "alpn_protocols")),
            key_shares=_codes(record, "key_share_groups"),
            compress_certificate=_codes(record, "compress_certificate"),
            delegated_credential=_codes(record, "delegated_credential"),
            record_size_limit=_number(record, "record_size_limit"),
            grease=record.get("grease") is True,
            quic=record.get("carrier") == "quic",
            sni=_text(record, "sni"),
            http2=_http2(record),
        )

    @property
    def of_openssl(self) -> bool:
        """Whether OpenSSL is likely to have made it: BoringSSL, NSS, rustls and Go never offer encrypt_then_mac."""
        return ENCRYPT_THEN_MAC in self.extensions


def _http2(record: Mapping[str, Any]) -> Http2 | None:
    told = record.get("http2")
    if told is None:
        return None
    if not isinstance(told, Mapping):
        raise BadRecordError("http2 is no object")
    order = _text(told, "pseudo_header_order") or ""
    if order and sorted(order) != sorted("masp"):
        raise BadRecordError("http2.pseudo_header_order is not made of the letters m, a, s, p")
    said = told.get("priority")
    priority: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    return Http2(
        settings=tuple(_settings(told.get("settings") or [])),
        window_update=_number(told, "window_update"),
        pseudo_headers=order,
        weight=_number(priority, "weight"),
        exclusive=priority.get("exclusive") if isinstance(priority.get("exclusive"), bool) else None,
    )


def _settings(told: object) -> list[tuple[int, int]]:
    if not isinstance(told, list) or len(told) > MOST:
        raise BadRecordError("http2.settings is no list")
    for pair in told:
        if not isinstance(pair, list) or len(pair) != 2 or not all(type(number) is int for number in pair):
            raise BadRecordError("http2.settings has a member that is no pair of numbers")
    return [(pair[0], pair[1]) for pair in told]


def _strings(record: Mapping[str, Any], name: str) -> list[str]:
    told = record.get(name) or []
    if not isinstance(told, list) or len(told) > MOST or not all(isinstance(member, str) for member in told):
        raise BadRecordError(f"{name} is no list of strings")
    return told


def _codes(record: Mapping[str, Any], name: str) -> tuple[int, ...]:
    try:
        codes = tuple(int(code, 16) for code in _strings(record, name))
    except ValueError:
        raise BadRecordError(f"{name} has a member that is no hexadecimal number") from None
    if any(not 0 <= code <= 0xFFFF for code in codes):
        raise BadRecordError(f"{name} has a number of more than four digits")
    return codes


def _number(record: Mapping[str, Any], name: str) -> int | None:
    told = record.get(name)
    if told is not None and (type(told) is not int or not 0 <= told < 1 << 32):
        raise BadRecordError(f"{name} is no number")
    return told


def _text(record: Mapping[str, Any], name: str) -> str | None:
    told = record.get(name)
    if told is not None and not isinstance(told, str):
        raise BadRecordError(f"{name} is no string")
    return told
