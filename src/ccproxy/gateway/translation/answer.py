"""The answer's way: what a provider said in its format, as the client's format has it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import Exchange, Failure, Headers, HttpResponse, get_header, reason_phrase
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.translation.headers import JSON, SSE, response_headers
from ccproxy.gateway.translation.relay import TranslatedRelay
from ccproxy.lightllm import counting
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.stream_translator import StreamTranslator
from ccproxy.lightllm.translate import (
    parsed,
    read_answer,
    read_stream,
    stream_answer,
    translate_error,
    write_answer,
    write_error,
)
from ccproxy.transport.transport import TransportError

if TYPE_CHECKING:
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.gateway.translation.request import Translation
    from ccproxy.gateway.translation.response_store import ResponseStore
    from ccproxy.transport.transport import Incoming

BODY_LIMIT = 256 * 1024 * 1024
"""Bytes that an answer may have which has to be read as a whole."""

NO_COUNTING = frozenset({404, 405, 501})
"""By these a compatible server says that it does not count tokens."""


class Answering:
    """Receives the answer to one translated request."""

    def __init__(self, translation: Translation, exchange: Exchange, recorder: Recorder, store: ResponseStore) -> None:
        self._translation, self._exchange, self._recorder, self._store = translation, exchange, recorder, store

    async def receive(self, incoming: Incoming) -> Reply:
        """The reply for the client. Raises TransportError where the body breaks off before anything was sent."""
        translation = self._translation
        if translation.stream and incoming.status == 200 and is_stream(incoming):
            return self._stream(incoming)
        body = await self._read(incoming)
        if incoming.status >= 300:
            return self._refused(incoming, body)
        try:
            return self._whole(incoming, body)
        except Malformed as error:
            return self._failed(incoming, WireError(502, str(error), code="malformed_answer"))

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
        relay = TranslatedRelay(self._translation, exchange, incoming, self._recorder, self._store)
        return Reply(200, headers, relay)

    # -- whole answers

    async def _read(self, incoming: Incoming) -> bytes:
        record = self._exchange.provider_response = provider_record(incoming)
        try:
            body = await incoming.read(BODY_LIMIT)
            if body is None:
                raise TransportError("protocol", f"the answer is longer than {BODY_LIMIT >> 20} MiB")
            self._recorder.keep(record, 0, body)
            record.complete = True
            self._exchange.timings.first_byte = time.time()
            return decode(body, coding_of(incoming), BODY_LIMIT)
        except CodingError as error:
            raise TransportError("protocol", f"the provider's answer cannot be decoded: {error}") from error
        finally:
            incoming.close()

    def _whole(self, incoming: Incoming, body: bytes) -> Reply:
        translation = self._translation
        if translation.operation == "count_tokens":
            return self._counted(incoming, body)
        streamed = looks_like_stream(body)
        document = None if streamed else parsed(body)
        provider = translation.provider
        answer = read_stream(body, provider) if streamed else read_answer(document, provider)
        if answer.error is not None:
            return self._failed(incoming, answer.error)
        if translation.stream:
            return self._as_stream(incoming, body if streamed else document)
        content = write_answer(answer, translation.client, translation.asked)
        self._remember(content)
        return self._answered(200, response_headers(incoming.headers, JSON, self._drops), content)

    def _as_stream(self, incoming: Incoming, whole: Any) -> Reply:
        """A stream of an answer that came in one piece: a document, or the bytes of a stream by another name."""
        translation = self._translation
        if isinstance(whole, bytes):
            translator = StreamTranslator(translation.provider, translation.client, translation.asked)
            content = translator.feed(whole) + translator.end()
        else:
            content = stream_answer(whole, translation.provider, translation.client, translation.asked)
        self._remember(content)
        kind = SSE if translation.asked.sse else JSON
        return self._answered(200, response_headers(incoming.headers, kind, self._drops), content)

    def _counted(self, incoming: Incoming, body: bytes) -> Reply:
        count = counting.read_count(self._translation.provider, parsed(body))
        if count is None:
            raise Malformed("the provider's answer holds no count of tokens")
        content = orjson.dumps(counting.write_count(self._translation.client, count))
        return self._answered(200, response_headers(incoming.headers, JSON, self._drops), content)

    def _remember(self, content: bytes) -> None:
        self._translation.remember(content, self._store)

    # -- errors

    def _refused(self, incoming: Incoming, body: bytes) -> Reply:
        status = incoming.status
        if self._translation.operation == "count_tokens" and status in NO_COUNTING:
            return self.estimated()
        if status < 400:
            return self._failed(incoming, WireError(502, f"the provider answered with a redirect ({status})"))
        error = translate_error(parsed_or_none(body), status, self._translation.provider)
        return self._failed(incoming, error or WireError(status, said(incoming, body)))

    def _failed(self, incoming: Incoming, error: WireError) -> Reply:
        headers = response_headers(incoming.headers, JSON, self._drops)
        if error.retry_after is not None and get_header(headers, b"retry-after") is None:
            headers.append((b"Retry-After", b"%d" % -(-error.retry_after // 1)))
        failure = Failure(error.code or "provider_error", error.message) if incoming.status < 400 else None
        return self._answered(error.status, headers, write_error(error, self._translation.client), failure)

    def _answered(self, status: int, headers: Headers, body: bytes, failure: Failure | None = None) -> Reply:
        record = HttpResponse(status, headers, reason_phrase(status), [body], complete=True)
        self._exchange.response = record
        self._exchange.dropped = self._drops.counts
        self._recorder.finish(self._exchange, failure)
        return Reply(status, headers, body, record.reason)

    @property
    def _drops(self) -> Any:
        return self._translation.asked.drops


def provider_record(incoming: Incoming) -> HttpResponse:
    """The record of a provider's answer, its body yet to come."""
    return HttpResponse(incoming.status, incoming.headers, incoming.reason, http_version=incoming.http_version)


def is_stream(incoming: Incoming) -> bool:
    """True for server-sent events."""
    return (get_header(incoming.headers, b"content-type") or b"").lower().startswith(b"text/event-stream")


def looks_like_stream(body: bytes) -> bool:
    """True for the text of server-sent events, whatever its type was said to be."""
    return body[:1024].lstrip().startswith((b"data:", b"event:", b":"))


def coding_of(incoming: Incoming) -> str | None:
    """The value of Content-Encoding."""
    value = get_header(incoming.headers, b"content-encoding")
    return value.decode("latin-1") if value is not None else None


def parsed_or_none(body: bytes) -> Any:
    """A body as JSON; None if it is something else."""
    try:
        return parsed(body)
    except Malformed:
        return None


def said(incoming: Incoming, body: bytes) -> str:
    """What an answer that is no JSON says: its text if it is short and plain, else what kind of thing it is."""
    kind = (get_header(incoming.headers, b"content-type") or b"").decode("latin-1").partition(";")[0] or "no type"
    text = body.decode("utf-8", "replace").strip()
    if text and len(text) <= 500 and not text.startswith("<"):
        return text
    reason = incoming.reason.decode("latin-1") or reason_phrase(incoming.status).decode("ascii")
    return f"the provider answered {incoming.status} {reason} with {len(body)} bytes of {kind}"
