"""Bodies of any size: what is kept is bounded, and what passes is counted."""

from __future__ import annotations

import hashlib
import resource
import socket

from ccproxy.flows.store import size_of
from ccproxy.flows.summary import detail
from tests.conftest import StartUpstream
from tests.fronts.interceptor.native.stand import BOUND_SECONDS, Stand
from tests.support.http import Wire
from tests.support.upstream import Flood, Send

MIB = 1024 * 1024
LENGTH = 100 * MIB
LIMIT = MIB
PATTERN = bytes(range(256)) * 256


def test_a_download(stand: Stand, start_upstream: StartUpstream) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LENGTH
    upstream = start_upstream(lambda _: [Send(head), Flood(PATTERN, LENGTH)])
    lane = stand.lane(upstream.port, body_limit=LIMIT)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        sock.sendall(b"GET /big HTTP/1.1\r\nHost: a.test\r\n\r\n")
        wire = Wire(sock, BOUND_SECONDS)
        assert wire.until(b"\r\n\r\n") == head
        got, expected = hashlib.sha256(), hashlib.sha256()
        for piece in wire.exactly(LENGTH):
            got.update(piece)
            wire.take_raw()
    for _ in range(LENGTH // len(PATTERN)):
        expected.update(PATTERN)
    assert got.digest() == expected.digest()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < LENGTH // 2
    ex = lane.exchange()
    assert ex.response is not None
    assert (len(ex.response.body), ex.response.size, ex.response.complete) == (LIMIT, LENGTH, True)
    assert size_of(ex) < 2 * LIMIT
    assert detail(ex)["bodies"]["client_response"]["truncated"] is True


def test_an_upload(stand: Stand, start_upstream: StartUpstream) -> None:
    size = 8 * MIB
    upstream = start_upstream(lambda _: [Send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")])
    lane = stand.lane(upstream.port, body_limit=LIMIT)
    body = bytes(range(256)) * (size // 256)
    with socket.create_connection(("127.0.0.1", lane.port)) as sock:
        sock.sendall(b"POST /big HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % size + body)
        Wire(sock, BOUND_SECONDS).until(b"ok")
    assert upstream.requests[0].body == body
    ex = lane.exchange()
    assert (ex.request.body, ex.request.size, ex.request.dropped) == (body[:LIMIT], size, size - LIMIT)
    assert detail(ex)["bodies"]["client_request"]["truncated"] is True
