"""Faults of connecting: names, TCP, TLS, certificates."""

from __future__ import annotations

from tests.faults.acts import close, fixed, hang, ragged, reset, says, to_anything, unheard
from tests.faults.fault import NATIVE, WHOLE, Fault, Limits

SHORT = Limits(connect_seconds=0.25)
IMPATIENT = Limits(first_byte_seconds=0.25)
NO_TLS = ("tls", "connect", "reset")
"""A server that breaks TLS off has said no to it, or is no server: it can be seen either way."""
GARBAGE = bytes(range(256)) * 4
PROTOCOL_VERSION, HANDSHAKE_FAILURE = b"\x15\3\1\0\2\2\x46", b"\x15\3\1\0\2\2\x28"
"""Alerts (RFC 8446 §6): what a server answers that knows older versions or other ciphers only."""
OK = says(lambda answer: [answer.sized])

CONNECTIONS = [
    Fault("nobody listens", None, ("connect",), place="{scheme}://127.0.0.1:{refusing}"),
    Fault("the name does not resolve", None, ("connect",), place="{scheme}://no-such-name.invalid"),
    Fault("connecting never ends", None, ("connect_timeout",), limits=SHORT, place="{scheme}://127.0.0.1:{hanging}"),
    Fault("accepts, says nothing", unheard(hang), ("first_byte_timeout",), limits=IMPATIENT, ways=(NATIVE,)),
    Fault("accepts, closes", unheard(close), ("reset",), ways=(NATIVE,)),
    Fault("accepts, resets", unheard(reset), ("reset",), ways=(NATIVE,)),
    Fault("TLS: no answer to the hello", unheard(hang), ("connect_timeout",), tls="raw", limits=SHORT),
    Fault("TLS: closes in the handshake", unheard(close), NO_TLS, tls="raw"),
    Fault("TLS: resets in the handshake", unheard(reset), NO_TLS, tls="raw"),
    Fault("TLS: garbage", unheard(hang, GARBAGE), ("tls",), tls="raw"),
    Fault("TLS: plain HTTP on the port", to_anything(b"HTTP/1.1 400 Bad\r\n\r\n", end=hang), ("tls",), tls="raw"),
    Fault("TLS: 1.0 only", to_anything(PROTOCOL_VERSION), ("tls",), tls="raw"),
    Fault("TLS: no common cipher", to_anything(HANDSHAKE_FAILURE), ("tls",), tls="raw"),
    Fault("TLS: certificate expired", OK, ("tls",), tls="expired"),
    Fault("TLS: certificate not yet valid", OK, ("tls",), tls="early"),
    Fault("TLS: another host's certificate", OK, ("tls",), tls="wrong host"),
    Fault("TLS: self-signed certificate", OK, ("tls",), tls="self-signed"),
    Fault("TLS: unknown authority", OK, ("tls",), tls="unknown"),
    Fault("TLS: says nothing after the handshake", fixed(end=hang), ("first_byte_timeout",), False, "good", IMPATIENT),
    Fault("TLS: resets in the body", says(lambda a: [a.chunked], reset), ("reset", "truncated"), True, "good"),
    Fault("TLS: ends until close", says(lambda a: [a.head(), a.body]), (WHOLE,), tls="good"),
    Fault(
        "TLS: ends until close, without goodbye",
        says(lambda a: [a.head(), a.body], ragged),
        ("reset", "truncated"),
        begun=True,
        tls="good",
    ),
]
