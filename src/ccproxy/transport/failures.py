"""What went wrong on the way to a provider, in words."""

from __future__ import annotations

import os
import socket
import ssl

from ccproxy.exchange import Origin
from ccproxy.transport.carrier import ErrorKind, TransportError
from ccproxy.transport.upstream import Proxy, Upstream

TIMEOUTS: dict[ErrorKind, str] = {
    "first_byte_timeout": "{place} did not begin to answer within {limit:g} s",
    "idle_timeout": "{place} fell silent for {limit:g} s in the middle of its answer",
    "connect_timeout": "no connection to {place} within {limit:g} s",
}

UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21})
"""Verification errors of OpenSSL that mean that nobody known has signed (X509_STORE_CTX_get_error(3ssl))."""


def timeout_error(place: Origin | str, kind: ErrorKind, limit: float) -> TransportError:
    """The error for a time limit that ran out; `kind` is a key of TIMEOUTS, `limit` is in seconds."""
    return TransportError(kind, TIMEOUTS[kind].format(place=place, limit=limit))


def place_of(upstream: Upstream) -> str:
    """An upstream with the way to it."""
    return f"{upstream.origin} by the proxy {upstream.proxy}" if upstream.proxy is not None else str(upstream.origin)


def connect_error(place: Origin | str, host: str, error: Exception) -> TransportError:
    """The error for a connection that could not be made, to a `place` that has a `host`."""
    match error:
        case ssl.SSLCertVerificationError():
            return TransportError("tls", f"the certificate of {place} is not trusted: {verification(error)}")
        case ssl.SSLError():
            return TransportError("tls", f"no TLS with {place}: {error.reason or error}")
        case socket.gaierror():
            return untouched(f"the name {host} does not resolve: {error.strerror}")
        case OSError():
            why = os.strerror(error.errno) if error.errno else str(error) or "it was closed"
            return untouched(f"no connection to {place}: {why}")
        case _:
            return untouched(f"no connection to {place}: {error!r}")


def verification(error: ssl.SSLCertVerificationError) -> str:
    """Why a certificate was refused, and what to do about it where something can be done."""
    hint = "; a ca_file can name more certificates to trust" if error.verify_code in UNKNOWN_ISSUER else ""
    return f"{error.verify_message}{hint}"


def untouched(message: str) -> TransportError:
    """The error for a connection that never was."""
    return TransportError("connect", message, untouched=True)


def proxy_refusal(proxy: Proxy, origin: Origin, status: int, reason: str = "") -> TransportError:
    """The error for a proxy that answers itself in place of the origin. Another connection would not help."""
    if status == 407:
        known = "other credentials" if proxy.username else "a user name and a password"
        return TransportError("connect", f"the proxy {proxy} asks for {known} (407)")
    said = f"{status} {reason}".strip()
    return TransportError("connect", f"the proxy {proxy} does not connect to {origin}: {said}")
