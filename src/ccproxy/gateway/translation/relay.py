"""A stream on its way to a client of another format, translated as it passes."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Self

from ccproxy.codings import CodingError, StreamDecoder
from ccproxy.exchange import Exchange, Failure, Headers, get_header
from ccproxy.gateway.capacity import answered_by
from ccproxy.gateway.leaving import STOPPING, may_tell, why
from ccproxy.gateway.reply import BodyBroken
from ccproxy.gateway.translation.headers import metadata_headers
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.stream_translator import StreamTranslator
from ccproxy.pipeline.failures import HookFailed
from ccproxy.transport.carrier import TransportError

if TYPE_CHECKING:
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.gateway.translation.request import Translation
    from ccproxy.gateway.translation.response_store import ResponseStore
    from ccproxy.lightllm.stream_translator import Framing
    from ccproxy.transport.carrier import Incoming

logger = logging.getLogger(__name__)

LINGER = 0.5
"""Seconds that are waited for the end of a provider's body once the answer in it is whole: a connection whose body was
read to its end serves the next request."""


class TranslatedRelay:
    """Implements `reply.Body`. A chunk may be empty: then nothing is due yet."""

    def __init__(
        self,
        translation: Translation,
        exchange: Exchange,
        incoming: Incoming,
        recorder: Recorder,
        store: ResponseStore,
        framer: Framing | None = None,
    ) -> None:
        """The exchange has a record of what the provider answered already, into which it is noted what comes."""
        assert exchange.provider_response is not None
        self._heard = exchange.provider_response
        self._translation, self._exchange, self._incoming = translation, exchange, incoming
        self._recorder, self._store = recorder, store
        coding = get_header(incoming.headers, b"content-encoding")
        self._decoder = StreamDecoder(coding.decode("latin-1") if coding is not None else None)
        formats = translation.provider, translation.client
        self._translator = StreamTranslator(*formats, translation.asked, framer, translation.reading)
        self._kept_in = self._kept_out = 0
        self._over = False

    @property
    def ready(self) -> bool:
        """See `reply.Body`. The last bytes do not wait for what the provider does after them."""
        return not self._translator.done and self._incoming.ready

    @property
    def trailers(self) -> Headers:
        """What the answer's end says of it; the provider's own say nothing of a body of another format."""
        finish = self._translator.finish
        if finish is None:
            return []
        return [*metadata_headers(finish), *([answered_by(finish.model)] if finish.model else [])]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._translator.done:
            if not self._over:
                await self._drain()
            raise StopAsyncIteration
        try:
            return self._passed(await self._incoming.__anext__())
        except StopAsyncIteration:
            self._heard.complete = True
            return self._ended(None)
        except Exception as error:  # noqa: BLE001  whatever it is, the client is told
            return self._ended(told(error, self._exchange))
        except asyncio.CancelledError:
            if not may_tell():
                raise
            return self._ended(STOPPING)

    def close(self) -> None:
        """See `reply.Body`: an answer that is not complete by now has lost its client, or ccproxy stops."""
        self._incoming.close()
        if not self._over:
            self._end(why())

    def _ended(self, error: WireError | None) -> bytes:
        """The last bytes; there is nothing more to come from the provider. Raises BodyBroken where even these fail."""
        try:
            out = self._noted(self._translator.end(error))
        except Exception as failure:
            self._end(Failure("internal", repr(failure)))
            raise BodyBroken("the translation failed") from failure
        self._translator.done = True
        return out

    def _passed(self, chunk: bytes) -> bytes:
        return self._noted(self._translator.feed(self._came(chunk)))

    def _came(self, chunk: bytes) -> bytes:
        if not self._kept_in:
            self._exchange.timings.first_byte = time.time()
        self._kept_in = self._recorder.keep(self._heard, self._kept_in, chunk)
        return self._decoder.feed(chunk)

    def _noted(self, out: bytes) -> bytes:
        record = self._exchange.response
        assert record is not None
        if out:
            self._kept_out = self._recorder.keep(record, self._kept_out, out)
        if self._translator.done:
            record.complete = self._translator.error is None
            self._translation.remember(out, self._store)
            if record.complete and self._translator.finish is not None:
                self._exchange.answered_model = self._translator.finish.model or self._exchange.answered_model
                self._translation.finished(self._translator.finish)
        return out

    async def _drain(self) -> None:
        """The client has everything. What the provider still has to say is heard for a moment, or not at all."""
        if self._translator.error is None:
            try:
                async with asyncio.timeout(LINGER):
                    async for chunk in self._incoming:
                        self._kept_in = self._recorder.keep(self._heard, self._kept_in, chunk)
                self._heard.complete = True
            except (TransportError, TimeoutError):
                pass  # what matters has been said
        self._incoming.close()
        error = self._translator.error
        self._end(Failure(error.code or error.type or "provider_error", error.message) if error is not None else None)

    def _end(self, failure: Failure | None) -> None:
        if not self._over:
            self._over = True
            self._heard.trailers = self._incoming.trailers
            self._exchange.count_dropped(self._translation.asked.drops.counts)
            self._recorder.finish(self._exchange, failure)


def told(error: Exception, exchange: Exchange) -> WireError:
    """What a client is told of an error in the middle of its answer."""
    match error:
        case TransportError():
            return WireError(error.status, str(error), code=error.kind)
        case CodingError():
            return WireError(502, f"the provider's stream is corrupt: {error}")
        case HookFailed():
            return WireError(500, f"{error} (see ccproxy's log)", code="hook_failed")
    logger.error("exchange %s failed on its way back", exchange.id, exc_info=error)
    return WireError(500, f"ccproxy failed on this stream: {error!r} (see its log)", code="internal")
