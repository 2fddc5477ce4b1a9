"""The control plane's answers about flows: as records, by name, and without those that are to be forgotten."""

from __future__ import annotations

import json

import pytest

from ccproxy.flows.record.frame import unpack
from ccproxy.flows.record.record import from_record
from tests.support.archives import until
from tests.support.daemon import Daemon, UnixConnection
from tests.support.dialects import ANTHROPIC
from tests.support.http import request_bytes
from tests.support.replies import SSE, chunk, head, reply
from tests.support.upstream import Send, Upstream, Wait

EVENT = b"event: ping\ndata: {}\n\n"


def status_of(daemon: Daemon, method: str, target: str, body: bytes | None = None) -> tuple[int, str]:
    """The status, and the error that goes with it."""
    connection = UnixConnection(daemon.control_socket)
    try:
        connection.request(method, target, body)
        response = connection.getresponse()
        return response.status, str(json.loads(response.read())["error"])
    finally:
        connection.close()


def test_a_flow_as_a_record(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = reply(body=b'{"odd": "\xff"}')
    body = ANTHROPIC.body()
    daemon.ask("POST", ANTHROPIC.target(), [ANTHROPIC.key(), (b"user-agent", agent.encode())], body)
    id = daemon.flow(agent)["id"]
    for name in (id, id[:12]):
        ex = from_record(unpack(daemon.control_bytes("GET", f"/flows/{name}/record")))
        assert (ex.id, ex.request.body) == (id, body)
        assert ex.response is not None
        assert ex.response.body == b'{"odd": "\xff"}'


def test_a_flow_under_way_as_a_record(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    begin = head(200, [SSE, (b"Transfer-Encoding", b"chunked")]) + chunk(EVENT)
    upstream.script = lambda request: [Send(begin), Wait(30.0)]
    with daemon.client() as client:
        fields = [ANTHROPIC.key(), (b"user-agent", agent.encode())]
        client.send(request_bytes("POST", ANTHROPIC.target(stream=True), fields, ANTHROPIC.body(stream=True)))
        client.head()
        flow = until(lambda: daemon.flows(lambda flow: flow["user_agent"] == agent))[0]
        until(lambda: kept(daemon, flow["id"]) == EVENT, "the first bytes of the answer are in the record")
        assert flow["id"] in {each["id"] for each in daemon.control("GET", "/flows?unarchived=1")}
        assert daemon.control("POST", "/flows/delete", {"ids": [flow["id"]]}) == {"deleted": 0, "waiting": 0}
    assert daemon.flow(agent)["id"] == flow["id"]


def kept(daemon: Daemon, id: str) -> bytes:
    """What the record has of the provider's answer."""
    ex = from_record(unpack(daemon.control_bytes("GET", f"/flows/{id}/record")))
    return ex.provider_response.body if ex.provider_response else b""


def test_named_flows_are_forgotten_and_others_are_not(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    for name in ("unwanted", "wanted"):
        daemon.ask("POST", ANTHROPIC.target(), [ANTHROPIC.key(), (b"user-agent", f"{agent} {name}".encode())], b"{}")
    unwanted, wanted = (daemon.flow(f"{agent} {name}")["id"] for name in ("unwanted", "wanted"))
    assert daemon.control("POST", "/flows/delete", {"ids": [unwanted, "no-such"]}) == {"deleted": 1, "waiting": 0}
    assert status_of(daemon, "GET", f"/flows/{unwanted}/record")[0] == 404
    assert status_of(daemon, "GET", f"/flows/{unwanted}")[0] == 404
    assert daemon.flow(f"{agent} wanted")["id"] == wanted


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"ids": "a"}', b'{"ids": [1]}', b"[" * 100_000, b"\xff"])
def test_a_request_to_forget_that_names_no_flows_is_refused(daemon: Daemon, body: bytes) -> None:
    status, error = status_of(daemon, "POST", "/flows/delete", body)
    assert status == 400
    assert "ids" in error
