"""What comes before the final head and behind the body: to clients that can read it, on routes that change nothing."""

from __future__ import annotations

import pytest

from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, OPENAI
from tests.support.http import request_bytes
from tests.support.replies import JSON, SSE, always, head, stream
from tests.support.upstream import Hang, Send, Step, Upstream

HINTS = (
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: 9\r\n"
    b"Content-Length: 0\r\n\r\n"
)
PASSED = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
PROCESSING = b"HTTP/1.1 102\r\n\r\n"
OK = head(200, [JSON, (b"Content-Length", b"2")]) + b"{}"
PIECE = OPENAI.stream_piece
CHUNKS = b"%x\r\n%b\r\n0\r\n" % (len(PIECE), PIECE)
CHUNKED = head(200, [SSE, (b"Transfer-Encoding", b"chunked")]) + CHUNKS
TRAILERS = b"X-Checksum: abc\r\nx-checksum: def\r\n"


def asked(target: str = "/v1/chat/completions", *, version: bytes = b"1.1", rule: str = "") -> bytes:
    request = request_bytes("POST", target, [OPENAI.key()], OPENAI.body(stream=True), host=rule or "127.0.0.1")
    return request.replace(b" HTTP/1.1", b" HTTP/" + version, 1)


def raw(daemon: Daemon, request: bytes) -> bytes:
    """The answer to a request as it came, interim answers included."""
    with daemon.client() as client:
        client.send(request)
        return client.response().raw


def test_interim_answers_are_passed_on_at_once(daemon: Daemon, upstream: Upstream) -> None:
    """Before there is a final one; in order, without hop-by-hop fields. 100 is a matter of each connection."""
    upstream.script = always(Send(CONTINUE + PROCESSING + HINTS + HINTS), Hang())
    with daemon.client() as client:
        client.send(asked())
        assert client.until(b"</b>\r\n\r\n") == b"HTTP/1.1 102 \r\n\r\n" + PASSED
        assert client.until(b"</b>\r\n\r\n") == PASSED


def test_they_come_before_the_final_head_and_are_in_the_record(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = always(Send(HINTS + CONTINUE + HINTS + OK))
    assert raw(daemon, asked()).startswith(PASSED + PASSED + b"HTTP/1.1 200 OK\r\nContent-Type")


def test_a_client_of_HTTP_10_gets_none(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = always(Send(HINTS + OK))
    assert raw(daemon, asked(version=b"1.0")).startswith(b"HTTP/1.1 200 OK\r\n")


def test_nor_does_one_of_another_format(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = always(Send(HINTS + OK))
    answer = raw(daemon, asked(rule="translate.test"))
    assert b"Early Hints" not in answer
    assert b"/messages" in upstream.requests[0].target


@pytest.mark.parametrize("length", [1, 1000])
def test_interim_answers_in_a_row_of_requests(daemon: Daemon, upstream: Upstream, length: int) -> None:
    """A client that sends several requests at once finds each one's before its answer."""
    hint = HINTS.replace(b"</a>", b"a" * length)
    upstream.script = lambda request: [Send(hint.replace(b"</b>", b"<%b>" % request.field("x-n"))), Send(OK)]
    requests = [
        request_bytes("POST", "/v1/chat/completions", [OPENAI.key(), (b"X-N", b"%d" % n)], OPENAI.body())
        for n in range(3)
    ]
    with daemon.client() as client:
        client.send(b"".join(requests))
        for number in range(3):
            assert b"link: <%d>" % number in client.until(b"\r\n\r\n")
            assert client.response().body == b"{}"


# -- trailers


def test_trailers_follow_a_chunked_body(daemon: Daemon, upstream: Upstream) -> None:
    """Those that come too late there stay behind."""
    bad = b"Host: h\r\nAuthorization: a\r\nSet-Cookie: c\r\nContent-Type: text/html\r\nConnection: close\r\n"
    upstream.script = always(Send(CHUNKED + bad + TRAILERS + b"\r\n"))
    for _ in range(2):
        assert raw(daemon, asked()).endswith(CHUNKS + TRAILERS + b"\r\n")


def test_they_have_no_place_elsewhere(daemon: Daemon, upstream: Upstream) -> None:
    """HTTP/1.0, a body with a length, another format: the body is whole all the same."""
    upstream.script = always(Send(CHUNKED + TRAILERS + b"\r\n"))
    assert raw(daemon, asked(version=b"1.0")).endswith(b"\r\n\r\n" + PIECE)
    body = head(200, [JSON, (b"Transfer-Encoding", b"chunked")]) + b"2\r\n{}\r\n0\r\n"
    upstream.script = always(Send(body + TRAILERS + b"\r\n"))
    assert raw(daemon, asked()).endswith(b"Content-Length: 2\r\n\r\n{}")
    end = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    steps: list[Step] = [*stream([ANTHROPIC.stream_piece, end], end=[])(upstream.requests[0])]
    upstream.script = always(*steps, Send(b"0\r\n" + TRAILERS + b"\r\n"))
    assert raw(daemon, asked(rule="translate.test")).endswith(b"\r\n0\r\n\r\n")
