"""Requests that lead nowhere, come from a browser, or try to be two (RFC 9112 §11.2)."""

from __future__ import annotations

import time

import pytest

from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, DIALECTS, Dialect
from tests.support.http import request_bytes
from tests.support.upstream import Upstream

HOST = b"Host: x\r\n"
KEY = b": ".join(ANTHROPIC.key()) + b"\r\n"
POST = b"POST /v1/messages HTTP/1.1\r\n" + HOST + KEY
SMUGGLING = {
    "length and chunked": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}abc",
    "two lengths in one": POST + b"Content-Length: 2, 5\r\n\r\n{}abc",
    "negative length": POST + b"Content-Length: -2\r\n\r\n{}",
    "signed length": POST + b"Content-Length: +2\r\n\r\n{}",
    "length in hexadecimal": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "length beyond 64 bits": POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "unknown transfer coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked is not last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "two transfer codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "chunk size is no number": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "negative chunk size": POST + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "chunk size beyond 64 bits": POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "chunk longer than it says": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    "chunk lines end in LF": POST + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
    "folded field": POST + b"X-Fold: a\r\n b\r\n\r\n",
    "folded length": POST + b"Content-Length:\r\n 2\r\n\r\n{}",
    "space before the colon": POST + b"Content-Length : 2\r\n\r\n{}",
    "space in a name": POST + b"X Y: 1\r\n\r\n",
    "CR in a name": POST + b"X\rY: 1\r\n\r\n",
    "CR in a value": POST + b"X: a\rTransfer-Encoding: chunked\r\n\r\n",
    "LF ends a line": POST + b"X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "LF only": b"POST /v1/messages HTTP/1.1\nHost: x\n" + KEY.replace(b"\r", b"") + b"\n",
    "NUL in a name": POST + b"X\x00Y: 1\r\n\r\n",
    "NUL in a value": POST + b"X: a\x00b\r\n\r\n",
    "no colon": POST + b"Nonsense\r\n\r\n",
    "empty name": POST + b": 1\r\n\r\n",
    "space first": b"POST /v1/messages HTTP/1.1\r\n X: 1\r\n" + HOST + KEY + b"\r\n",
    "two hosts": POST + b"Host: y\r\n\r\n",
    "no host": b"POST /v1/messages HTTP/1.1\r\n" + KEY + b"\r\n",
    "target with a space": b"POST /v1/mess ages HTTP/1.1\r\n" + HOST + KEY + b"\r\n",
    "target with a NUL": b"POST /v1/messages\x00 HTTP/1.1\r\n" + HOST + KEY + b"\r\n",
    "no target": b"POST HTTP/1.1\r\n" + HOST + KEY + b"\r\n",
    "version 3": b"POST /v1/messages HTTP/3.0\r\n" + HOST + KEY + b"\r\n",
    "no version": b"POST /v1/messages\r\n" + HOST + KEY + b"\r\n",
    "unknown method": b"P@ST /v1/messages HTTP/1.1\r\n" + HOST + KEY + b"\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
OTHER_STATUS = dict.fromkeys(("unknown transfer coding", "chunked is not last", "two transfer codings"), 501)
OTHER_STATUS |= dict.fromkeys(("version 3", "no version", "HTTP/2 preface"), 505)
"""What RFC 9112 §6.1 and RFC 9110 §15.6.6 name for these; all others are 400."""
SMUGGLED = b"GET /v1/messages/smuggled HTTP/1.1\r\n" + HOST + KEY + b"\r\n"


@pytest.mark.parametrize("case", SMUGGLING)
def test_what_could_be_read_in_two_ways_is_refused(daemon: Daemon, upstream: Upstream, case: str) -> None:
    with daemon.client(timeout=5) as client:
        client.send(SMUGGLING[case] + SMUGGLED)
        answer = client.response()
        assert answer.status in (400, OTHER_STATUS.get(case)), answer
        assert client.closed_within(3)
    assert b"<html" not in answer.body.lower()
    assert not upstream.requests
    daemon.healthy()


@pytest.mark.parametrize("case", ["one field", "many fields", "target"])
def test_a_flood_of_header_bytes(daemon: Daemon, upstream: Upstream, case: str) -> None:
    flood = {
        "one field": POST + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        "many fields": POST + b"".join(b"X-%d: 1\r\n" % number for number in range(10_000)) + b"\r\n",
        "target": b"POST /v1/messages?" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + KEY + b"\r\n",
    }
    with daemon.client(timeout=5) as client:
        client.send(flood[case])
        assert client.response().status in ((414, 431) if case == "target" else (431,))
        assert client.closed_within(3)
    assert not upstream.requests
    daemon.healthy()


@pytest.mark.parametrize("pause", [0.0, 0.05], ids=["at once", "in pieces"])
def test_long_headers_within_the_limit_pass(daemon: Daemon, upstream: Upstream, pause: float) -> None:
    """60,000 of 65,536 bytes, however many packets they come in."""
    fields = [ANTHROPIC.key(), *((b"X-Long-%d" % number, b"a" * 6000) for number in range(10))]
    request = request_bytes("POST", "/v1/messages", fields, b"{}")
    with daemon.client(timeout=5) as client:
        for at in range(0, len(request), 20_000):
            client.send(request[at : at + 20_000])
            time.sleep(pause)
        assert client.response().status == 200
    assert sum(len(value) for name, value in upstream.requests[0].headers if name.startswith(b"X-Long")) == 60_000


def test_headers_that_stall(hasty_daemon: Daemon) -> None:
    with hasty_daemon.client(timeout=5) as client:
        client.send(POST + b"X-Slow:")
        begun = time.monotonic()
        assert client.response().status == 408
        assert 0.5 < time.monotonic() - begun < 8
        assert client.closed_within(3)


def test_a_client_that_says_nothing_is_not_kept_for_ever(hasty_daemon: Daemon) -> None:
    with hasty_daemon.client() as client:
        assert client.closed_within(4)


@pytest.mark.parametrize(
    "path", ["/nowhere", "/v2/messages", "/v1/messagesx", "/favicon.ico", "/..//etc/passwd", "/%00"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_paths(daemon: Daemon, upstream: Upstream, method: str, path: str) -> None:
    answer = daemon.ask(method, path)
    assert answer.status in (404, 501)
    assert answer.json()["error"]["message"]
    assert not upstream.requests


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("origin", [b"https://evil.example", b"null", b"http://127.0.0.1.evil.example"])
def test_a_web_page_may_not_use_our_keys(daemon: Daemon, upstream: Upstream, dialect: Dialect, origin: bytes) -> None:
    headers = [dialect.key(), (b"Origin", origin), (b"Content-Type", b"text/plain")]
    answer = daemon.ask("POST", dialect.target(), headers, dialect.body())
    dialect.error(answer, 403)
    assert answer.field("access-control-allow-origin") is None
    assert not upstream.requests


def test_a_web_page_may_not_ask_either(daemon: Daemon, upstream: Upstream) -> None:
    headers = [(b"Origin", b"https://evil.example"), (b"Access-Control-Request-Method", b"POST")]
    answer = daemon.ask("OPTIONS", "/v1/messages", headers)
    assert answer.status == 403
    assert answer.field("access-control-allow-origin") is None
    assert daemon.ask("POST", "/mcp/notify", headers[:1], b"{}").status == 403
    assert not upstream.requests


def test_an_absolute_target_is_not_an_open_proxy(daemon: Daemon, upstream: Upstream) -> None:
    answer = daemon.ask("GET", f"http://127.0.0.1:{upstream.port}/secret")
    assert answer.status in (400, 404, 501)
    with daemon.client() as client:
        client.send(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n" % upstream.port)
        assert client.response().status in (400, 405, 501)
    assert not upstream.requests
    assert upstream.connections == 0 or not upstream.live
    daemon.healthy()


def test_an_absolute_target_of_ours_is_understood(daemon: Daemon, upstream: Upstream) -> None:
    """RFC 9112 §3.2.2: clients behind HTTP_PROXY send it; the provider must not see our address."""
    target = f"http://127.0.0.1:{daemon.port}/v1/messages?beta=true"
    answer = daemon.ask("POST", target, [ANTHROPIC.key()], ANTHROPIC.body())
    if answer.status == 200:
        assert [seen.target for seen in upstream.requests] == [b"/v1/messages?beta=true"]
    else:
        assert answer.status in (400, 501)
        assert not upstream.requests


def test_connection_fields_cannot_remove_the_credential(daemon: Daemon, upstream: Upstream) -> None:
    headers = [ANTHROPIC.key(), (b"Connection", b"close, authorization, x-other"), (b"X-Other", b"1")]
    assert daemon.ask("POST", "/v1/messages", headers, b"{}").status == 200
    (seen,) = upstream.requests
    assert seen.field("authorization") == b"Bearer token-anthropic"
    assert seen.field("x-other") is None


def test_expect_continue(daemon: Daemon, upstream: Upstream) -> None:
    """RFC 9110 §10.1.1: the front answers it, the provider never sees it."""
    body = ANTHROPIC.body()
    headers = [ANTHROPIC.key(), (b"Expect", b"100-continue"), (b"Content-Length", b"%d" % len(body))]
    with daemon.client(timeout=5) as client:
        client.send(request_bytes("POST", "/v1/messages", headers))
        assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        client.send(body)
        assert client.response().status == 200
    (seen,) = upstream.requests
    assert seen.body == body
    assert seen.field("expect") is None


def test_http_1_0_is_answered_and_closed(daemon: Daemon, upstream: Upstream) -> None:
    with daemon.client(timeout=5) as client:
        client.send(b"GET /health HTTP/1.0\r\n\r\n")
        assert client.response().status == 200
        assert client.closed_within(2)
