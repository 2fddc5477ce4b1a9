"""Bodies and messages, noted within bounds as they pass. What a tee returns to mitmproxy is what it was given.

mitmproxy asks with b"" at a body's end, and HTTP/2 may have empty frames in the middle: an empty answer to either would
end a chunked body, so there is none.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse, Message, RawRecord, WebSocketRecord
from ccproxy.flows.store import MESSAGE_BYTES

if TYPE_CHECKING:
    from ccproxy.gateway.recorder import Recorder


class RequestTee:
    """Notes a request's body."""

    def __init__(self, request: HttpRequest, limit: int) -> None:
        self._request, self._room = request, limit
        self._chunks: list[bytes] = []

    def __call__(self, data: bytes) -> list[bytes]:
        if not data:
            return []
        kept = data[: self._room]
        if kept:
            self._chunks.append(kept)
        self._room -= len(kept)
        self._request.dropped += len(data) - len(kept)
        return [data]

    def settle(self) -> None:
        """The record has what came so far; of what comes later only the size is noted."""
        if self._chunks:
            self._request.body = b"".join(self._chunks)
            self._chunks = []
        self._room = 0


class ResponseTee:
    """Notes a response's body."""

    def __init__(self, exchange: Exchange, response: HttpResponse, recorder: Recorder) -> None:
        self._exchange, self._response, self._recorder = exchange, response, recorder
        self._kept = 0

    def __call__(self, data: bytes) -> list[bytes]:
        if not data:
            return []
        if self._exchange.timings.first_byte is None:
            self._exchange.timings.first_byte = time.time()
        self._kept = self._recorder.keep(self._response, self._kept, data)
        return [data]


class Messages:
    """Notes messages. Nothing is kept after a gap: who reads a conversation must know where it breaks off."""

    def __init__(self, record: RawRecord | WebSocketRecord, limit: int) -> None:
        self._record, self._room = record, limit

    def note(self, message: Message) -> None:
        """One more."""
        cost = len(message.content) + MESSAGE_BYTES
        if cost > self._room:
            self._record.dropped += len(message.content)
            self._room = 0
            return
        self._room -= cost
        self._record.messages.append(message)
