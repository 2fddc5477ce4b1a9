"""Connections on both sides: shared, gone stale, pipelined, left, and slower than the other side."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import pytest

from tests.conftest import StartUpstream
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, OPENAI
from tests.support.http import Response, request_bytes
from tests.support.replies import SSE, always, each, head, json_reply, reply, stream
from tests.support.upstream import Close, Flood, Hang, Recorded, Send, Step, Upstream, Wait

POST = request_bytes("POST", "/v1/messages", [ANTHROPIC.key()], ANTHROPIC.body())
STREAM = request_bytes("POST", "/v1/chat/completions", [OPENAI.key()], OPENAI.body(stream=True))


def test_clients_share_upstream_connections(daemon: Daemon, upstream: Upstream) -> None:
    for _ in range(5):
        assert daemon.ask("POST", "/v1/messages", [ANTHROPIC.key()], ANTHROPIC.body()).status == 200
    assert len({seen.connection for seen in upstream.requests}) == 1
    with daemon.client() as one, daemon.client() as two:
        for client in (one, two, one, two):
            client.send(POST)
            assert client.response().status == 200
    assert len({seen.connection for seen in upstream.requests}) == 1


def test_a_client_connection_serves_many_requests(daemon: Daemon, upstream: Upstream) -> None:
    with daemon.client() as client:
        for _ in range(20):
            client.send(POST)
            assert client.response().status == 200
    assert len(upstream.requests) == 20


@pytest.mark.parametrize("waits", [False, True], ids=["at once", "after a while"])
def test_a_stale_connection_is_replaced_unnoticed(daemon: Daemon, upstream: Upstream, waits: bool) -> None:
    """The provider closes an idle connection: noticed before the next request, or only by it."""
    for _ in range(10):
        assert daemon.ask("POST", "/v1/messages", [ANTHROPIC.key()], ANTHROPIC.body()).status == 200
        upstream.drop()
        if waits:
            time.sleep(0.05)
    assert len(upstream.requests) == 10


def test_a_connection_closed_after_each_answer(daemon: Daemon, upstream: Upstream) -> None:
    """Without having said so with Connection: close."""
    whole = head(200, [(b"Content-Length", b"2")]) + b"{}"
    upstream.script = always(Send(whole), Close())
    for _ in range(10):
        assert daemon.ask("POST", "/v1/messages", [ANTHROPIC.key()], ANTHROPIC.body()).status == 200


def test_more_than_the_answer_spoils_the_connection_only(daemon: Daemon, upstream: Upstream) -> None:
    """A second, unasked answer on a kept connection must never become the answer of the next request."""
    poisoned = head(200, [(b"Content-Length", b"4")]) + b"good"
    unasked = head(200, [(b"Content-Length", b"6")]) + b"poison"
    for late in ([Send(poisoned + unasked)], [Send(poisoned), Wait(0.05), Send(unasked)]):
        upstream.script = each(always(*late), reply(body=b"next"))
        assert daemon.ask("POST", "/v1/messages", [ANTHROPIC.key()], b"{}").body == b"good"
        time.sleep(0.15)
        assert daemon.ask("POST", "/v1/messages", [ANTHROPIC.key()], b"{}").body == b"next"
    daemon.healthy()


def test_pipelined_requests_are_answered_in_order(daemon: Daemon, upstream: Upstream) -> None:
    def script(request: Recorded) -> list[Step]:
        number = int(request.body)
        return [Wait(0.3 if number == 0 else 0.0), *reply(body=b"answer %d" % number)(request)]

    upstream.script = script
    with daemon.client() as client:
        client.send(b"".join(request_bytes("POST", "/v1/messages", [ANTHROPIC.key()], b"%d" % n) for n in range(5)))
        answers = [client.response() for _ in range(5)]
    assert [answer.body for answer in answers] == [b"answer %d" % n for n in range(5)]


def test_a_broken_request_after_good_ones(daemon: Daemon, upstream: Upstream) -> None:
    with daemon.client(timeout=5) as client:
        client.send(POST + b"NONSENSE\r\n\r\n")
        assert client.response().status == 200
        assert client.response().status == 400
        assert client.closed_within(3)
    assert len(upstream.requests) == 1


def test_events_are_not_held_back(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = stream([OPENAI.stream_piece] * 5, delay=0.2)
    with daemon.client() as client:
        client.send(STREAM)
        response = client.head()
        for _ in client.pieces(response):
            pass
    times = [at for at, _ in response.pieces]
    assert times[0] < 0.15, times
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(gaps) == 4
    assert all(0.1 < gap < 0.35 for gap in gaps), gaps


def left(upstream: Upstream, seconds: float = 2.0) -> bool:
    """Waits until the upstream sees its peer close."""
    end = time.monotonic() + seconds
    while not upstream.left and time.monotonic() < end:
        time.sleep(0.01)
    return bool(upstream.left)


@pytest.mark.parametrize("when", ["before the answer", "in the middle of the stream"])
def test_a_client_that_leaves_takes_its_request_along(
    daemon: Daemon, upstream: Upstream, when: str, agent: str
) -> None:
    upstream.script = always(Hang()) if when.startswith("before") else stream([OPENAI.stream_piece], end=[Hang()])
    request = request_bytes(
        "POST", "/v1/chat/completions", [OPENAI.key(), (b"user-agent", agent.encode())], OPENAI.body(stream=True)
    )
    with daemon.client() as client:
        client.send(request)
        if when.startswith("before"):
            time.sleep(0.2)
        else:
            next(client.pieces(client.head()))
    assert left(upstream), "the upstream connection is still open"
    record = daemon.flow(agent)
    assert "client" in record["error"]["message"]
    daemon.healthy()


def test_many_clients_that_leave_leak_nothing(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = stream([OPENAI.stream_piece], end=[Hang()])
    for _ in range(50):
        with daemon.client() as client:
            client.send(STREAM)
            client.head()
    end = time.monotonic() + 5
    while upstream.live and time.monotonic() < end:
        time.sleep(0.02)
    assert not upstream.live
    upstream.script = reply()
    daemon.healthy()


def test_a_slow_client_slows_a_fast_upstream(daemon: Daemon, start_upstream: StartUpstream, upstream: Upstream) -> None:
    """What the client does not take stays with the provider and not in our memory (400 MB are on offer)."""
    event = OPENAI.stream_piece * 200
    block = b"%x\r\n%s\r\n" % (len(event), event)
    opening = head(200, [SSE, (b"Transfer-Encoding", b"chunked")])
    upstream.script = always(Send(opening), Flood(block, 400_000_000))
    before = daemon.resident_bytes()
    with daemon.client() as client:
        client.send(STREAM)
        client.head()
        time.sleep(2)
        assert upstream.flooded < 40_000_000
        assert daemon.resident_bytes() - before < 60_000_000
        daemon.healthy()
    assert left(upstream)


def test_256_streams_at_once(daemon: Daemon, upstream: Upstream) -> None:
    pieces = [OPENAI.stream_piece] * 5 + [b"data: [DONE]\n\n"]
    upstream.script = stream(pieces, delay=0.1)
    answers: list[Response] = []

    def one() -> None:
        answers.append(daemon.ask("POST", "/v1/chat/completions", [OPENAI.key()], OPENAI.body(stream=True)))

    threads = [threading.Thread(target=one) for _ in range(256)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 256
    assert all(answer.complete and answer.body == b"".join(pieces) for answer in answers)
    daemon.healthy()


def test_repeated_fields_reach_the_client(daemon: Daemon, upstream: Upstream) -> None:
    cookies = [(b"Set-Cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2"), (b"Set-Cookie", b"a=1; Path=/")]
    upstream.script = json_reply({}, headers=cookies)
    answer = daemon.ask("POST", "/v1/messages", [ANTHROPIC.key()], b"{}")
    assert [pair for pair in answer.headers if pair[0].lower() == b"set-cookie"] == cookies


def test_large_answers_pass(daemon: Daemon, upstream: Upstream) -> None:
    body = bytes(range(256)) * 80_000
    upstream.script = reply(200, [(b"Content-Type", b"application/octet-stream")], body)
    assert daemon.ask("GET", "/raw/large").body == body
