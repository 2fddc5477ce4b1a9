"""Answers of the ChatGPT backend for a client of the same format: a stream for who asked for one, else one response."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from ccproxy.exchange import Exchange, Failure, Headers, WireFormat, get_header, reason_phrase
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.hooked.heads import OF_BYTES
from ccproxy.gateway.provider_answer import looks_like_stream, may_stream, parsed_or_none, said
from ccproxy.gateway.reading import Reading
from ccproxy.gateway.recorder import clear
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.openai_responses.chatgpt_answer import Gathering
from ccproxy.lightllm.openai_responses.lenient import write_anyhow
from ccproxy.lightllm.translate import write_error
from ccproxy.providers.codex import is_codex

if TYPE_CHECKING:
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.gateway.plan import Plan
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.transport.carrier import Incoming

RESPONSES = WireFormat.OPENAI_RESPONSES
EVENTS = (b"Content-Type", b"text/event-stream")
JSON = (b"Content-Type", b"application/json")


class Gathered:
    """Implements `carrier.Incoming`: an answer that is there as a whole, in place of the one that it was made from."""

    def __init__(self, incoming: Incoming, status: int, headers: Headers, body: bytes) -> None:
        self.status, self.headers, self._body = status, headers, body
        self.reason = incoming.reason if status == incoming.status else reason_phrase(status)
        self.http_version, self.reused, self.trailers = incoming.http_version, incoming.reused, incoming.trailers
        self.on_pressure: Callable[[bool], None] | None = None

    @property
    def ready(self) -> bool:
        """True: see `Incoming`."""
        return True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        body, self._body = self._body, b""
        if not body:
            raise StopAsyncIteration
        return body

    async def read(self, limit: int = sys.maxsize) -> bytes | None:
        """See `Incoming`."""
        return self._body if len(self._body) <= limit else None

    def write(self, data: bytes) -> None:
        """Nothing was upgraded."""

    def close(self) -> None:
        """The answer has ended already."""


def wants_one_response(inquiry: Inquiry, plan: Plan) -> bool:
    """True for a client whose answer has to be gathered. To be asked before hooks have the request ask for a stream."""
    endpoint = inquiry.endpoint
    if plan.translate is not None or not is_codex(plan.provider) or inquiry.exchange.request.method != "POST":
        return False
    if endpoint is None or endpoint.operation != "generate":
        return False
    with suppress(Refused):
        return not inquiry.wants_stream()
    return False


def with_type(incoming: Incoming, inquiry: Inquiry, plan: Plan) -> Incoming:
    """The same answer. The backend's streams come without a type at times: it is put in, so that all know them.

    Seen live: github.com/KarpelesLab/teamclaude/pull/154.
    """
    endpoint, untyped = inquiry.endpoint, get_header(incoming.headers, b"content-type") is None
    generates = endpoint is not None and endpoint.operation == "generate" and inquiry.exchange.request.method == "POST"
    if untyped and generates and incoming.status == 200 and is_codex(plan.provider):
        incoming.headers = [*incoming.headers, EVENTS]
    return incoming


async def gathered(incoming: Incoming, exchange: Exchange, recorder: Recorder) -> Incoming:
    """One response in place of a stream; an error that ended it has the status that it would have had before one.

    What is no stream stays as it is. The exchange's `provider_response` is the stream. Raises TransportError, and
    Refused where the stream broke off.
    """
    if incoming.status != 200 and not (incoming.status >= 400 and may_stream(incoming)):
        return incoming
    gathering = Gathering()
    body = await Reading(incoming, exchange, recorder).until(gathering.feed)
    try:
        return _answer(incoming, exchange, gathering, body)
    except Malformed as error:
        raise Refused(502, "malformed_answer", str(error)) from error


def _answer(incoming: Incoming, exchange: Exchange, gathering: Gathering, body: bytes) -> Incoming:
    if not looks_like_stream(body) and (other := _other(incoming, body)) is not None:
        return other
    response = gathering.end() if incoming.status == 200 else _refusal(incoming, gathering, body)
    if isinstance(response, WireError):
        return _failed(incoming, exchange, response)
    return Gathered(incoming, 200, [*_kept(incoming), JSON], write_anyhow(response))


def _other(incoming: Incoming, body: bytes) -> Incoming | None:
    """An answer that is no stream, as it is; None where there should be one, and nothing else can be made of it."""
    if incoming.status != 200 or not may_stream(incoming):
        kind = [header for header in incoming.headers if header[0].lower() == b"content-type"]
        return Gathered(incoming, incoming.status, [*_kept(incoming), *kind], body)
    if isinstance(parsed_or_none(body), dict):
        return Gathered(incoming, 200, [*_kept(incoming), JSON], body)
    return None


def _refusal(incoming: Incoming, gathering: Gathering, body: bytes) -> WireError:
    """What the stream says that came with the status of an error."""
    try:
        told = gathering.end()
    except Malformed:
        told = {}
    if isinstance(told, WireError):
        return replace(told, status=incoming.status)
    return WireError(incoming.status, said(incoming, body))


def _failed(incoming: Incoming, exchange: Exchange, error: WireError) -> Gathered:
    if incoming.status < 400:
        exchange.failure = Failure(error.code or error.type or "provider_error", error.message)
        clear(exchange)  # hooks may take their time before it is finished
    headers = [*_kept(incoming), JSON]
    if error.retry_after is not None and get_header(headers, b"retry-after") is None:
        headers.append((b"Retry-After", b"%d" % -(-error.retry_after // 1)))
    return Gathered(incoming, error.status, headers, write_error(error, RESPONSES))


def _kept(incoming: Incoming) -> Headers:
    return [header for header in incoming.headers if header[0].lower() not in {b"content-type", *OF_BYTES}]
