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
from ccproxy.gateway.provider_answer import coding_of, provider_record
from ccproxy.lightllm.gemini.unwrapping import Unwrapping
from ccproxy.lightllm.sse import EventTooLong
from ccproxy.transport.carrier import TransportError

if TYPE_CHECKING:
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.transport.carrier import Incoming

EVENTS: Header = (b"Content-Type", b"text/event-stream")
JSON: Header = (b"Content-Type", b"application/json; charset=UTF-8")
ENDED = "the provider ended its stream in mid-answer"


class UnwrappedStream:
    """Implements `carrier.Incoming` for a stream. A chunk may be empty, as one of `reply.Body`: nothing is due yet."""

    def __init__(self, incoming: Incoming, exchange: Exchange, recorder: Recorder, *, array: bool) -> None:
        """Raises CodingError for a coding that is not known."""
        self._decoder = StreamDecoder(coding_of(incoming))
        self._unwrapping, self.array = Unwrapping(array=array), array
        self._incoming, self._exchange, self._recorder = incoming, exchange, recorder
        self._record = exchange.provider_response = provider_record(incoming)
        self.status, self.reason, self.http_version = incoming.status, incoming.reason, incoming.http_version
        self.headers = [*without_type(incoming), JSON] if array else kept(incoming, EVENTS)
        self.reused = incoming.reused
        self.trailers: Headers = []
        self.on_pressure: Callable[[bool], None] | None = None
        self._held = 0
        self._ahead = b""
        """What was read and is yet to be iterated over."""
        self._ended = False
        self._error: TransportError | None = None

    @property
    def ready(self) -> bool:
        """See `Incoming`."""
        return bool(self._ahead) or self._ended or self._incoming.ready

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
            return self._passed(await self._incoming.__anext__())
        except StopAsyncIteration:
            return self._last()
        except CodingError as error:
            raise TransportError("protocol", f"the provider's stream is corrupt: {error}") from error
        except EventTooLong as error:
            raise TransportError("protocol", str(error)) from error

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

    def _passed(self, chunk: bytes) -> bytes:
        if not self._held:
            self._exchange.timings.first_byte = time.time()
        self._held = self._recorder.keep(self._record, self._held, chunk)
        return self._unwrapping.feed(self._decoder.feed(chunk))

    def _last(self) -> bytes:
        """What is due at the end. An array must not look whole that is not; of events, `Relay` sees that, but for a
        stream without any."""
        self._record.complete, self._ended = True, True
        self._record.trailers = self.trailers = self._incoming.trailers
        if not self.array:
            if not self._held:
                raise TransportError("truncated", ENDED)
            return self._unwrapping.end()
        rest = self._unwrapping.feed(b"\n\n")  # an event without its blank line counts
        if self._unwrapping.whole:
            return rest + self._unwrapping.end()
        self._error = TransportError("truncated", ENDED)
        return rest


def without_type(incoming: Incoming) -> Headers:
    """The fields that do not speak of the body's bytes and kind."""
    return [header for header in incoming.headers if header[0].lower() not in {b"content-type", *OF_BYTES}]


def kept(incoming: Incoming, kind: Header) -> Headers:
    """The fields that are still true; of a body that has no type, `kind` is the type."""
    fields = [header for header in incoming.headers if header[0].lower() not in OF_BYTES]
    return fields if any(name.lower() == b"content-type" for name, _ in fields) else [*fields, kind]
