"""The answer to a request that was not translated, on its way through response hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccproxy.codings import CodingError, StreamDecoder
from ccproxy.exchange import HttpResponse
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.hooked.asked import asked_of
from ccproxy.gateway.hooked.heads import changed_headers
from ccproxy.gateway.hooked.hearing import hearing
from ccproxy.gateway.hooked.observed import ObservedRelay
from ccproxy.gateway.hooked.stream import HookedRelay
from ccproxy.gateway.hooked.whole import WholeAnswer
from ccproxy.gateway.provider_answer import (
    PLAIN,
    coding_of,
    is_stream,
    kind_of,
    may_stream,
    provider_record,
    read_whole,
    said,
)
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.seal import client_headers
from ccproxy.gateway.translation.headers import JSON, SSE
from ccproxy.gateway.translation.request import Translation
from ccproxy.gateway.translation.response_store import ResponseStore
from ccproxy.lightllm.gemini.array import ArrayFramer

if TYPE_CHECKING:
    from ccproxy.exchange import Headers
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.lightllm.stream_translator import Framing
    from ccproxy.pipeline.response import ResponseRun
    from ccproxy.transport.carrier import Incoming


class HookedAnswer:
    """Receives one answer that is in the client's own format."""

    def __init__(self, run: ResponseRun, inquiry: Inquiry, recorder: Recorder) -> None:
        """`run` are the hooks for a request of an endpoint whose operation is "generate"."""
        assert inquiry.endpoint is not None
        self._run, self._inquiry, self._recorder = run, inquiry, recorder
        self._endpoint, self._exchange = inquiry.endpoint, inquiry.exchange
        self._asked = asked_of(inquiry)

    async def receive(self, incoming: Incoming) -> Reply | None:
        """The reply for the client; None for an answer in which hooks have no part, which is relayed as ever.

        Raises HookFailed, TransportError where a whole body breaks off, and Refused for a page in place of a stream
        that hooks write.
        """
        async with hearing(self._run, incoming):
            reply = await self._receive(incoming)
        if reply is None:
            self._run.settle()
        return reply

    async def _receive(self, incoming: Incoming) -> Reply | None:
        run = self._run
        if self._exchange.request.method != "POST":
            run.skip("not an answer of a model")
        elif not 200 <= incoming.status < 300:
            run.skip(f"the provider answered {incoming.status}")
        run.begin()
        try:
            StreamDecoder(coding_of(incoming))
        except CodingError as error:
            run.miss(f"the answer cannot be read: {error}")
        if not run.runs:
            return None
        if not self._streams(incoming):
            whole = WholeAnswer(run, self._exchange, self._endpoint.format, self._asked, self._recorder)
            return await whole.receive(incoming)
        if not run.rewrites:
            return self._observed(incoming)
        if not self._is_readable(incoming):
            body = await read_whole(incoming, self._exchange, self._recorder)
            raise Refused(502, "malformed_answer", said(incoming, body))
        return self._rewritten(incoming)

    def _streams(self, incoming: Incoming) -> bool:
        if is_stream(incoming) or self._endpoint.streams:
            return True
        return self._asked.document.get("stream") is True and kind_of(incoming) in PLAIN

    def _framer(self, incoming: Incoming) -> Framing | None:
        """What cuts the stream: None stands for server-sent events, else it is Gemini's array."""
        return None if may_stream(incoming) or not self._endpoint.streams else ArrayFramer()

    def _is_readable(self, incoming: Incoming) -> bool:
        """False for what is no stream of any form, such as a page: nothing can be made of it that hooks could write."""
        return may_stream(incoming) or not self._endpoint.streams or b"json" in kind_of(incoming)

    def _observed(self, incoming: Incoming) -> Reply:
        format, framer = self._endpoint.format, self._framer(incoming)
        relay = ObservedRelay(self._run, self._exchange, format, incoming, self._recorder, framer)
        return Reply(incoming.status, client_headers(incoming.headers), relay, incoming.reason)

    def _rewritten(self, incoming: Incoming) -> Reply:
        exchange, format, framer = self._exchange, self._endpoint.format, self._framer(incoming)
        headers = self._typed(incoming, changed_headers(incoming.headers, self._asked.drops))
        original = exchange.provider_response  # there already, where this is made of what the provider answered
        exchange.provider_response = provider_record(incoming)
        exchange.response = HttpResponse(incoming.status, headers, incoming.reason)
        same = Translation(format, format, "generate", True, self._asked, [], self._inquiry.draft)
        way = same, exchange, incoming, self._recorder, ResponseStore(), framer
        relay = HookedRelay(self._run, *way)
        exchange.provider_response = original or exchange.provider_response
        return Reply(incoming.status, headers, relay, incoming.reason)

    def _typed(self, incoming: Incoming, headers: Headers) -> Headers:
        """With the type of the form that the client asked for, where it has a say and the provider's is another."""
        sse = self._asked.sse
        if not self._endpoint.streams or (is_stream(incoming) if sse else b"json" in kind_of(incoming)):
            return headers
        return [*(header for header in headers if header[0].lower() != b"content-type"), *(SSE if sse else JSON)]
