"""Exchanges as mitmproxy flows, and flow files that mitmproxy reads."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Request, TextMessage

from ccproxy.exchange import Exchange, Failure, HttpRequest, HttpResponse, Origin, Route, WebSocketRecord
from ccproxy.flows.mflow import writing as mflow


def test_a_finished_exchange(recording: Callable[[str], Exchange]) -> None:
    ex = recording("anthropic_stream")
    flow = mflow.to_http_flow(ex)
    assert flow.id == ex.id
    assert flow.request.url == "https://api.anthropic.com/v1/messages"
    assert flow.request.raw_content is ex.request.body
    assert flow.request.headers.fields == ((b"Host", b"api.anthropic.com"), (b"x-api-key", b"top-secret"))
    assert flow.response is not None
    assert ex.provider_response is not None
    assert flow.response.raw_content == ex.provider_response.body
    assert flow.comment == "redirect → main (anthropic) https://api.anthropic.com: sentinel main in x-api-key"
    assert flow.metadata["ccproxy.provider"] == "main"
    assert flow.metadata["ccproxy.client_request"]["headers"][1] == [b"x-api-key", b"sk-ant-oat-ccproxy-main"]
    assert "ccproxy.client_response" not in flow.metadata
    assert (flow.request.timestamp_start, flow.response.timestamp_end) == (ex.timings.started, ex.timings.finished)
    assert flow.client_conn.peername == ("127.0.0.1", 51000)
    assert flow.error is None


def test_a_flow_grows_with_its_exchange(recording: Callable[[str], Exchange]) -> None:
    whole = recording("chat_stream")
    ex = Exchange(whole.request)
    flow = mflow.to_http_flow(ex)
    assert (flow.response, flow.comment, flow.request.pretty_url) == (
        None,
        "",
        "http://127.0.0.1:4000/v1/chat/completions",
    )
    ex.route, ex.forwarded, ex.provider_response = (
        whole.route,
        whole.forwarded,
        HttpResponse(200, [], chunks=[b"data: "]),
    )
    ex.failure = Failure("reset", "the provider closed the connection")
    mflow.fill(flow, ex)
    assert flow.request.pretty_host == "api.openai.com"
    assert flow.response is not None
    assert flow.response.raw_content == b"data: "
    assert str(flow.error) == "reset: the provider closed the connection"


def test_flow_files_are_read_by_mitmproxy_and_private(recording: Callable[[str], Exchange], tmp_path: Path) -> None:
    exchanges = [recording(name) for name in ("anthropic_stream", "gemini_buffered", "anthropic_error")]
    unrouted = Exchange(HttpRequest("PUT", b"/unknown?a=b", [(b"x", b"\xff\xfe")], b"\x00\xff"))
    unrouted.response = HttpResponse(501, [(b"content-type", b"application/json")], b"Not Implemented", [b"{}"])
    unrouted.failure = Failure("no_route", "nothing matches")
    simulated = Exchange(HttpRequest("GET", b"/v1/models", []), forwarded=HttpRequest("GET", b"/v1/models", []))
    simulated.route = Route("redirect", "sim", None, Origin("simulator", "simulator", 0), "sentinel")
    path = tmp_path / "flows.mflow"
    path.touch(mode=0o644)
    assert mflow.write([*exchanges, unrouted, simulated], path) == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open("rb") as file:
        flows = [flow for flow in FlowReader(file).stream() if isinstance(flow, HTTPFlow)]
    assert [flow.id for flow in flows] == [ex.id for ex in [*exchanges, unrouted, simulated]]
    assert flows[0].metadata.items() >= mflow.metadata(exchanges[0]).items()
    assert flows[3].metadata["ccproxy.client_response"]["body"] == b"{}"
    assert (flows[3].request.raw_content, flows[3].request.method) == (b"\x00\xff", "PUT")
    assert flows[4].request.scheme == "simulator"


@pytest.mark.parametrize("order", ["client", "server"])
def test_websocket_messages(order: str) -> None:
    client, server = WSConnection(ConnectionType.CLIENT), WSConnection(ConnectionType.SERVER)
    server.receive_data(client.send(Request(host="x", target="/")))
    list(server.events())
    client.receive_data(server.send(AcceptConnection()))
    list(client.events())
    ex = Exchange(HttpRequest("GET", b"/v1/responses", [(b"upgrade", b"websocket")]))
    ex.response = ex.provider_response = HttpResponse(101, [(b"upgrade", b"websocket")])
    ex.websocket = WebSocketRecord([client.send(TextMessage("ask"))], [server.send(BytesMessage(b"answer"))])
    frames = ex.websocket.from_client if order == "client" else ex.websocket.from_server
    frames.append((client if order == "client" else server).send(CloseConnection(1001, "gone")))
    flow = mflow.to_http_flow(ex)
    assert flow.websocket is not None
    assert [(m.from_client, m.is_text, m.content) for m in flow.websocket.messages] == [
        (True, True, b"ask"),
        (False, False, b"answer"),
    ]
    assert (flow.websocket.close_code, flow.websocket.close_reason) == (1001, "gone")
    assert flow.websocket.closed_by_client is (order == "client")


@given(
    method=st.text(max_size=5),
    data=st.binary(max_size=30),
    headers=st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=3),
    status=st.integers(0, 999),
)
def test_whatever_passed_becomes_a_flow(
    method: str, data: bytes, headers: list[tuple[bytes, bytes]], status: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ex = Exchange(HttpRequest(method, data, headers, data, http_version=method))
    ex.response = HttpResponse(status, headers, data, [data])
    path = tmp_path_factory.getbasetemp() / "any.mflow"
    mflow.write([ex], path)
    with path.open("rb") as file:
        (flow,) = FlowReader(file).stream()
    assert flow.id == ex.id
