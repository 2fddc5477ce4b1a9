"""Gemini by way of Code Assist (`cloudcode-pa.googleapis.com`), to which gemini-cli talks with a Google login.

It has each call of the Gemini API in an envelope of its own (`lightllm.gemini.envelope`), and its streams are events
only where `alt=sse` is asked for.
"""

from __future__ import annotations

import uuid

from ccproxy.exchange import Exchange
from ccproxy.providers.provider import Provider

STREAM = b":streamGenerateContent"
AS_EVENTS = b"sse"
ALT = frozenset({b"alt", b"$alt"})
"""How the form of an answer is asked for (cloud.google.com/apis/docs/system-parameters)."""


def is_code_assist(provider: Provider | None) -> bool:
    """True for a provider of type `gemini` whose path ends with `/v1internal:{action}`."""
    return provider is not None and provider.is_code_assist


def session_id(exchange: Exchange, model: str, project: str | None) -> str:
    """The same for all turns of a conversation with one model and project: the implicit cache goes by it."""
    turn_of = exchange.session or exchange.conversation or f"flow:{exchange.id}"
    name = f"ccproxy:{model}:{project or 'default'}:{turn_of}"
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name.encode("utf-8", "surrogatepass")))


def with_events(target: bytes) -> bytes:
    """The request-target with `alt=sse` if it is that of a stream, and without if it is not."""
    path, _, query = target.partition(b"?")
    items = [item for item in query.split(b"&") if item]
    if path.endswith(STREAM):
        items = [item for item in items if form_in(item) is None] + [b"alt=" + AS_EVENTS]
    else:
        items = [item for item in items if form_in(item) != AS_EVENTS]
    return b"?".join(filter(None, (path, b"&".join(items))))


def form_in(item: bytes) -> bytes | None:
    """The form of an answer that an item of a query asks for; None for items about other things."""
    name, _, value = item.partition(b"=")
    return value.lower() if name.replace(b"%24", b"$") in ALT else None
