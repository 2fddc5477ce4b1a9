"""A flow that mitmproxy itself recorded as an exchange that passed unchanged."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from mitmproxy.dns import DNSFlow, DNSMessage
from mitmproxy.flow import Flow
from mitmproxy.http import Headers as FlowHeaders
from mitmproxy.http import HTTPFlow, Request, Response
from mitmproxy.net.dns import response_codes, types
from mitmproxy.tcp import TCPFlow
from mitmproxy.udp import UDPFlow
from wsproto.frame_protocol import Opcode

from ccproxy.exchange import (
    Attempt,
    Exchange,
    Failure,
    Headers,
    HttpRequest,
    HttpResponse,
    Message,
    Origin,
    RawRecord,
    Route,
    Timings,
    WebSocketRecord,
    WireFormat,
)
from ccproxy.flows.files import FlowFileError

REASON = "imported from a flow file of mitmproxy"


def foreign(flow: Flow, format_of: Callable[[str], WireFormat | None]) -> Exchange:
    """The exchange of a flow, with the flow's id. Raises FlowFileError for a kind of flow that is not known."""
    match flow:
        case HTTPFlow():
            ex = _http(flow, format_of)
        case DNSFlow():
            ex = _dns(flow)
        case TCPFlow() | UDPFlow():
            ex = _stream(flow)
        case _:
            raise FlowFileError(f"the flow {flow.id} is of a kind that is not known: {type(flow).__name__}")
    ex.id = flow.id
    if flow.client_conn.peername:
        ex.client = (str(flow.client_conn.peername[0]), int(flow.client_conn.peername[1]))
    if flow.error:
        ex.failure = Failure("mitmproxy", flow.error.msg)
    return ex


def _http(flow: HTTPFlow, format_of: Callable[[str], WireFormat | None]) -> Exchange:
    asked, answer = flow.request, flow.response
    origin = Origin(asked.scheme or ("https" if asked.port == 443 else "http"), asked.host, asked.port)
    request = _request(asked)
    ex = Exchange(request, format=format_of(request.path), destination=origin, forwarded=request)
    ex.route = Route("passthrough", None, ex.format, origin, REASON)
    ex.timings = Timings(asked.timestamp_start, asked.timestamp_end, asked.timestamp_end)
    ex.timings.finished = flow.error.timestamp if flow.error else None
    if answer is not None:
        ex.response = ex.provider_response = _response(answer, complete=flow.error is None)
        ex.timings.headers = ex.timings.first_byte = answer.timestamp_start
        ex.timings.finished = answer.timestamp_end or ex.timings.finished
        started = asked.timestamp_end or asked.timestamp_start
        ex.attempts = [Attempt(started, answer.timestamp_start, answer.status_code)]
    ex.timings.finished = ex.timings.finished or ex.timings.headers or ex.timings.started
    if flow.websocket is not None:
        record = WebSocketRecord(close_code=flow.websocket.close_code, closed_by_client=flow.websocket.closed_by_client)
        for said in flow.websocket.messages:
            record.messages.append(Message(said.from_client, said.content, said.timestamp, said.type is Opcode.TEXT))
        ex.websocket = record
    return ex


def _request(asked: Request) -> HttpRequest:
    """mitmproxy keeps the authority of HTTP/2 beside the fields."""
    headers = list(asked.headers.fields)
    if asked.authority and "host" not in asked.headers:
        headers.insert(0, (b"host", asked.authority.encode("utf-8", "replace")))
    target = asked.path.encode("utf-8", "surrogateescape")
    return HttpRequest(asked.method, target, headers, asked.raw_content or b"", _version(asked.http_version))


def _response(answer: Response, *, complete: bool) -> HttpResponse:
    body, reason = answer.raw_content or b"", answer.reason.encode("latin-1", "replace")
    return HttpResponse(
        answer.status_code,
        list(answer.headers.fields),
        reason,
        [body] if body else [],
        _version(answer.http_version),
        complete=complete,
        trailers=_fields(answer.trailers),
    )


def _fields(headers: FlowHeaders | None) -> Headers:
    return list(headers.fields) if headers is not None else []


def _version(protocol: str) -> str:
    """`1.1`, `1.0`, `2`, `3` out of `HTTP/2.0`."""
    number = protocol.removeprefix("HTTP/")
    return number.removesuffix(".0") if number in {"2.0", "3.0"} else number


def _dns(flow: DNSFlow) -> Exchange:
    target = ", ".join(f"{each.name} {types.to_str(each.type)}" for each in flow.request.questions)
    messages = [_packed(flow.request, from_client=True)]
    if flow.response is not None:
        messages.append(_packed(flow.response, from_client=False))
    ex = _raw(flow, "DNS", target, messages)
    if flow.response is not None and ex.raw is not None:
        ex.raw.status = response_codes.to_str(flow.response.response_code)
        ex.raw.answers = tuple(f"{types.to_str(each.type)} {each}" for each in flow.response.answers)
    return ex


def _packed(message: DNSMessage, *, from_client: bool) -> Message:
    try:
        content = message.packed
    except (ValueError, struct.error):
        content = b""
    return Message(from_client, content, message.timestamp or 0.0)


def _stream(flow: TCPFlow | UDPFlow) -> Exchange:
    messages = [Message(each.from_client, each.content, each.timestamp) for each in flow.messages]
    return _raw(flow, flow.type.upper(), "", messages)


def _raw(flow: DNSFlow | TCPFlow | UDPFlow, method: str, target: str, messages: Sequence[Message]) -> Exchange:
    host, port = flow.server_conn.address or ("unknown", 0)
    protocol, started = flow.type, flow.timestamp_created
    sent, received = (sum(len(each.content) for each in messages if each.from_client is side) for side in (True, False))
    request = HttpRequest(method, target.encode("utf-8", "replace"), [], http_version="")
    ex = Exchange(request, destination=Origin(protocol, host, port), forwarded=request)
    ex.protocol = "dns" if protocol == "dns" else "tcp" if protocol == "tcp" else "udp"
    ex.route = Route("passthrough", None, None, ex.destination, REASON)
    ex.raw = RawRecord(list(messages), sent=sent, received=received)
    ex.timings = Timings(started, started, finished=messages[-1].time if messages else started)
    return ex
