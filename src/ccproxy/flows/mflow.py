"""Exchanges as mitmproxy flows: for the inspector, and as `.mflow` files that mitmproxy, mitmweb and mitmdump read.

The only module of this room that needs mitmproxy; import it when it is needed, not before. Flows show everything as it
was sent, credentials too: they are the user's own view of the user's own traffic.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mitmproxy import connection
from mitmproxy.flow import Error
from mitmproxy.http import Headers, HTTPFlow, Request, Response
from mitmproxy.io import FlowWriter
from mitmproxy.websocket import WebSocketData, WebSocketMessage
from wsproto.frame_protocol import Opcode

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse, Origin, WebSocketRecord, get_header
from ccproxy.flows import frames
from ccproxy.flows.summary import answered, forwarded, origin_of
from ccproxy.flows.told_by_hooks import hook_results, labels

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


def fill(flow: HTTPFlow, ex: Exchange) -> None:
    """Brings a flow up to date with its exchange: request, response, error, messages, comment and metadata."""
    flow.request = _request(ex, forwarded(ex), origin_of(ex))
    response = answered(ex)
    flow.response = _response(ex, response) if response else None
    flow.error = Error(f"{ex.failure.kind}: {ex.failure.message}", _end(ex)) if ex.failure else None
    flow.websocket = _websocket(ex, ex.websocket) if ex.websocket else None
    flow.comment = comment(ex)
    flow.metadata = metadata(ex)


def write(exchanges: Iterable[Exchange], path: Path) -> int:
    """Writes a flow file readable by its owner only, and returns how many flows it holds. Raises OSError."""
    count = 0
    with open(path, "wb", opener=_private) as file:
        writer = FlowWriter(file)  # type: ignore[no-untyped-call]
        for ex in exchanges:
            writer.add(to_http_flow(ex))
            count += 1
    return count


def _private(path: str, flags: int) -> int:
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)  # it may have been there before
    return descriptor


def comment(ex: Exchange) -> str:
    """The route in words, such as `redirect → main (anthropic) https://api.anthropic.com: sentinel in x-api-key`."""
    route = ex.route
    if route is None:
        return ""
    provider = f" {route.provider}" if route.provider else ""
    wire = f" ({route.provider_format})" if route.provider_format else ""
    target = f" →{provider}{wire}{f' {route.origin}' if route.origin else ''}" if provider or route.origin else ""
    return f"{route.action}{target}: {route.reason}"


def metadata(ex: Exchange) -> dict[str, Any]:
    """What a flow file and the content views know beside the flow itself. Only types that a flow file can hold."""
    route = ex.route
    facts: dict[str, Any] = {
        "ccproxy.front": ex.front,
        "ccproxy.format": ex.format and str(ex.format),
        "ccproxy.action": route and route.action,
        "ccproxy.provider": route and route.provider,
        "ccproxy.reason": route and route.reason,
        "ccproxy.forwarded": ex.forwarded is not None,
        "ccproxy.answered": ex.provider_response is not None,
        "ccproxy.attempts": ex.attempts,
        "ccproxy.reused_connection": ex.reused_connection,
        "ccproxy.client_request": _request_facts(ex.request),
        "ccproxy.dropped": ex.response.dropped if ex.response else 0,
        "ccproxy.left_out": dict(ex.dropped),
        "ccproxy.hooks": hook_results(ex),
        **{f"ccproxy.{name}": value for name, value in labels(ex).items()},
    }
    if ex.response is not None and ex.response is not ex.provider_response:
        facts["ccproxy.client_response"] = _response_facts(ex.response)
    return facts


def _request_facts(request: HttpRequest) -> dict[str, Any]:
    headers = [list(header) for header in request.headers]
    return {"method": request.method, "target": request.target, "headers": headers, "body": request.body}


def _response_facts(response: HttpResponse) -> dict[str, Any]:
    headers = [list(header) for header in response.headers]
    return {"status": response.status, "reason": response.reason, "headers": headers, "body": response.body}


def _client(ex: Exchange) -> connection.Client:
    peer, times = ex.client or LISTENER, ex.timings
    return connection.Client(
        peername=peer, sockname=LISTENER, timestamp_start=times.started, timestamp_end=times.finished
    )


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
        trailers=None,
        timestamp_start=ex.timings.headers or _end(ex),
        timestamp_end=ex.timings.finished,
    )


def _version(number: str) -> bytes:
    return b"HTTP/" + number.encode("latin-1", "replace")


def _end(ex: Exchange) -> float:
    return ex.timings.finished or ex.timings.first_byte or ex.timings.started


def _websocket(ex: Exchange, record: WebSocketRecord) -> WebSocketData:
    """The record keeps no times of single messages: all bear the time of the handshake, the client's come first."""
    response = answered(ex)
    extensions = get_header(response.headers, b"sec-websocket-extensions") if response else None
    data = WebSocketData(timestamp_end=ex.timings.finished)
    for raw, from_client in ((record.from_client, True), (record.from_server, False)):
        for message in frames.messages(raw, from_client=from_client, extensions=extensions):
            if message.close_code is None:
                kind = Opcode.TEXT if message.is_text else Opcode.BINARY
                data.messages.append(WebSocketMessage(kind, from_client, message.content, ex.timings.headers))
            elif data.close_code is None:
                data.closed_by_client = from_client
                data.close_code, data.close_reason = message.close_code, message.content.decode()
    return data
