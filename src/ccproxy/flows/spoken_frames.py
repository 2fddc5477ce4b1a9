"""The messages of a WebSocket, whichever way it was recorded."""

from __future__ import annotations

from collections.abc import Iterator

from ccproxy.exchange import Exchange, Message, get_header
from ccproxy.flows import frames
from ccproxy.flows.summary import answered


def spoken(ex: Exchange) -> Iterator[Message]:
    """All messages that can be read, closings left out.

    Relayed frames are kept without times: all bear the time of the handshake, the client's come first.
    """
    record = ex.websocket
    if record is None:
        return
    yield from list(record.messages)
    response = answered(ex)
    extensions = get_header(response.headers, b"sec-websocket-extensions") if response else None
    time = ex.timings.headers or ex.timings.started
    for raw, from_client in ((record.from_client, True), (record.from_server, False)):
        for message in frames.messages(raw, from_client=from_client, extensions=extensions):
            if message.close_code is None:
                yield Message(from_client, message.content, time, message.is_text)
