"""A stream of Code Assist on its way to a client of the Gemini API."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import orjson

from ccproxy.codings import CodingError, StreamDecoder
from ccproxy.exchange import Exchange, Failure, Header, Headers, WireFormat
from ccproxy.gateway.errors import error_body
from ccproxy.gateway.hooked.heads import OF_BYTES
from ccproxy.gateway.provider_answer import BODY_LIMIT, coding_of, is_stream, looks_like_stream, provider_record
from ccproxy.lightllm.gemini.unwrapping import END, Unwrapping
from ccproxy.lightllm.sse import EventTooLong
from ccproxy.transport.carrier import TransportError

if TYPE_CHECKING:
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.transport.carrier import Incoming

EVENTS: Header = (b"Content-Type", b"text/event-stream")
JSON: Header = (b"Content-Type", b"application/json; charset=UTF-8")
ENDED = "the provider ended its stream in mid-answer"
TELLING = len(b"event:")
"""Bytes by which events are told from anything else."""


class UnwrappedStream:
    """Implements `carrier.Incoming` for a stream. A chunk may be empty, as one of `reply.Body`: nothing is due yet."""

    def __init__(self, incoming: Incoming, exchange: Exchange, recorder: Recorder, *, array: bool) -> None:
        """Raises CodingError for a coding that is not known."""
        self._decoder = StreamDecoder(coding_of(incoming))
        self._unwrapping, self.array = Unwrapping(array=array), array
        self._incoming, self._exchange, self._recorder = incoming, exchange, recorder
        self._record = exchange.provider_response = provider_record(incoming)
        self.status, self.reason, self.http_version = incoming.status, incoming.reason, incoming.http_version
        named = not array and is_stream(incoming)
        self.headers = kept(incoming, EVENTS) if named else [*without_type(incoming), JSON if array else EVENTS]
        self.reused = incoming.reused
        self.trailers: Headers = []
        self.on_pressure: Callable[[bool], None] | None = None
        self._held = 0
        self._seen = b""
        """What of the provider's text was read beforehand."""
        self._ahead = b""
        """What was read and is yet to be iterated over."""
        self._ended = False
        self._error: TransportError | None = None

    @property
    def ready(self) -> bool:
        """See `Incoming`."""
        return bool(self._ahead or self._seen) or self._ended or self._incoming.ready

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        if self._ended:
            if self._error is not None:
                raise self._error.again()
            raise StopAsyncIteration
        try:
            return self._unwrapping.feed(await self._text())
        except StopAsyncIteration:
            return self._last()
        except EventTooLong as error:
            raise TransportError("protocol", str(error)) from error

    async def begins(self) -> bool:
        """True if the body begins as events do, for one whose type does not tell. Nothing of it is lost."""
        seen = b""
        try:
            while len(seen.lstrip()) < TELLING and len(seen) < 1024:
                seen += await self._text()
        except StopAsyncIteration:
            pass  # and it will be raised again
        self._seen = seen
        return looks_like_stream(seen)

    async def rest(self) -> bytes:
        """The text of a body that is no stream. Raises TransportError where it breaks off, or is too long."""
        text = bytearray()
        try:
            while len(text) <= BODY_LIMIT:
                text += await self._text()
            raise TransportError("protocol", f"the answer is longer than {BODY_LIMIT >> 20} MiB")
        except StopAsyncIteration:
            self._record.complete, self._record.trailers = True, self._incoming.trailers
            return bytes(text)
        finally:
            self._incoming.close()

    async def read(self, limit: int = sys.maxsize) -> bytes | None:
        """See `Incoming`."""
        pieces: list[bytes] = []
        size = 0
        async for piece in self:
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                self._ahead = b"".join(pieces)
                return None
        return b"".join(pieces)

    def write(self, data: bytes) -> None:
        """Nothing was upgraded."""

    def close(self) -> None:
        """See `Incoming`."""
        self._incoming.close()

    def fail(self, status: int, failure: Failure, *, begun: bool) -> bytes:
        """The last bytes of an array that cannot be completed; none if its end is out already.

        `begun` is True if any byte has gone to the client.
        """
        error = orjson.loads(error_body(WireFormat.GEMINI, status, failure.kind, failure.message))
        return (self._unwrapping if begun else Unwrapping(array=True)).fail(error)

    async def _text(self) -> bytes:
        """More of what the provider says, without its coding. Raises StopAsyncIteration, and TransportError."""
        if self._seen:
            seen, self._seen = self._seen, b""
            return seen
        chunk = await self._incoming.__anext__()
        if not self._held:
            self._exchange.timings.first_byte = time.time()
        self._held = self._recorder.keep(self._record, self._held, chunk)
        try:
            return self._decoder.feed(chunk)
        except CodingError as error:
            raise TransportError("protocol", f"the provider's stream is corrupt: {error}") from error

    def _last(self) -> bytes:
        """What is due at the end. What did not say how the answer ended must not look whole: an error comes behind."""
        self._record.complete, self._ended = True, True
        self._record.trailers = self.trailers = self._incoming.trailers
        # an event without its blank line counts
        rest = self._unwrapping.feed(b"\n\n") if self.array else self._unwrapping.end()
        if self._unwrapping.whole:
            return rest + self._unwrapping.end()
        self._error = TransportError("truncated", ENDED)
        return rest if self.array or rest[-1:] in b"\r\n" else rest + END


def without_type(incoming: Incoming) -> Headers:
    """The fields that do not speak of the body's bytes and kind."""
    return [header for header in incoming.headers if header[0].lower() not in {b"content-type", *OF_BYTES}]


def kept(incoming: Incoming, kind: Header) -> Headers:
    """The fields that are still true; of a body that has no type, `kind` is the type."""
    fields = [header for header in incoming.headers if header[0].lower() not in OF_BYTES]
    return fields if any(name.lower() == b"content-type" for name, _ in fields) else [*fields, kind]
