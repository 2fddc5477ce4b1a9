"""What is kept of an answer that another attempt followed."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ccproxy.exchange import Attempt, Headers
from ccproxy.transport.carrier import Incoming, TransportError
from ccproxy.transport.delivery import Injected

KEPT_BYTES = 16 * 1024
"""Of its body."""
REST_SECONDS = 1.0
"""For the rest of its body: nobody waits for it, and a provider may be slow with it."""
SHORTEST_SECRET = 8
"""Bytes; what is shorter could be any word of an answer."""


async def remains(incoming: Incoming) -> bytes:
    """The beginning of an answer that goes to nobody. Its connection is kept where the rest is short and comes soon."""
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                if (body := await incoming.read(KEPT_BYTES)) is not None:
                    return body
        return (await anext(incoming, b""))[:KEPT_BYTES] if incoming.ready else b""
    except TransportError:
        return b""
    finally:
        incoming.close()


def tell(attempt: Attempt, headers: Headers, body: bytes, hidden: list[bytes]) -> None:
    """Keeps an answer with its attempt, but for words that are to be hidden."""
    attempt.headers = [(name, without(hidden, value)) for name, value in headers]
    attempt.body = without(hidden, body)[:KEPT_BYTES]


def secrets(credential: Injected | None) -> list[bytes]:
    """What no record repeats: the values of a credential's fields, without the scheme before them (RFC 9110 §11.4)."""
    fields = credential.fields if credential is not None else []
    return [word for _, value in fields for word in value.split()[-1:] if len(word) >= SHORTEST_SECRET]


def without(hidden: list[bytes], text: bytes) -> bytes:
    """A text in which some words are hidden."""
    for word in hidden:
        text = text.replace(word, b"[redacted]")
    return text
