"""A vendor's opaque model state in the hands of a client of another format.

The client gets it as its own kind of signature, marked with whose it is, and sends it back with the next turn: Gemini
wants the `thoughtSignature` of a function call back, Anthropic the `signature` of thinking before a tool call.
"""

from __future__ import annotations

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import Opaque

MARK = "ccproxy."
"""No vendor's own signature begins so: they are base64, which has no full stop."""


def sealed(opaque: Opaque, native: WireFormat) -> str:
    """What stands in a signature field of the `native` format."""
    return opaque.data if opaque.origin is native else f"{MARK}{opaque.origin}.{opaque.data}"


def unsealed(value: str, native: WireFormat) -> Opaque:
    """What a signature field of the `native` format holds."""
    if value.startswith(MARK):
        origin, dot, data = value.removeprefix(MARK).partition(".")
        if dot and origin in WireFormat:
            return Opaque(WireFormat(origin), data)
    return Opaque(native, value)
