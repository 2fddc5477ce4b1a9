"""What a response may say, beyond what llhttp sees to: status line, framing, trailers (RFC 9112, RFC 9110)."""

from __future__ import annotations

import re

from ccproxy.exchange import Headers, get_header

NO_BODY = frozenset({204, 304})
VERSIONS = frozenset({"1.0", "1.1"})
NOT_IN_REASON = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

CODINGS: dict[bytes | None, bool] = {None: False, b"chunked": True, b"identity": False}
"""The transfer codings that are read, with whether the body then tells its end. No other is asked for (RFC 9110
§10.1.4), and a body in another would reach the client as what it is not."""

NOT_IN_TRAILERS = frozenset(
    {
        b"authorization", b"cache-control", b"connection", b"content-encoding", b"content-length", b"content-range",
        b"content-type", b"host", b"keep-alive", b"location", b"proxy-authenticate", b"proxy-authorization",
        b"set-cookie", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"www-authenticate",
    }
)  # fmt: skip
"""Framing, routing, authentication and what the content is (RFC 9110 §6.5.1): said too late behind the body."""


def status_line_fault(status: int, version: str, reason: bytes) -> str | None:
    """What is wrong with a status line that llhttp let pass (RFC 9112 §4)."""
    if not 100 <= status <= 999:
        return f"its status is {status:03}"
    if version not in VERSIONS:
        return f"its version is {version}"
    return "control characters in its status line" if NOT_IN_REASON.search(reason) else None


def transfer_coding(headers: Headers) -> bytes | None:
    """The transfer codings of a message, in lower case; None if there are none."""
    values = [value for name, value in headers if len(name) == 17 and name.lower() == b"transfer-encoding"]
    return b",".join(values).strip().lower() if values else None


def runs_until_close(status: int, headers: Headers, coding: bytes | None) -> bool:
    """True for a body that ends where the connection does (RFC 9112 §6.3)."""
    if CODINGS[coding] or status in NO_BODY:
        return False
    return coding is not None or get_header(headers, b"content-length") is None
