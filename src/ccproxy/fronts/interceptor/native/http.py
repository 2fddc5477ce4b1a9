"""HTTP/1.1, HTTP/2 and HTTP/3: requests and responses stream through and are noted on their way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ccproxy.exchange import Attempt, Exchange, Failure, HttpRequest, HttpResponse, WebSocketRecord, get_header
from ccproxy.fronts.interceptor.handover import CLAIMED, meant
from ccproxy.fronts.interceptor.native.failures import NOT_SENT, Causes
from ccproxy.fronts.interceptor.native.ledger import Ledger
from ccproxy.fronts.interceptor.native.tee import RequestTee, ResponseTee
from ccproxy.gateway.endings import stopped_short
from ccproxy.gateway.native_format import native_format

if TYPE_CHECKING:
    from mitmproxy.http import HTTPFlow
    from mitmproxy.http import Request as MitmRequest
    from mitmproxy.http import Response as MitmResponse

TRUNCATED = Failure("truncated", "the provider ended its stream in mid-answer")


class HttpHooks:
    """The hooks of HTTP flows."""

    def __init__(self, ledger: Ledger, causes: Causes) -> None:
        self._ledger, self._causes = ledger, causes

    def requestheaders(self, flow: HTTPFlow) -> None:
        """A request begins; its body is to stream."""
        if CLAIMED in flow.metadata:
            return
        request = request_of(flow.request)
        entry = self._ledger.begin(flow, request, meant(flow))
        exchange = entry.exchange
        exchange.format = native_format(request.path)
        exchange.timings.started = flow.request.timestamp_start
        tee = RequestTee(request, self._ledger.recorder.body_limit)
        entry.settle = tee.settle
        if flow.response is None and flow.error is None:  # else mitmproxy cannot stream
            flow.request.stream = tee

    def request(self, flow: HTTPFlow) -> None:
        """A request is whole."""
        entry = self._ledger.find(flow)
        if entry is None:
            return
        exchange = entry.exchange
        if (whole := flow.request.raw_content) and not isinstance(flow.request.stream, RequestTee):
            tee = RequestTee(exchange.request, self._ledger.recorder.body_limit)
            tee(whole)
            tee.settle()
        elif entry.settle is not None:
            entry.settle()
        exchange.forwarded = exchange.request
        exchange.timings.received = flow.request.timestamp_end
        exchange.timings.sent = time.time()

    def responseheaders(self, flow: HTTPFlow) -> None:
        """An answer begins; its body is to stream."""
        entry = self._ledger.find(flow)
        if entry is None or flow.response is None:
            return
        exchange = entry.exchange
        record = response_of(flow.response)
        exchange.provider_response = exchange.response = record
        exchange.forwarded, exchange.attempts = exchange.request, [attempt_of(flow)]
        exchange.timings.headers = flow.response.timestamp_start
        flow.response.stream = ResponseTee(exchange, record, self._ledger.recorder)

    def response(self, flow: HTTPFlow) -> None:
        """An answer is whole."""
        entry = self._ledger.find(flow)
        if entry is None or entry.exchange.response is None or flow.response is None:
            return
        record = entry.exchange.response
        if not record.size and (whole := flow.response.raw_content):  # another addon's answer
            self._ledger.recorder.keep(record, 0, whole)
        record.complete = True
        if flow.websocket is not None:
            entry.exchange.websocket = WebSocketRecord()
            return
        self._ledger.finish(flow, TRUNCATED if is_short(entry.exchange, record) else None)

    def error(self, flow: HTTPFlow) -> None:
        """It failed. The client's connection breaks, as it would have without us: it gets no page of mitmproxy's."""
        entry = self._ledger.find(flow)
        failure = self._causes.failure(flow, entry.exchange.destination or meant(flow) if entry else meant(flow))
        if flow.killable and failure.kind != "client_gone":
            flow.kill()  # type: ignore[no-untyped-call]
        if entry is not None:
            if failure.kind in NOT_SENT:
                entry.exchange.forwarded = entry.exchange.timings.sent = None
            self._ledger.finish(flow, failure)


def request_of(request: MitmRequest) -> HttpRequest:
    """The record of a request whose body is still to come."""
    data = request.data
    fields = list(request.headers.fields)
    return HttpRequest(data.method.decode("latin-1"), data.path, fields, http_version=version(data.http_version))


def response_of(response: MitmResponse) -> HttpResponse:
    """The record of a response whose body is still to come."""
    data = response.data
    fields = list(response.headers.fields)
    return HttpResponse(data.status_code, fields, data.reason, http_version=version(data.http_version))


def attempt_of(flow: HTTPFlow) -> Attempt:
    """The one time that a native request is sent."""
    assert flow.response is not None
    started = flow.request.timestamp_end or flow.request.timestamp_start
    return Attempt(started, flow.response.timestamp_start, flow.response.status_code)


def version(protocol: bytes) -> str:
    """`1.1`, `1.0`, `2`, `3` out of `HTTP/2.0`."""
    number = protocol.removeprefix(b"HTTP/").decode("latin-1")
    return number.removesuffix(".0") if number in {"2.0", "3.0"} else number


def is_short(exchange: Exchange, record: HttpResponse) -> bool:
    """Whether a stream of events ended in the middle of an answer."""
    kind = get_header(record.headers, b"content-type") or b""
    return kind.startswith(b"text/event-stream") and stopped_short(exchange.format, record)
