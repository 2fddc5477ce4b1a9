"""A vendor's opaque model state in the hands of a client of another format.

The client gets it as its own kind of signature, marked with whose it is, and sends it back with the next turn: Gemini
wants the `thoughtSignature` of a function call back, Anthropic the `signature` of thinking before a tool call.
"""

from __future__ import annotations

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.data_uri import from_base64, to_base64
from ccproxy.lightllm.events import Opaque

MARK = "ccproxy."
"""No vendor's own signature begins so: they are base64, which has no full stop."""

REDACTED = "redacted."
"""Stands before state that is a block of its own, not the signature of another."""

MARK_IN_BASE64 = "Y2Nwcm94eS"
"""What `MARK` begins with in base64. Gemini's signatures are of the type bytes: SDKs decode them, a full stop fails."""


def sealed(opaque: Opaque, native: WireFormat) -> str:
    """What stands in a signature field of the `native` format."""
    if opaque.origin is native:
        return opaque.data
    marked = f"{MARK}{opaque.origin}.{REDACTED if opaque.redacted else ''}{opaque.data}"
    return to_base64(marked.encode()) if native is WireFormat.GEMINI else marked


def unsealed(value: str, native: WireFormat) -> Opaque:
    """What a signature field of the `native` format holds."""
    marked = _from_bytes(value) if value.startswith(MARK_IN_BASE64) else value
    if marked.startswith(MARK):
        origin, dot, data = marked.removeprefix(MARK).partition(".")
        if dot and origin in WireFormat:
            return Opaque(WireFormat(origin), data.removeprefix(REDACTED), data.startswith(REDACTED))
    return Opaque(native, value)


def _from_bytes(value: str) -> str:
    try:
        return from_base64(value).decode()
    except ValueError:
        return value
