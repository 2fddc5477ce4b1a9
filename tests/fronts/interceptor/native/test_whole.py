"""A client that leaves with all of its answer has not failed, although the answer was never ended."""

from __future__ import annotations

import json
import socket

import pytest

from ccproxy import simulator
from ccproxy.exchange import Exchange, HttpRequest, HttpResponse
from ccproxy.fronts.interceptor.native.whole import had_it_all
from tests.conftest import StartUpstream
from tests.fronts.interceptor.native.stand import Stand
from tests.support.http import Wire
from tests.support.upstream import Hang, Send

BODY = {"model": "claude-sonnet-4-5", "max_tokens": 99, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
EVENTS = simulator.respond(
    "POST", b"/v1/messages", [(b"content-type", b"application/json")], json.dumps(BODY).encode()
).body
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("kept", [len(EVENTS), len(EVENTS) // 2])
def test_a_client_leaves_after_an_event(stand: Stand, start_upstream: StartUpstream, kept: int) -> None:
    events = EVENTS[:kept]
    upstream = start_upstream(lambda _: [Send(HEAD + b"%x\r\n%s\r\n" % (kept, events)), Hang()])
    lane = stand.lane(upstream.port)
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        sock.sendall(b"POST /v1/messages HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n")
        Wire(sock).until(events[-20:])
    failure = lane.exchange().failure
    assert (failure is None) == (kept == len(EVENTS)), failure
    assert lane.recorder.under_way == 0


@pytest.mark.parametrize(
    ("length", "body", "whole"),
    [(b"3", b"abc", True), (b"4", b"abc", False), (b"x", b"abc", False), (None, b"a", False)],
)
def test_a_promised_length(length: bytes | None, body: bytes, whole: bool) -> None:
    ex = Exchange(HttpRequest("GET", b"/", []))
    assert not had_it_all(ex)
    headers = [] if length is None else [(b"Content-Length", length)]
    ex.response = HttpResponse(200, headers, chunks=[body])
    assert had_it_all(ex) == whole
