"""An answer in one piece on its way through response hooks, in the client's own format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import Failure, HttpResponse, WireFormat, reason_phrase
from ccproxy.gateway.hooked.heads import changed_headers
from ccproxy.gateway.provider_answer import coding_of, looks_like_stream, provider_record
from ccproxy.gateway.relay import Relay
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.seal import client_headers
from ccproxy.gateway.translation.headers import JSON
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.call_ids import with_distinct_ids
from ccproxy.lightllm.events import End, Error, Event
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.formats import stream_module
from ccproxy.lightllm.translate import parsed, read_events, read_stream_events, write_answer, write_error
from ccproxy.transport.carrier import TransportError

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.lightllm.asked import Asked
    from ccproxy.pipeline.response import ResponseRun
    from ccproxy.transport.carrier import Incoming

REWRITTEN_LIMIT = 256 * 1024 * 1024
"""Bytes that an answer may have which hooks rewrite."""
OBSERVED_LIMIT = 32 * 1024 * 1024
"""Bytes that an answer may have which waits for hooks that only look at it."""
SAYING = {
    WireFormat.ANTHROPIC: "content",
    WireFormat.OPENAI: "choices",
    WireFormat.OPENAI_RESPONSES: "output",
    WireFormat.GEMINI: "candidates",
}
"""The member of an answer that holds what the model said."""


class WholeAnswer:
    """Receives one answer. What is no whole answer of its format passes as it came, if the hooks can do without."""

    def __init__(
        self, run: ResponseRun, exchange: Exchange, format: WireFormat, asked: Asked, recorder: Recorder
    ) -> None:
        self._run, self._exchange, self._format = run, exchange, format
        self._asked, self._recorder, self._rewrites = asked, recorder, run.rewrites
        self._streamed = False
        """True for the text of a stream that goes by another name."""

    async def receive(self, incoming: Incoming) -> Reply:
        """The reply for the client. Raises HookFailed, and TransportError where the body breaks off or is too long."""
        limit = REWRITTEN_LIMIT if self._rewrites else OBSERVED_LIMIT
        record = provider_record(incoming)
        if self._exchange.provider_response is self._exchange.response:  # else it is made of what the provider answered
            self._exchange.provider_response = record
        self._exchange.response = record
        body = await incoming.read(limit)
        if body is None:
            return self._too_long(incoming, limit)
        self._exchange.timings.first_byte = self._exchange.timings.headers
        self._recorder.keep(record, 0, body)
        record.complete, record.trailers = True, incoming.trailers
        left = await self._run.through(self._events(incoming, body))
        if left and self._rewrites:
            return self._changed(incoming, left)
        self._finish(None)
        return Reply(incoming.status, client_headers(incoming.headers), body, incoming.reason)

    def _too_long(self, incoming: Incoming, limit: int) -> Reply:
        message = f"the answer is longer than {limit >> 20} MiB"
        if self._rewrites:
            raise TransportError("protocol", message)
        self._run.miss(message)
        self._run.settle()
        relay = Relay(self._exchange, self._format, incoming, self._recorder)
        return Reply(incoming.status, client_headers(incoming.headers), relay, incoming.reason)

    def _events(self, incoming: Incoming, body: bytes) -> list[Event]:
        """The events of a body; none where there is nothing for hooks in it. Raises HookFailed."""
        document: Any = None
        try:
            data = decode(body, coding_of(incoming), REWRITTEN_LIMIT)
            self._streamed = looks_like_stream(data)
            if self._streamed:
                return read_stream_events(data, self._format)
            document = parsed(data)
            events = read_events(document, self._format)
        except (CodingError, Malformed) as error:
            self._run.miss(f"the answer cannot be read: {error}")
            return []
        if events and type(events[-1]) is End:
            return events
        if says_something(document, self._format):
            self._run.miss("the answer is not whole")
        else:
            self._run.skip("not an answer of a model")
        return []

    def _changed(self, incoming: Incoming, events: list[Event]) -> Reply:
        last = events[-1]
        status, failure = incoming.status, None
        headers = changed_headers(incoming.headers, self._asked.drops)
        if isinstance(last, Error):
            status, failure = last.error.status, Failure(last.error.code or "hook_answer", last.error.message)
            headers = [*(header for header in headers if header[0].lower() != b"content-type"), *JSON]
            body = write_error(last.error, self._format)
        else:
            body = self._written(with_distinct_ids(events))
        reason = incoming.reason if failure is None else reason_phrase(status)
        self._exchange.response = HttpResponse(status, headers, reason, [body], complete=True)
        self._finish(failure)
        return Reply(status, headers, body, reason)

    def _written(self, events: list[Event]) -> bytes:
        if self._streamed:
            self._asked.sse = True
            return b"".join(map(stream_module(self._format).StreamWriter(self._asked).write, events))
        return write_answer(collect(events), self._format, self._asked)

    def _finish(self, failure: Failure | None) -> None:
        self._run.settle()
        self._exchange.count_dropped(self._asked.drops.counts)
        self._recorder.finish(self._exchange, failure)


def says_something(document: Any, format: WireFormat) -> bool:
    """True for a body in which a model says something."""
    inner = document.get("response") if isinstance(document, dict) else None
    return any(isinstance(each, dict) and bool(each.get(SAYING[format])) for each in (document, inner))
