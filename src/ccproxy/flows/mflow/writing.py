"""Exchanges as mitmproxy flows: for the inspector, and as `.mflow` files that mitmproxy, mitmweb and mitmdump read.

The only module of this room that needs mitmproxy; import it when it is needed, not before. Flows show everything as it
was sent, credentials too: they are the user's own view of the user's own traffic.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mitmproxy import connection
from mitmproxy.dns import DNSFlow
from mitmproxy.flow import Error, Flow
from mitmproxy.http import Headers, HTTPFlow, Request, Response
from mitmproxy.io import FlowWriter
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.tcp import TCPFlow
from mitmproxy.udp import UDPFlow
from mitmproxy.websocket import WebSocketData, WebSocketMessage
from wsproto.frame_protocol import Opcode

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse, Origin, WebSocketRecord, get_header
from ccproxy.flows import frames
from ccproxy.flows.files import private_file
from ccproxy.flows.mflow import raw_flows
from ccproxy.flows.mflow.facts import add_record
from ccproxy.flows.mflow.flow_facts import comment, metadata
from ccproxy.flows.summary import answered, forwarded, origin_of

LISTENER = ("127.0.0.1", 0)


def to_http_flow(ex: Exchange) -> HTTPFlow:
    """A flow with the exchange's id. Its request is the forwarded one, its response the provider's.

    What else there is to know is in its metadata, under `ccproxy.…`; see `metadata`.
    """
    origin = origin_of(ex)
    flow = HTTPFlow(_client(ex), _server(ex, origin))
    flow.id = ex.id
    flow.timestamp_created = ex.timings.started
    fill(flow, ex)
    return flow


def to_flow(ex: Exchange) -> Flow:
    """A flow of the kind that mitmproxy has for what the exchange is: HTTP, DNS, TCP, UDP."""
    if ex.protocol == "http":
        return to_http_flow(ex)
    flow = raw_flows.make(ex, _client(ex), _server(ex, origin_of(ex)))
    flow.id = ex.id
    flow.timestamp_created = ex.timings.started
    update(flow, ex)
    return flow


def update(flow: Flow, ex: Exchange) -> None:
    """Brings a flow of whatever kind up to date with its exchange."""
    if isinstance(flow, HTTPFlow):
        fill(flow, ex)
    elif isinstance(flow, DNSFlow | TCPFlow | UDPFlow):
        raw_flows.fill(flow, ex)
        _tell(flow, ex)


def fill(flow: HTTPFlow, ex: Exchange) -> None:
    """Brings a flow up to date with its exchange: request, response, error, messages, comment and metadata."""
    flow.request = _request(ex, forwarded(ex), origin_of(ex))
    response = answered(ex)
    flow.response = _response(ex, response) if response else None
    flow.websocket = _websocket(ex, ex.websocket) if ex.websocket else None
    _tell(flow, ex)


def _tell(flow: Flow, ex: Exchange) -> None:
    flow.error = Error(f"{ex.failure.kind}: {ex.failure.message}", _end(ex)) if ex.failure else None
    flow.comment = comment(ex)
    flow.metadata = metadata(ex)


def write(exchanges: Iterable[Exchange], path: Path) -> int:
    """Writes a flow file, readable by its owner only, and returns how many flows it holds. Raises OSError.

    Its flows also hold what mitmproxy has no place for: `ccproxy.flows.mflow.reading` has the exchanges back.
    """
    count = 0
    with private_file(path) as file:
        writer = FlowWriter(file)  # type: ignore[no-untyped-call]
        for ex in exchanges:
            flow = to_flow(ex)
            add_record(flow, ex)
            writer.add(flow)
            count += 1
    return count


def _client(ex: Exchange) -> connection.Client:
    peer, times = ex.client or LISTENER, ex.timings
    client = connection.Client(
        peername=peer, sockname=LISTENER, timestamp_start=times.started, timestamp_end=times.finished
    )
    if ex.front == "jail":
        _jailed(client, ex)
    return client


def _jailed(client: connection.Client, ex: Exchange) -> None:
    """What mitmproxy itself would tell of a connection through its WireGuard mode."""
    client.proxy_mode = ProxyMode.parse("wireguard")
    client.transport_protocol = "udp" if ex.protocol in {"udp", "dns"} or ex.request.http_version == "3" else "tcp"
    if ex.destination is not None and ex.destination.scheme == "https":
        client.tls, client.sni = True, ex.destination.host


def _server(ex: Exchange, origin: Origin) -> connection.Server:
    tls, address = origin.scheme == "https", (origin.host, origin.port)
    return connection.Server(
        address=address, tls=tls, sni=origin.host if tls else None, timestamp_start=ex.timings.sent
    )


def _request(ex: Exchange, request: HttpRequest, origin: Origin) -> Request:
    return Request(
        host=origin.host,
        port=origin.port,
        method=request.method.encode("latin-1", "replace"),
        scheme=origin.scheme.encode(),
        authority=b"",
        path=request.target,
        http_version=_version(request.http_version),
        headers=Headers(request.headers),
        content=request.body,
        trailers=None,
        timestamp_start=ex.timings.started,
        timestamp_end=ex.timings.sent or ex.timings.received,
    )


def _response(ex: Exchange, response: HttpResponse) -> Response:
    return Response(
        http_version=_version(response.http_version),
        status_code=response.status,
        reason=response.reason,
        headers=Headers(response.headers),
        content=response.body,
        trailers=Headers(response.trailers) if response.trailers else None,
        timestamp_start=ex.timings.headers or _end(ex),
        timestamp_end=ex.timings.finished,
    )


def _version(number: str) -> bytes:
    return b"HTTP/" + number.encode("latin-1", "replace")


def _end(ex: Exchange) -> float:
    return ex.timings.finished or ex.timings.first_byte or ex.timings.started


def _websocket(ex: Exchange, record: WebSocketRecord) -> WebSocketData:
    """Relayed frames are kept without times: all bear the time of the handshake, the client's come first."""
    response = answered(ex)
    extensions = get_header(response.headers, b"sec-websocket-extensions") if response else None
    data = WebSocketData([], record.closed_by_client, record.close_code, timestamp_end=ex.timings.finished)
    for said in list(record.messages):
        kind = Opcode.TEXT if said.is_text else Opcode.BINARY
        data.messages.append(WebSocketMessage(kind, said.from_client, said.content, said.time))
    for raw, from_client in ((record.from_client, True), (record.from_server, False)):
        for message in frames.messages(raw, from_client=from_client, extensions=extensions):
            if message.close_code is None:
                kind = Opcode.TEXT if message.is_text else Opcode.BINARY
                data.messages.append(WebSocketMessage(kind, from_client, message.content, ex.timings.headers))
            elif data.close_code is None:
                data.closed_by_client = from_client
                data.close_code, data.close_reason = message.close_code, message.content.decode()
    return data
