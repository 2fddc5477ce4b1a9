"""A stream that hooks only look at: its bytes pass as they come, and are read beside their way."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from ccproxy.codings import StreamDecoder
from ccproxy.exchange import Failure
from ccproxy.gateway.provider_answer import coding_of
from ccproxy.gateway.relay import Relay
from ccproxy.gateway.translation.relay import told
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.stream_translator import StreamTranslator
from ccproxy.pipeline.failures import HookFailed
from ccproxy.transport.carrier import TransportError

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange, WireFormat
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.lightllm.stream_translator import Framing
    from ccproxy.pipeline.response import ResponseRun
    from ccproxy.transport.carrier import Incoming

logger = logging.getLogger(__name__)


class Observer:
    """Tells hooks of a stream's events. What cannot be read is an `Error` for them, and nothing more comes."""

    def __init__(self, run: ResponseRun, format: WireFormat, coding: str | None, framer: Framing | None = None) -> None:
        """Raises CodingError for a coding that is not known."""
        self._run = run
        self._decoder = StreamDecoder(coding)
        self._translator = StreamTranslator(format, format, Asked(), framer)
        self._deaf = False

    async def hear(self, chunk: bytes) -> None:
        """More of the stream. Raises HookFailed."""
        if self._deaf:
            return
        try:
            events = self._translator.read(self._decoder.feed(chunk))
        except Exception as error:  # noqa: BLE001  the answer is not ours to fail
            await self.end(WireError(502, f"the answer cannot be read: {error}"))
        else:
            await self._run.through(events)

    async def end(self, error: WireError | None) -> None:
        """The stream has ended, or broke off. Raises HookFailed."""
        self._deaf = True
        try:
            events = self._translator.last(error)
        except Exception:
            logger.exception("the end of an answer cannot be read")
            return
        await self._run.through(events)


class ObservedRelay(Relay):
    """Implements `reply.Body`. A chunk is heard before it goes on, so that a hook can still end the answer."""

    def __init__(
        self,
        run: ResponseRun,
        exchange: Exchange,
        dialect: WireFormat,
        incoming: Incoming,
        recorder: Recorder,
        framer: Framing | None = None,
    ) -> None:
        """Raises CodingError for a coding that is not known."""
        self._run = run
        self._observer = Observer(run, dialect, coding_of(incoming), framer)
        super().__init__(exchange, dialect, incoming, recorder)

    @property
    def ready(self) -> bool:
        """See `reply.Body`: what waits for a hook is not there yet."""
        return super().ready and not self._run.waits

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        try:
            return await self._next()
        except TransportError as error:
            with suppress(HookFailed):
                await self._observer.end(told(error, self._exchange))
            return self._broken(error)
        except HookFailed as failed:
            self._incoming.close()
            said = told(failed, self._exchange)
            return self._broken_off(said.status, Failure("hook_failed", said.message), failed)
        except asyncio.CancelledError as error:
            return self._cut(error)

    async def _next(self) -> bytes:
        try:
            chunk = await self._incoming.__anext__()
        except StopAsyncIteration:
            self._record.complete = True
            if self._stopped_short():
                raise TransportError("truncated", "the provider ended its stream in mid-answer") from None
            await self._observer.end(None)
            self._end(None)
            raise
        await self._observer.hear(chunk)
        return self._noted(chunk)

    def _end(self, failure: Failure | None) -> None:
        self._run.settle()
        super()._end(failure)
