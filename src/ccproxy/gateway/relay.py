"""Bodies on their way from the provider to the client, noted as they pass."""

from __future__ import annotations

import asyncio
import time
from typing import Self

from ccproxy.exchange import Exchange, Failure, Headers, HttpResponse, WireFormat, get_header
from ccproxy.gateway.endings import stopped_short
from ccproxy.gateway.errors import stream_error
from ccproxy.gateway.leaving import SHUTDOWN, SHUTDOWN_STATUS, may_tell, why
from ccproxy.gateway.recorder import Recorder
from ccproxy.gateway.reply import BodyBroken
from ccproxy.gateway.unwrapped_stream import UnwrappedStream
from ccproxy.transport.carrier import Incoming, TransportError


class Relay:
    """Implements `reply.Body`: chunks pass as they come; one that breaks off ends in an error.

    A class and not a generator, because a generator that was never begun does not clean up.
    """

    def __init__(self, exchange: Exchange, dialect: WireFormat, incoming: Incoming, recorder: Recorder) -> None:
        record = HttpResponse(incoming.status, incoming.headers, incoming.reason, http_version=incoming.http_version)
        if exchange.provider_response is exchange.response:  # else this is made of what the provider answered
            exchange.provider_response = record
        exchange.response = record
        self._exchange, self._record, self._dialect = exchange, record, dialect
        self._incoming, self._recorder = incoming, recorder
        self._kept = 0
        self._ended = False

    @property
    def ready(self) -> bool:
        """See `reply.Body`."""
        return self._incoming.ready

    @property
    def trailers(self) -> Headers:
        """See `reply.Body`."""
        return self._record.trailers

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        try:
            chunk = await self._incoming.__anext__()
        except StopAsyncIteration:
            self._record.complete = True
            if self._stopped_short():
                return self._broken(TransportError("truncated", "the provider ended its stream in mid-answer"))
            self._end(None)
            raise
        except TransportError as error:
            return self._broken(error)
        except asyncio.CancelledError as error:
            return self._cut(error)
        return self._noted(chunk)

    async def read(self, limit: int) -> bytes | None:
        """The whole body; None if it has more than `limit` bytes and must be relayed as it comes.

        Raises TransportError where it breaks off: there is still time for an error answer.
        """
        try:
            body = await self._incoming.read(limit)
        except BaseException:
            self._incoming.close()
            raise
        if body is None:
            return None
        self._exchange.timings.first_byte = self._exchange.timings.headers
        self._recorder.keep(self._record, 0, body)
        self._record.complete = True
        self._end(None)
        return body

    def close(self) -> None:
        """See `reply.Body`: an answer that is not complete by now has lost its client, or ccproxy stops."""
        self._incoming.close()
        if not self._ended:
            self._end(why())

    def _stopped_short(self) -> bool:
        return takes_error_event(self._incoming) and stopped_short(self._exchange.format, self._record)

    def _noted(self, chunk: bytes) -> bytes:
        if not self._kept:
            self._exchange.timings.first_byte = time.time()
        self._kept = self._recorder.keep(self._record, self._kept, chunk)
        return chunk

    def _broken(self, error: TransportError) -> bytes:
        return self._broken_off(error.status, Failure(error.kind, str(error)), error)

    def _cut(self, error: asyncio.CancelledError) -> bytes:
        if not may_tell():
            raise error
        self._incoming.close()
        return self._broken_off(SHUTDOWN_STATUS, SHUTDOWN, error)

    def _broken_off(self, status: int, failure: Failure, cause: BaseException) -> bytes:
        exchange, record = self._exchange, self._record
        tail = self._tail(status, failure)
        if not tail:
            self._end(failure)
            raise BodyBroken(failure.message) from cause
        exchange.response = HttpResponse(record.status, record.headers, record.reason, [*record.chunks, tail])
        self._end(failure)
        return tail

    def _tail(self, status: int, failure: Failure) -> bytes:
        """What ends the answer in an error, if it can be ended so."""
        incoming = self._incoming
        if isinstance(incoming, UnwrappedStream) and incoming.array:
            return incoming.fail(status, failure, begun=self._kept > 0)
        if takes_error_event(incoming):
            return stream_error(self._dialect, status, failure.kind, failure.message)
        return b""

    def _end(self, failure: Failure | None) -> None:
        if not self._ended:
            self._ended = True
            self._record.trailers = self._incoming.trailers
            self._recorder.finish(self._exchange, failure)


def takes_error_event(incoming: Incoming) -> bool:
    """True for server-sent events that can be ended by one of ours: no length was promised, no coding is in the way."""
    headers = incoming.headers
    plain = get_header(headers, b"content-encoding") in (None, b"identity")
    unbounded = get_header(headers, b"content-length") is None
    return plain and unbounded and (get_header(headers, b"content-type") or b"").startswith(b"text/event-stream")
