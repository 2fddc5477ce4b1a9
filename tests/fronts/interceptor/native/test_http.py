"""HTTP/1.1 through a lane: nothing changes on the wire, and the record holds it."""

from __future__ import annotations

import socket
import string
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import Origin, Process, WireFormat
from ccproxy.flows.summary import summarize
from tests.conftest import StartUpstream
from tests.fronts.interceptor.native.stand import Stand, until
from tests.support.http import Wire, parse_head
from tests.support.upstream import Recorded, Send, Upstream

names = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=12).filter(
    lambda name: (
        name.lower()
        not in {"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "keep-alive", "te"}
    )
)
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f\x85\xa0"), max_size=30)
fields = st.lists(st.tuples(names, values), max_size=8)


def head(first: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


@given(asked=fields, body=st.binary(max_size=3000), answered=fields, answer=st.binary(min_size=1, max_size=3000))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_byte_passes_both_ways(
    stand: Stand,
    start_upstream: StartUpstream,
    asked: list[tuple[str, str]],
    body: bytes,
    answered: list[tuple[str, str]],
    answer: bytes,
) -> None:
    request = head("POST /a/b?c=%20d HTTP/1.1", [("hOST", "x.test"), *asked, ("content-LENGTH", str(len(body)))]) + body
    length = ("content-Length", str(len(answer)))
    response = head("HTTP/1.1 299 Some Reason", [*answered, length]) + answer
    upstream = start_upstream(lambda _: [Send(response)])
    lane = stand.lane(upstream.port)
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        sock.sendall(request)
        wire = Wire(sock)
        got = b"".join(wire.exactly(len(response)))
    assert got == response
    (seen,) = upstream.requests
    assert seen.raw == request
    upstream.stop()
    ex = lane.exchange()
    assert ex.request.body == body
    assert [f"{n.decode('latin-1')}: {v.decode('latin-1')}" for n, v in ex.request.headers] == request.partition(
        b"\r\n\r\n"
    )[0].decode("latin-1").split("\r\n")[1:]
    assert ex.response is ex.provider_response
    assert ex.response is not None
    assert (ex.response.status, ex.response.reason, ex.response.body) == (299, b"Some Reason", answer)
    assert ex.response.headers == parse_head(response.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")[1]


ANSWER = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"hi"}],'
    b'"stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":3}}'
)


def answering(body: bytes, *headers: bytes) -> bytes:
    fields = b"".join(header + b"\r\n" for header in headers)
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (fields, len(body), body)


def post(lane_port: int, path: bytes, body: bytes, host: bytes = b"api.anthropic.test") -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", lane_port))
    sock.sendall(b"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s" % (path, host, len(body), body))
    return sock


@pytest.fixture
def anthropic(start_upstream: StartUpstream) -> Upstream:
    return start_upstream(lambda _: [Send(answering(ANSWER, b"Content-Type: application/json"))])


def test_a_record_tells_where_it_came_from_and_where_it_went(stand: Stand, anthropic: Upstream) -> None:
    lane = stand.lane(anthropic.port)
    with post(lane.port, b"/v1/messages?beta=true", b'{"model":"claude-x","messages":[]}') as sock:
        Wire(sock).until(ANSWER)
    ex = lane.exchange()
    assert (ex.front, ex.jail, ex.protocol, ex.format) == ("jail", "test", "http", WireFormat.ANTHROPIC)
    assert ex.process == Process(("some", "command"), 4242)
    assert ex.destination == Origin("http", "api.anthropic.test", anthropic.port)
    assert ex.route is not None
    assert (ex.route.action, ex.route.reason) == ("passthrough", "nobody claims api.anthropic.test")
    assert ex.failure is None
    times = ex.timings
    order = [times.started, times.received, times.headers, times.first_byte, times.finished]
    assert all(order)
    assert order == sorted(order, key=lambda time: time or 0.0)
    told = summarize(ex)
    assert told["usage"]["output_tokens"] == 3
    assert (told["model"], told["status"], told["jail"]) == ("claude-x", 200, "test")
    assert told["url"] == f"http://api.anthropic.test:{anthropic.port}/v1/messages?beta=true"
    assert lane.recorder.under_way == 0


def test_one_connection_carries_many_requests(stand: Stand, anthropic: Upstream) -> None:
    lane = stand.lane(anthropic.port)
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        for number in range(5):
            sock.sendall(b"GET /%d HTTP/1.1\r\nHost: a.test\r\n\r\n" % number)
            Wire(sock).until(ANSWER)
    assert [ex.request.target for ex in lane.exchanges(5)] == [b"/%d" % number for number in range(5)]
    assert anthropic.connections == 1


def test_events_pass_as_they_come(stand: Stand, start_upstream: StartUpstream) -> None:
    gate = {"open": False}

    def steps(_: Recorded) -> Iterator[Send]:
        yield Send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        yield Send(b'1b\r\nevent: a\ndata: {"one": 1}\n\n\r\n')
        until(lambda: gate["open"])  # the second comes only when the first has arrived
        yield Send(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    upstream = start_upstream(steps)
    lane = stand.lane(upstream.port)
    with post(lane.port, b"/events", b"{}") as sock:
        wire = Wire(sock)
        wire.until(b'data: {"one": 1}\n\n')
        assert not lane.store.list()[0].done
        gate["open"] = True
        wire.until(b"0\r\n\r\n")
    ex = lane.exchange()
    assert ex.response is not None
    assert ex.response.body == b'event: a\ndata: {"one": 1}\n\ndata: 2\n\n'
    assert summarize(ex)["stream"] is True


def test_an_answer_that_stops_short_is_told(stand: Stand, start_upstream: StartUpstream) -> None:
    events = b'event: message_start\ndata: {"type":"message_start"}\n\n'
    upstream = start_upstream(lambda _: [Send(answering(events, b"Content-Type: text/event-stream"))])
    lane = stand.lane(upstream.port)
    with post(lane.port, b"/v1/messages", b"{}") as sock:
        Wire(sock).until(events)
    failure = lane.exchange().failure
    assert failure is not None
    assert failure.kind == "truncated"


def test_a_chunked_upload_passes_while_it_is_sent(stand: Stand, anthropic: Upstream) -> None:
    lane = stand.lane(anthropic.port)
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        sock.sendall(b"PUT /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        until(lambda: anthropic.connections == 1)  # the body has not ended yet
        sock.sendall(b"2\r\nde\r\n0\r\n\r\n")
        Wire(sock).until(ANSWER)
    assert anthropic.requests[0].body == b"abcde"
    assert lane.exchange().request.body == b"abcde"
