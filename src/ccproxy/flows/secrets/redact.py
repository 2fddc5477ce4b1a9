"""Taking credentials out of what is shown or written: header fields and query parameters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from ccproxy.exchange import Header

REDACTED = "[redacted]"

_SECRET_HEADER = re.compile(
    r"(?:.*-)?(?:authorization|auth|api-?key|token|secret|password|credentials?|cookie|set-cookie2?)", re.IGNORECASE
)
"""Names that carry credentials: those that the providers document (`authorization`, `x-api-key`, `x-goog-api-key`,
`api-key`, `cookie`, …) and what people call their own (`x-my-token`)."""

QUERY_NAMES = (
    "key", "api[-_]?key", "access[-_]?key", "token",
    "(?:access|id|refresh|auth|session|oauth|subject|actor|device|security)_token",
    "jwt", "auth", "authorization", "password", "secret", "client_secret", "client_assertion", "assertion",
    "code", "code_verifier", "device_code", "sig", "signature",
    "x-(?:amz|goog)-(?:signature|credential|security-token)",
)  # fmt: skip
"""Parameters that carry credentials: Gemini's `key`, those of OAuth (RFC 6749, 7523, 7636, 8628, 8693), and the
signatures of links to clouds' storages (AWS Signature Version 4, Google V4, Azure SAS)."""

SPELLED_OTHERWISE = r"[^=&#\s]*%(?:4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a]|2d)[^=&#\s]*"
"""A name with a letter, `-` or `_` percent-encoded, which has no need of that (RFC 3986 §2.3) but to be another."""
SECRET_QUERY = re.compile(rf"(?<=[?&])((?:{'|'.join(QUERY_NAMES)}|{SPELLED_OTHERWISE})=)([^&#\s]*)", re.IGNORECASE)
"""A parameter that carries a credential: its name with the sign behind it, and its value."""


def is_secret_field(name: str) -> bool:
    """Whether header fields of this name carry credentials."""
    return _SECRET_HEADER.fullmatch(name) is not None


def credentials_in(name: str, value: str) -> list[str]:
    """The credentials that a field of one holds, without what stands before them: a scheme, the names of cookies."""
    if name.lower() == "cookie":
        return [pair.partition("=")[2].strip() for pair in value.split(";")]
    return [value.rpartition(" ")[2]]


def redact_headers(headers: Iterable[Header], also: Collection[str] = ()) -> list[list[str]]:
    """Header fields as text (latin-1), `[redacted]` in place of each credential.

    `also` holds lower-case names that carry credentials besides those that are known to.
    """
    fields = [(name.decode("latin-1"), value) for name, value in headers]
    return [[name, REDACTED if name.lower() in also else redact_value(name, value)] for name, value in fields]


def redact_value(name: str, value: bytes) -> str:
    """One field's value as text, or `[redacted]` if a field of this name carries credentials."""
    return REDACTED if is_secret_field(name) else value.decode("latin-1")


def redact_target(target: bytes) -> str:
    """A request-target as text with `[redacted]` in place of credentials in its query, such as Gemini's `key`."""
    return SECRET_QUERY.sub(rf"\1{REDACTED}", target.decode("latin-1"))
