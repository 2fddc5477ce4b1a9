"""Whether a client that is gone had all of its answer: many leave at the last byte or event that they need."""

from __future__ import annotations

from ccproxy.exchange import Exchange, HttpResponse, WireFormat, get_header
from ccproxy.gateway.endings import BEGINNINGS, stopped_short


def had_it_all(exchange: Exchange) -> bool:
    """By the length that was promised, or by the last event of an answer."""
    response = exchange.response
    if response is None or exchange.websocket is not None:
        return False
    length = get_header(response.headers, b"content-length")
    if length is not None:
        return length == b"%d" % response.size
    kind = get_header(response.headers, b"content-type") or b""
    return kind.startswith(b"text/event-stream") and has_ended(exchange.format, response)


def has_ended(format: WireFormat | None, response: HttpResponse) -> bool:
    """Whether an answer is one of its format, from its beginning to its end."""
    if format is None or response.dropped or response.status != 200:
        return False
    return BEGINNINGS[format] in response.body and not stopped_short(format, response)
