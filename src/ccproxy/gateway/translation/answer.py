"""The answer's way: what a provider said in its format, as the client's format has it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from ccproxy.exchange import Exchange, Failure, Headers, HttpResponse, WireFormat, get_header, reason_phrase
from ccproxy.gateway.hooked.hearing import hearing
from ccproxy.gateway.hooked.stream import HookedRelay
from ccproxy.gateway.provider_answer import (
    is_page,
    is_stream,
    looks_like_stream,
    may_stream,
    parsed_or_none,
    plain,
    provider_record,
    read_whole,
    said,
)
from ccproxy.gateway.reading import Ending, Reading
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.translation.headers import JSON, SSE, metadata_headers, response_headers
from ccproxy.gateway.translation.relay import TranslatedRelay
from ccproxy.lightllm import counting
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.call_ids import with_distinct_ids
from ccproxy.lightllm.events import Error, Event, WireError
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.formats import stream_module
from ccproxy.lightllm.stream_translator import LAST
from ccproxy.lightllm.translate import (
    parsed,
    read_events,
    read_stream_events,
    translate_error,
    write_answer,
    write_error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccproxy.gateway.recorder import Recorder
    from ccproxy.gateway.translation.request import Translation
    from ccproxy.gateway.translation.response_store import ResponseStore
    from ccproxy.lightllm.asked import Asked
    from ccproxy.pipeline.response import ResponseRun
    from ccproxy.transport.carrier import Incoming

AT_ONCE = 256 * 1024
"""Bytes of an answer that are read on the event loop; a longer one is read beside it."""
NO_COUNTING = frozenset({404, 405, 501})
"""By these a compatible server says that it does not count tokens."""
STREAMS_ONLY = frozenset({WireFormat.PERPLEXITY})
"""Formats whose answers are streams, so that nothing at all is a stream that has said nothing."""


class Answering:
    """Receives the answer to one translated request."""

    def __init__(
        self,
        translation: Translation,
        exchange: Exchange,
        recorder: Recorder,
        store: ResponseStore,
        run: ResponseRun | None = None,
    ) -> None:
        """`run` are the hooks that hear the answer's events on their way."""
        self._translation, self._exchange, self._recorder, self._store = translation, exchange, recorder, store
        self._run = run

    async def receive(self, incoming: Incoming) -> Reply:
        """The reply for the client. Raises TransportError where the body breaks off before anything was sent, and
        HookFailed."""
        if self._run is None:
            return await self._receive(incoming)
        async with hearing(self._run, incoming):
            if incoming.status >= 300:
                self._run.skip(f"the provider answered {incoming.status}")
            elif self._translation.operation != "generate":
                self._run.skip("not an answer of a model")
            self._run.begin()
            return await self._receive(incoming)

    async def _receive(self, incoming: Incoming) -> Reply:
        translation = self._translation
        if translation.stream and incoming.status == 200 and is_stream(incoming):
            return self._stream(incoming)
        body = await self._read(incoming)
        if incoming.status >= 300:
            return self._refused(incoming, body)
        try:
            return await self._whole(incoming, body)
        except Malformed as error:
            return self._failed(incoming, self._unread(incoming, str(error)))

    async def _read(self, incoming: Incoming) -> bytes:
        way, translation = (incoming, self._exchange, self._recorder), self._translation
        if incoming.status == 200 and translation.operation == "generate" and may_stream(incoming):
            return await Reading(*way).until(Ending(translation.provider).is_over)
        return await read_whole(*way)

    def estimated(self) -> Reply:
        """The reply to a counting request whose provider does not count."""
        asked = self._translation.asked
        count = counting.estimate(counting.count_document(self._translation.client, dict(asked.document)))
        body = orjson.dumps(counting.write_count(self._translation.client, count))
        return self._answered(200, [*JSON, (b"x-ccproxy-estimated", b"true")], body)

    # -- streams

    def _stream(self, incoming: Incoming) -> Reply:
        headers = response_headers(incoming.headers, SSE if self._translation.asked.sse else JSON, self._drops)
        exchange = self._exchange
        exchange.provider_response = provider_record(incoming)
        exchange.response = HttpResponse(200, headers, b"OK")
        way = self._translation, exchange, incoming, self._recorder, self._store
        relay = TranslatedRelay(*way) if self._run is None else HookedRelay(self._run, *way)
        return Reply(200, headers, relay)

    # -- whole answers

    async def _whole(self, incoming: Incoming, body: bytes) -> Reply:
        translation = self._translation
        if translation.operation == "count_tokens":
            return self._counted(incoming, body)
        told = body, translation.provider, translation.reading
        events = whole_events(*told) if len(body) <= AT_ONCE else await asyncio.to_thread(whole_events, *told)
        if self._run is not None:
            events = with_distinct_ids(await self._run.through(events))
        answer = collect(events)
        if answer.error is not None:
            return self._failed(incoming, answer.error)
        content = self._as_stream(events) if translation.stream else write_answer(answer, *self._for_client)
        translation.remember(content, self._store)
        kind = SSE if translation.stream and translation.asked.sse else JSON
        headers = response_headers(incoming.headers, kind, self._drops)
        if answer.finish is not None:
            headers += metadata_headers(answer.finish)
            self._exchange.answered_model = answer.finish.model or self._exchange.answered_model
            translation.finished(answer.finish)
        return self._answered(200, headers, content)

    def _as_stream(self, events: list[Event]) -> bytes:
        """A stream of an answer that came in one piece: as a document, or as a stream by another name."""
        client, asked = self._for_client
        return b"".join(map(stream_module(client).StreamWriter(asked).write, events))

    @property
    def _for_client(self) -> tuple[WireFormat, Asked]:
        return self._translation.client, self._translation.asked

    def _counted(self, incoming: Incoming, body: bytes) -> Reply:
        count = counting.read_count(self._translation.provider, parsed(body))
        if count is None:
            raise Malformed("the provider's answer holds no count of tokens")
        content = orjson.dumps(counting.write_count(self._translation.client, count))
        return self._answered(200, response_headers(incoming.headers, JSON, self._drops), content)

    # -- errors

    def _refused(self, incoming: Incoming, body: bytes) -> Reply:
        status = incoming.status
        if self._translation.operation == "count_tokens" and status in NO_COUNTING:
            return self.estimated()
        if status < 400:
            return self._failed(incoming, WireError(502, f"the provider answered with a redirect ({status})"))
        provider, explaining = self._translation.provider, self._translation.explaining
        error = translate_error(parsed_or_none(body), status, provider) or streamed_error(body, status, provider)
        if explaining is None:
            return self._failed(incoming, error or WireError(status, said(incoming, body)))
        page = error is None and is_page(incoming)
        return self._failed(incoming, explaining.answer(error or WireError(status, plain(body)), status, page=page))

    def _unread(self, incoming: Incoming, why: str) -> WireError:
        """The error that an answer is which cannot be read."""
        error, explaining = WireError(502, why, code="malformed_answer"), self._translation.explaining
        if not is_page(incoming):
            return error
        if explaining is None:
            return replace(error, message="the provider answered with a page")
        return explaining.answer(replace(error, message=""), incoming.status, page=True)

    def _failed(self, incoming: Incoming, error: WireError) -> Reply:
        headers = response_headers(incoming.headers, JSON, self._drops)
        if error.retry_after is not None and get_header(headers, b"retry-after") is None:
            headers.append((b"Retry-After", b"%d" % -(-error.retry_after // 1)))
        failure = Failure(error.code or "provider_error", error.message) if incoming.status < 400 else None
        return self._answered(error.status, headers, write_error(error, self._translation.client), failure)

    def _answered(self, status: int, headers: Headers, body: bytes, failure: Failure | None = None) -> Reply:
        record = HttpResponse(status, headers, reason_phrase(status), [body], complete=True)
        self._exchange.response = record
        self._exchange.count_dropped(self._drops.counts)
        if self._run is not None:
            self._run.settle()
        self._recorder.finish(self._exchange, failure)
        return Reply(status, headers, body, record.reason)

    @property
    def _drops(self) -> Any:
        return self._translation.asked.drops


def whole_events(body: bytes, provider: WireFormat, reading: Mapping[str, Any] | None = None) -> list[Event]:
    """The events of an answer that is there as a whole, the last of them `End` or `Error`. Raises Malformed."""
    if looks_like_stream(body) or (provider in STREAMS_ONLY and not body.strip()):
        return read_stream_events(body, provider, reading and {**reading, "whole": True})
    events = read_events(parsed(body), provider)
    if not any(type(event) in LAST for event in events):
        raise Malformed("the provider's answer is not whole")
    explain = (reading or {}).get("explain")
    if explain is not None:
        return [Error(explain(event.error)) if isinstance(event, Error) else event for event in events]
    return events


def streamed_error(body: bytes, status: int, provider: WireFormat) -> WireError | None:
    """What a stream says that came with the status of an error; None where it is none, or says nothing."""
    if not looks_like_stream(body):
        return None
    with suppress(Malformed):
        error = collect(read_stream_events(body, provider)).error
        if error is not None and error.status != 502:  # by that a reader says that the stream is not whole
            return replace(error, status=status)
    return None
