"""A stream that hooks rewrite: read into events, which pass through the hooks, and written anew.

Between formats, or from one into the same.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ccproxy.codings import CodingError
from ccproxy.exchange import Failure
from ccproxy.gateway.leaving import STOPPING, may_tell
from ccproxy.gateway.reply import BodyBroken
from ccproxy.gateway.translation.relay import TranslatedRelay, told
from ccproxy.lightllm.events import Error
from ccproxy.transport.carrier import TransportError

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.gateway.translation.request import Translation
    from ccproxy.gateway.translation.response_store import ResponseStore
    from ccproxy.lightllm.events import WireError
    from ccproxy.lightllm.stream_translator import Framing
    from ccproxy.pipeline.response import ResponseRun
    from ccproxy.transport.carrier import Incoming


class HookedRelay(TranslatedRelay):
    """Implements `reply.Body`. Nothing is gathered up but what a hook itself holds back."""

    def __init__(
        self,
        run: ResponseRun,
        translation: Translation,
        exchange: Exchange,
        incoming: Incoming,
        recorder: Recorder,
        store: ResponseStore,
        framer: Framing | None = None,
    ) -> None:
        super().__init__(translation, exchange, incoming, recorder, store, framer)
        self._run = run

    @property
    def ready(self) -> bool:
        """See `reply.Body`: what waits for a hook is not there yet."""
        return super().ready and not self._run.waits

    async def __anext__(self) -> bytes:
        if self._translator.done:
            if not self._over:
                await self._drain()
            raise StopAsyncIteration
        try:
            events = self._translator.read(self._came(await self._incoming.__anext__()))
            return self._noted(self._translator.write(await self._run.through(events)))
        except StopAsyncIteration:
            self._heard.complete = True
            return await self._closed(None)
        except (TransportError, CodingError) as error:
            return await self._closed(told(error, self._exchange))
        except Exception as error:  # noqa: BLE001  whatever it is, the client is told
            return self._failed(error)
        except asyncio.CancelledError:
            if not may_tell():
                raise
            return self._ended(STOPPING)

    async def _closed(self, error: WireError | None) -> bytes:
        """The last bytes, of which hooks have heard; there is nothing more to come from the provider."""
        try:
            events = await self._run.through(self._translator.last(error))
            return self._noted(self._translator.write(events))
        except Exception as failed:  # noqa: BLE001
            return self._failed(failed)

    def _failed(self, error: Exception) -> bytes:
        """The last bytes, where we have failed ourselves, or a hook without which nothing goes on."""
        try:
            return self._noted(self._translator.write([Error(told(error, self._exchange))]))
        except Exception as failure:
            self._end(Failure("internal", repr(failure)))
            raise BodyBroken("the answer could not be written") from failure

    def _end(self, failure: Failure | None) -> None:
        self._run.settle()
        super()._end(failure)
