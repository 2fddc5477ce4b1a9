"""What a provider's answer tells of itself: its kind, its coding, and its words where it is of no format."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import Exchange, HttpResponse, get_header, reason_phrase
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.translate import parsed
from ccproxy.transport.carrier import TransportError

if TYPE_CHECKING:
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.transport.carrier import Incoming

BODY_LIMIT = 256 * 1024 * 1024
"""Bytes that an answer may have which has to be read as a whole."""


def provider_record(incoming: Incoming) -> HttpResponse:
    """The record of a provider's answer, its body yet to come."""
    return HttpResponse(incoming.status, incoming.headers, incoming.reason, http_version=incoming.http_version)


async def read_whole(incoming: Incoming, exchange: Exchange, recorder: Recorder) -> bytes:
    """The body of an answer without its content coding, noted as what the provider answered.

    Raises TransportError where it breaks off, is too long, or cannot be decoded.
    """
    record = exchange.provider_response = provider_record(incoming)
    try:
        body = await incoming.read(BODY_LIMIT)
        if body is None:
            raise TransportError("protocol", f"the answer is longer than {BODY_LIMIT >> 20} MiB")
        recorder.keep(record, 0, body)
        record.complete, record.trailers = True, incoming.trailers
        exchange.timings.first_byte = time.time()
        return decode(body, coding_of(incoming), BODY_LIMIT)
    except CodingError as error:
        raise TransportError("protocol", f"the provider's answer cannot be decoded: {error}") from error
    finally:
        incoming.close()


def kind_of(incoming: Incoming) -> bytes:
    """The media type, without its parameters; empty if the answer does not tell."""
    return (get_header(incoming.headers, b"content-type") or b"").partition(b";")[0].strip().lower()


def is_stream(incoming: Incoming) -> bool:
    """True for server-sent events."""
    return (get_header(incoming.headers, b"content-type") or b"").lower().startswith(b"text/event-stream")


def is_page(incoming: Incoming) -> bool:
    """True for HTML: a login, a challenge, a proxy's excuse."""
    return kind_of(incoming) == b"text/html"


PLAIN = frozenset({b"", b"text/plain", b"application/octet-stream"})
"""Types under which some servers send events."""


def may_stream(incoming: Incoming) -> bool:
    """True for server-sent events, and for what some servers call them."""
    return is_stream(incoming) or kind_of(incoming) in PLAIN


def looks_like_stream(body: bytes) -> bool:
    """True for the text of server-sent events, whatever its type was said to be."""
    return body[:1024].lstrip().startswith((b"data:", b"event:", b":"))


def coding_of(incoming: Incoming) -> str | None:
    """The value of Content-Encoding."""
    value = get_header(incoming.headers, b"content-encoding")
    return value.decode("latin-1") if value is not None else None


def parsed_or_none(body: bytes) -> Any:
    """A body as JSON; None if it is something else."""
    try:
        return parsed(body)
    except Malformed:
        return None


def said(incoming: Incoming, body: bytes) -> str:
    """What an answer that is no JSON says: its text if it is short and plain, else what kind of thing it is."""
    if text := plain(body):
        return text
    kind = (get_header(incoming.headers, b"content-type") or b"").decode("latin-1").partition(";")[0] or "no type"
    reason = incoming.reason.decode("latin-1") or reason_phrase(incoming.status).decode("ascii")
    return f"the provider answered {incoming.status} {reason} with {len(body)} bytes of {kind}"


def plain(body: bytes) -> str:
    """The text of an answer that is no JSON, if it is short; else nothing."""
    text = body.decode("utf-8", "replace").strip()
    return text if len(text) <= 500 and not text.startswith("<") else ""
