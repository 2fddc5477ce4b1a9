"""Request bodies that are not JSON, too large, or do not come."""

from __future__ import annotations

import time

import pytest

from tests.support.daemon import Daemon
from tests.support.dialects import DIALECTS, GEMINI, Dialect
from tests.support.http import request_bytes
from tests.support.upstream import Upstream

pytestmark = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
MALFORMED = [b"", b"{", b"not json", b'{"model": "m-1"', b"\xff\xfe\x00", b"[1, 2", b'{"model": "m-1"} trailing']


@pytest.mark.parametrize("body", MALFORMED)
def test_malformed_json_is_the_providers_business(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, body: bytes
) -> None:
    assert daemon.ask("POST", dialect.target(), [dialect.key()], body).status == 200
    assert upstream.requests[-1].body == body


@pytest.mark.parametrize("body", MALFORMED[1:])
def test_malformed_json_where_the_model_must_be_replaced(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, body: bytes, agent: str
) -> None:
    headers = [dialect.key(), (b"user-agent", agent.encode())]
    with daemon.client() as client:
        client.send(request_bytes("POST", dialect.target(), headers, body, host="rename.test"))
        answer = client.response()
    if dialect is GEMINI:  # the model is in the path
        assert answer.status == 200
        assert upstream.requests[-1].target == b"/v1beta/models/renamed:generateContent"
        assert upstream.requests[-1].body == body
        return
    assert "JSON" in dialect.error(answer, 400)
    assert not upstream.requests
    assert daemon.flow(agent)["error"]["kind"]
    daemon.healthy()


def test_the_model_is_replaced_and_nothing_else(daemon: Daemon, upstream: Upstream, dialect: Dialect) -> None:
    with daemon.client() as client:
        client.send(request_bytes("POST", dialect.target(), [dialect.key()], dialect.body(), host="rename.test"))
        assert client.response().status == 200
    (seen,) = upstream.requests
    assert seen.target.decode() == dialect.target("renamed")
    before, after = dialect.body().partition(b'"m-1"'), seen.body.partition(b'"renamed"')
    assert before[2] == after[2], (dialect.body(), seen.body)
    assert before[0].replace(b" ", b"") == after[0].replace(b" ", b"")


@pytest.mark.parametrize("body", [b"--x\r\nnot JSON\r\n--x--", b"[1, 2]", b'{"name" : "a batch"}'])
def test_beside_the_main_call_only_a_model_that_is_there_is_replaced(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, body: bytes
) -> None:
    target = "/v1beta/files" if dialect is GEMINI else dialect.target() + "/batches"
    with daemon.client() as client:
        client.send(request_bytes("POST", target, [dialect.key()], body, host="rename.test"))
        assert client.response().status == 200
    assert upstream.requests[-1].body == body


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_twenty_megabytes_arrive(hasty_daemon: Daemon, upstream: Upstream, dialect: Dialect, framing: str) -> None:
    body = dialect.body()[:-1] + b', "pad": "' + b"x" * (20 * 1024 * 1024) + b'"}'
    pieces = [body[at : at + 1_000_000] for at in range(0, len(body), 1_000_000)] if framing == "chunked" else None
    answer = hasty_daemon.ask("POST", dialect.target(), [dialect.key()], body, chunks=pieces)
    assert answer.status == 200, answer.body
    assert upstream.requests[-1].body == body


def test_a_body_said_to_be_too_large(hasty_daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str) -> None:
    """The answer comes before the body."""
    headers = [dialect.key(), (b"user-agent", agent.encode()), (b"Content-Length", b"%d" % (25 * 1024 * 1024))]
    with hasty_daemon.client() as client:
        client.send(request_bytes("POST", dialect.target(), headers))
        dialect.error(client.response(), 413)
        assert client.closed_within(3)
    assert not upstream.requests
    assert hasty_daemon.flow(agent)["status"] == 413


def test_a_chunked_body_that_grows_too_large(
    hasty_daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str
) -> None:
    headers = [dialect.key(), (b"user-agent", agent.encode())]
    pieces = [b"x" * 1_000_000] * 26
    answer = hasty_daemon.ask("POST", dialect.target(), headers, chunks=pieces)
    dialect.error(answer, 413)
    assert not upstream.requests
    assert hasty_daemon.flow(agent)["status"] == 413
    hasty_daemon.healthy()


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_stalls(
    hasty_daemon: Daemon, upstream: Upstream, dialect: Dialect, framing: str, agent: str
) -> None:
    fields = {"length": (b"Content-Length", b"100"), "chunked": (b"Transfer-Encoding", b"chunked")}
    start = {"length": b'{"model":', "chunked": b"9\r\n" + b'{"model":'}
    headers = [dialect.key(), (b"user-agent", agent.encode()), fields[framing]]
    with hasty_daemon.client() as client:
        client.send(request_bytes("POST", dialect.target(), headers) + start[framing])
        begun = time.monotonic()
        dialect.error(client.response(), 408)
        assert 0.5 < time.monotonic() - begun < 8
        assert client.closed_within(3)
    assert not upstream.requests
    assert hasty_daemon.flow(agent)["status"] == 408
    hasty_daemon.healthy()


def test_a_slow_body_that_keeps_coming_is_fine(hasty_daemon: Daemon, upstream: Upstream, dialect: Dialect) -> None:
    body = dialect.body()
    step = len(body) // 4 + 1
    headers = [dialect.key(), (b"Content-Length", b"%d" % len(body))]
    with hasty_daemon.client() as client:
        client.send(request_bytes("POST", dialect.target(), headers))
        for at in range(0, len(body), step):
            time.sleep(0.4)
            client.send(body[at : at + step])
        assert client.response().status == 200
    assert upstream.requests[-1].body == body
