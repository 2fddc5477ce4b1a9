"""Native traffic as people see it: flow files, the inspector's view, the table and the story."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.addons.view import View
from mitmproxy.dns import DNSFlow, DNSMessage
from mitmproxy.flow import Flow
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader
from mitmproxy.proxy.mode_specs import WireGuardMode
from mitmproxy.tcp import TCPFlow
from mitmproxy.tools.web.app import flow_to_json
from mitmproxy.udp import UDPFlow

from ccproxy.cli.flows.show import said
from ccproxy.cli.flows.story import story
from ccproxy.cli.flows.table import show_flows
from ccproxy.exchange import (
    Exchange,
    Failure,
    HttpRequest,
    HttpResponse,
    Message,
    Origin,
    Process,
    RawRecord,
    Route,
    WebSocketRecord,
)
from ccproxy.flows.mflow import writing as mflow
from ccproxy.flows.store import MemoryStore, size_of
from ccproxy.flows.summary import detail, summarize
from ccproxy.fronts.interceptor import feeder
from ccproxy.fronts.interceptor.feeder import Feeder
from tests.fronts.interceptor.native.test_dns import answer, query

NOW = datetime.now(UTC)


def jailed(method: str, target: bytes, destination: Origin, protocol: str) -> Exchange:
    return Exchange(
        HttpRequest(method, target, [], http_version=""),
        front="jail",
        client=("10.0.0.1", 40000),
        route=Route("passthrough", None, None, destination, f"nobody claims {destination.host}"),
        jail="claude-2",
        process=Process(("/usr/bin/claude", "-p", "say hi"), 4242),
        protocol=protocol,  # type: ignore[arg-type]
        destination=destination,
    )


def dns() -> Exchange:
    ex = jailed("DNS", b"api.example.test A", Origin("dns", "10.0.0.53", 53), "dns")
    asked = query(7, "api.example.test")
    said = [Message(True, asked, 1.0), Message(False, answer(asked, "192.0.2.7"), 2.0)]
    ex.raw = RawRecord(said, 0, 34, 50, "NOERROR", ("A 192.0.2.7",))
    return done(ex)


def tcp() -> Exchange:
    ex = jailed("TCP", b"192.0.2.9:22", Origin("tcp", "192.0.2.9", 22), "tcp")
    ex.raw = RawRecord([Message(False, b"SSH-2.0-x\r\n", 1.0), Message(True, b"\x00\xff", 2.0)], 5, 2, 16)
    return done(ex)


def udp() -> Exchange:
    ex = jailed("UDP", b"192.0.2.9:123", Origin("udp", "192.0.2.9", 123), "udp")
    ex.raw = RawRecord([Message(True, b"time?", 1.0)], 0, 5, 0)
    return done(ex, Failure("blocked", "private addresses are denied"))


def websocket() -> Exchange:
    ex = jailed("GET", b"/v1/responses", Origin("https", "api.example.test", 443), "http")
    ex.request.http_version = "1.1"
    ex.response = ex.provider_response = HttpResponse(101, [(b"upgrade", b"websocket")])
    ex.websocket = WebSocketRecord(messages=[Message(True, b"ask", 1.0, True), Message(False, b"\xff", 2.0)])
    ex.websocket.close_code, ex.websocket.closed_by_client = 1001, True
    return done(ex)


def done(ex: Exchange, failure: Failure | None = None) -> Exchange:
    ex.timings.finished = ex.timings.started + 0.1
    ex.failure = failure
    return ex


def reloaded(path: Path, *exchanges: Exchange) -> list[Flow]:
    mflow.write(exchanges, path)
    with path.open("rb") as file:
        return list(FlowReader(file).stream())


def test_a_flow_file_has_each_as_what_it_is(tmp_path: Path) -> None:
    name, raw, datagrams, socket = reloaded(tmp_path / "x.mflow", dns(), tcp(), udp(), websocket())
    assert isinstance(name, DNSFlow)
    assert name.request.question is not None
    assert name.request.question.name == "api.example.test"
    assert name.response is not None
    assert [str(record) for record in name.response.answers] == ["192.0.2.7"]
    assert isinstance(raw, TCPFlow)
    assert [(m.from_client, m.content, m.timestamp) for m in raw.messages] == [
        (False, b"SSH-2.0-x\r\n", 1.0),
        (True, b"\x00\xff", 2.0),
    ]
    assert isinstance(datagrams, UDPFlow)
    assert str(datagrams.error) == "blocked: private addresses are denied"
    assert isinstance(socket, HTTPFlow)
    assert socket.websocket is not None
    assert [(m.from_client, m.is_text, m.content) for m in socket.websocket.messages] == [
        (True, True, b"ask"),
        (False, False, b"\xff"),
    ]
    assert (socket.websocket.close_code, socket.websocket.closed_by_client) == (1001, True)
    for flow in (name, raw, datagrams, socket):
        assert isinstance(flow.client_conn.proxy_mode, WireGuardMode)
        assert flow.metadata["ccproxy.jail"] == "claude-2"
        assert flow.metadata["ccproxy.command"] == "/usr/bin/claude -p 'say hi'"
        assert flow.metadata["ccproxy.pid"] == 4242
        assert flow_to_json(flow)["type"] == flow.type


@given(asked=st.binary(max_size=40), answered=st.binary(max_size=40))
def test_whatever_was_said_becomes_a_flow(
    asked: bytes, answered: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-raw.mflow"
    for ex in (dns(), tcp(), udp()):
        assert ex.raw is not None
        ex.raw.messages = [Message(True, asked, 1.0), Message(False, answered, 2.0)]
        (flow,) = reloaded(path, ex)
        assert flow.id == ex.id
        assert flow_to_json(flow)["id"] == ex.id
        detail(ex)


def test_the_inspectors_view_has_them_and_grows_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeder, "TICK_SECONDS", 0.002)
    monkeypatch.setattr(feeder, "SLICE_SECONDS", 1.0)

    async def main() -> None:
        store, view = MemoryStore(), View()
        feeding = Feeder(store, view, 100, 1 << 30)
        feeding.start()
        growing = jailed("TCP", b"192.0.2.9:22", Origin("tcp", "192.0.2.9", 22), "tcp")
        growing.raw = RawRecord()
        store.begin(growing)
        for ex in (dns(), udp(), websocket()):
            store.begin(ex)
            store.finish(ex)
        await shows(view, [(TCPFlow, 0), (DNSFlow, 0), (UDPFlow, 1), (HTTPFlow, 0)])
        growing.raw.messages.append(Message(True, b"more", 1.0))
        await shows(view, [(TCPFlow, 1), (DNSFlow, 0), (UDPFlow, 1), (HTTPFlow, 0)])
        feeding.stop()

    asyncio.run(asyncio.wait_for(main(), 30))


async def shows(view: View, expected: list[tuple[type[Flow], int]]) -> None:
    def seen() -> list[tuple[type[Flow], int]]:
        return [(type(flow), len(getattr(flow, "messages", ()))) for flow in view]

    for _ in range(500):
        if seen() == expected:
            return
        await asyncio.sleep(0.002)
    assert seen() == expected


def test_the_store_counts_messages() -> None:
    ex = tcp()
    before = size_of(ex)
    assert ex.raw is not None
    ex.raw.messages.append(Message(True, b"x" * 10_000, 3.0))
    assert size_of(ex) >= before + 10_000
    socket = websocket()
    assert socket.websocket is not None
    before = size_of(socket)
    socket.websocket.messages.append(Message(True, b"x" * 10_000, 3.0))
    assert size_of(socket) >= before + 10_000


def test_the_summary() -> None:
    told = summarize(dns())
    assert (told["method"], told["path"], told["protocol"]) == ("DNS", "api.example.test A", "dns")
    assert told["url"] == "dns://10.0.0.53:53/api.example.test?type=A"
    assert told["process"] == {"command": ["/usr/bin/claude", "-p", "say hi"], "pid": 4242}
    assert told["talk"] == {
        "messages": 2,
        "dropped": 0,
        "status": "NOERROR",
        "answers": ["A 192.0.2.7"],
        "close_code": None,
    }
    assert (summarize(tcp())["url"], summarize(tcp())["response_bytes"]) == ("tcp://192.0.2.9:22", 16)
    assert [each["text"] for each in detail(tcp())["messages"]] == ["SSH-2.0-x\r\n", "AP8="]


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    show_flows([summarize(ex) for ex in (dns(), tcp(), udp(), websocket())])
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split()[:4] == ["ID", "TIME", "JAIL", "CLIENT"]
    for line, words in zip(
        lines,
        (
            ["claude-2", "claude", "DNS api.example.test A", "10.0.0.53", "NOERROR"],
            ["claude-2", "TCP 192.0.2.9:22", "ended"],
            ["UDP 192.0.2.9:123", "private addresses are denied"],
            ["GET /v1/responses", "- → api.example.test", "101"],
        ),
        strict=True,
    ):
        assert [word for word in words if word not in line] == []


def test_the_table_has_no_such_column_without_jails(capsys: pytest.CaptureFixture[str]) -> None:
    show_flows([summarize(Exchange(HttpRequest("GET", b"/", [])))])
    assert "JAIL" not in capsys.readouterr().out


def test_the_story() -> None:
    told = click.unstyle(story(detail(dns()), NOW, 100))
    for line in (
        "DNS api.example.test A  NOERROR",
        "jail          claude-2",
        "command       /usr/bin/claude -p 'say hi'",
        "pid           4242",
        "meant for     dns://10.0.0.53:53",
        "answers       A 192.0.2.7",
        "messages      2",
    ):
        assert line in told
    assert "messages      2, and 5 B that were not kept" in click.unstyle(story(detail(tcp()), NOW, 100))
    talk = click.unstyle(said(detail(websocket())["messages"])).splitlines()
    assert talk == ["messages", "→ ask", "← \\xff"]


def test_a_dns_message_is_the_one_that_was_sent() -> None:
    asked = query(7, "api.example.test")
    assert DNSMessage.unpack(asked).packed == asked
