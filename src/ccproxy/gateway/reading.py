"""A provider's stream read for a client that wants one answer: until it is whole, whatever the provider does then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ccproxy.codings import CodingError, StreamDecoder
from ccproxy.exchange import Exchange
from ccproxy.gateway.provider_answer import BODY_LIMIT, coding_of, is_stream, looks_like_stream, provider_record
from ccproxy.gateway.translation.relay import LINGER
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.formats import stream_module
from ccproxy.lightllm.sse import COMMENT, EventTooLong, Framer
from ccproxy.lightllm.stream_translator import LAST, read_frame
from ccproxy.transport.carrier import TransportError

if TYPE_CHECKING:
    from ccproxy.exchange import WireFormat
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.transport.carrier import Incoming

type Over = Callable[[bytes], bool]
"""Told of each piece of a stream, without its coding; True once the answer in it is whole. May raise Malformed."""


class Reading:
    """Reads one body and notes it as what the provider answered."""

    def __init__(self, incoming: Incoming, exchange: Exchange, recorder: Recorder) -> None:
        self._incoming, self._exchange, self._recorder = incoming, exchange, recorder
        self._record = exchange.provider_response = provider_record(incoming)
        self._pieces: list[bytes] = []
        self._start, self._kept, self._size = b"", 0, 0

    async def until(self, is_over: Over) -> bytes:
        """The body without its content coding, as far as it matters. After the piece of a stream that ends the answer,
        or cannot be read, the provider is heard for `LINGER` seconds at most.

        Raises TransportError where the body breaks off before, is too long, or cannot be decoded.
        """
        try:
            decoder = StreamDecoder(coding_of(self._incoming))
            async for chunk in self._incoming:
                self._note(chunk)
                if self._is_over(decoder.feed(chunk), is_over):
                    await self._drain()
                    break
            else:
                self._record.complete = True
            return b"".join(self._pieces)
        except CodingError as error:
            raise TransportError("protocol", f"the provider's answer cannot be decoded: {error}") from error
        finally:
            self._record.trailers = self._incoming.trailers
            self._incoming.close()

    def _note(self, chunk: bytes) -> None:
        if not self._kept:
            self._exchange.timings.first_byte = time.time()
        self._kept = self._recorder.keep(self._record, self._kept, chunk)

    def _is_over(self, piece: bytes, is_over: Over) -> bool:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > BODY_LIMIT:
            raise TransportError("protocol", f"the answer is longer than {BODY_LIMIT >> 20} MiB")
        if len(self._start) < 1024:
            self._start += piece[:1024]
        try:
            over = is_over(piece)
        except Malformed:  # who reads the whole says so
            over = True
        return over and (is_stream(self._incoming) or looks_like_stream(self._start))

    async def _drain(self) -> None:
        """A connection whose body was read to its end serves the next request."""
        with suppress(TransportError, TimeoutError):
            async with asyncio.timeout(LINGER):
                async for chunk in self._incoming:
                    self._note(chunk)
            self._record.complete = True


class Ending:
    """Finds the event of a stream by which its answer is whole."""

    def __init__(self, provider: WireFormat) -> None:
        self._framer, self._reader = Framer(), stream_module(provider).StreamReader()

    def is_over(self, piece: bytes) -> bool:
        """True with the piece that ends the answer. Raises Malformed for what cannot be read."""
        try:
            frames = self._framer.feed(piece)
        except EventTooLong as error:
            raise Malformed(str(error)) from error
        read = (read_frame(self._reader, name, data) for name, data in frames if name != COMMENT[0])
        return any(type(event) in LAST for events in read for event in events)
