"""What went wrong on the way to a provider, in words."""

from __future__ import annotations

import os
import socket
import ssl

from ccproxy.exchange import Origin
from ccproxy.transport.carrier import ErrorKind, TransportError

TIMEOUTS: dict[ErrorKind, str] = {
    "first_byte_timeout": "{origin} did not begin to answer within {limit:g} s",
    "idle_timeout": "{origin} fell silent for {limit:g} s in the middle of its answer",
    "connect_timeout": "no connection to {origin} within {limit:g} s",
}


def timeout_error(origin: Origin, kind: ErrorKind, limit: float) -> TransportError:
    """The error for a time limit that ran out; `kind` is a key of TIMEOUTS, `limit` is in seconds."""
    return TransportError(kind, TIMEOUTS[kind].format(origin=origin, limit=limit))


def connect_error(origin: Origin, error: Exception, limit: float) -> TransportError:
    """The error for a connection that could not be made within `limit` seconds."""
    match error:
        case ssl.SSLCertVerificationError():
            return TransportError("tls", f"the certificate of {origin} is not trusted: {error.verify_message}")
        case ssl.SSLError():
            return TransportError("tls", f"no TLS with {origin}: {error.reason or error}")
        case TimeoutError():
            return timeout_error(origin, "connect_timeout", limit)
        case socket.gaierror():
            return untouched(f"the name {origin.host} does not resolve: {error.strerror}")
        case OSError():
            why = os.strerror(error.errno) if error.errno else str(error)
            return untouched(f"no connection to {origin}: {why}")
        case _:
            return untouched(f"no connection to {origin}: {error!r}")


def untouched(message: str) -> TransportError:
    """The error for a connection that never was."""
    return TransportError("connect", message, untouched=True)
