"""Requests out of bytes: the same however they are cut, and nothing but requests or a refusal out of any bytes."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ccproxy.config.services import Listener
from ccproxy.exchange import HttpRequest
from ccproxy.fronts.request_parser import Arrived, BadRequest, RequestParser, origin_form
from tests.support.examples import examples

LIMITS = Listener(max_header_bytes=2000, max_body_bytes=3000)


class Outcome(NamedTuple):
    """What a parser made of its bytes."""

    arrived: list[Arrived]
    continues: int
    refusal: BadRequest | None
    rest: bytes | None
    """What followed a WebSocket handshake; None without one."""

    @property
    def requests(self) -> list[HttpRequest]:
        return [each.request for each in self.arrived]

    @property
    def flags(self) -> list[tuple[bool, bool]]:
        return [(each.keep_alive, each.upgrade) for each in self.arrived]


def parse(*pieces: bytes, limits: Listener = LIMITS) -> Outcome:
    """Feeds pieces to a new parser."""
    arrived: list[Arrived] = []
    continues: list[None] = []
    parser = RequestParser(limits, arrived.append, lambda: continues.append(None))
    refusal, rest = None, None
    for piece in pieces:
        if rest is not None:
            rest += piece
            continue
        try:
            rest = parser.feed(piece)
        except BadRequest as error:
            refusal = error
            break
    return Outcome(arrived, len(continues), refusal, rest)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    at = sorted({place % (len(data) + 1) for place in places})
    return [piece for a, b in zip([0, *at], [*at, len(data)], strict=True) if (piece := data[a:b])]


HOST = b"Host: x\r\n"
GET = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /b?c HTTP/1.1\r\n" + HOST
H2C = (
    b"POST /v1/messages HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: 4\r\n" + HOST +
    b"HTTP2-Settings: AAEAAEAAAAIAAAAB\r\nUpgrade: h2c\r\nUser-Agent: Java-http-client/21\r\n\r\nbody"
)  # fmt: skip
WEBSOCKET = (
    b"GET /v1/responses HTTP/1.1\r\n" + HOST + b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: x\r\n\r\n"
)
ODD = ("PROPFIND", "M-SEARCH", "PURGE", "QUERY")
BODY = ("POST", b"/b?c", b"body")
STREAMS: dict[str, tuple[bytes, list[tuple[str, bytes, bytes]]]] = {
    "no body": (GET, [("GET", b"/a", b"")]),
    "length": (POST + b"Content-Length: 4\r\n\r\nbody", [("POST", b"/b?c", b"body")]),
    "empty": (POST + b"Content-Length: 0\r\n\r\n", [("POST", b"/b?c", b"")]),
    "chunked": (POST + b"Transfer-Encoding: Chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", [BODY]),
    "chunk extensions": (
        POST + b'Transfer-Encoding: chunked\r\n\r\n4;a;b=c;d="e\\"f"\r\nbody\r\n0;x=y\r\n\r\n', [BODY],
    ),
    "trailers": (
        POST + b"Trailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-T: 1\r\nHost: y\r\n\r\n" + GET,
        [("POST", b"/b?c", b"x"), ("GET", b"/a", b"")],
    ),
    "pipelined": (
        GET + POST + b"Content-Length: 4\r\n\r\nbody" + GET, [("GET", b"/a", b""), BODY, ("GET", b"/a", b"")],
    ),
    "lines before the request": (b"\r\n\r\n" + GET + b"\r\n" + GET, [("GET", b"/a", b"")] * 2),
    "32 at once": (GET * 32, [("GET", b"/a", b"")] * 32),
    "absolute-form": (b"GET http://u@x:1?q HTTP/1.1\r\nHost: x:1\r\n\r\n", [("GET", b"/?q", b"")]),
    "asterisk-form": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", [("OPTIONS", b"*", b"")]),
    "h2c with a body": (H2C + GET, [("POST", b"/v1/messages", b"body"), ("GET", b"/a", b"")]),
    "h2c without one": (
        b"GET /a HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\nConnection: upgrade\r\n\r\n" + GET, [("GET", b"/a", b"")] * 2,
    ),
    "h2c chunked": (
        POST + b"Upgrade: h2c\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
        [("POST", b"/b?c", b"body")],
    ),
    "a WebSocket with a body is none": (
        b"GET /a HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nhi"
        + GET,
        [("GET", b"/a", b"hi"), ("GET", b"/a", b"")],
    ),
    "an upgrade that Connection does not name": (
        POST + b"Upgrade: websocket\r\nContent-Length: 2\r\n\r\nhi", [("POST", b"/b?c", b"hi")],
    ),
    "odd methods": (
        b"".join(b"%b /a HTTP/1.1\r\n%b\r\n" % (method.encode(), HOST) for method in ODD),
        [(method, b"/a", b"") for method in ODD],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STREAMS)
def test_what_arrives(case: str) -> None:
    data, wanted = STREAMS[case]
    outcome = parse(data)
    assert outcome.refusal is None, outcome.refusal
    assert [(request.method, request.target, request.body) for request in outcome.requests] == wanted
    assert outcome.flags == [(True, False)] * len(wanted)
    assert outcome.rest is None


@settings(max_examples=400)
@given(case=st.sampled_from(list(STREAMS)), places=st.lists(st.integers(0, 3000), max_size=12) | st.just(range(3000)))
def test_however_it_is_cut_it_is_the_same(case: str, places: list[int]) -> None:
    data, _ = STREAMS[case]
    whole, pieces = parse(data), parse(*cut(data, list(places)))
    assert pieces.requests == whole.requests
    assert pieces.flags == whole.flags
    assert (pieces.continues, pieces.refusal, pieces.rest) == (whole.continues, whole.refusal, whole.rest)


@pytest.mark.parametrize("places", [[], list(range(1000)), [len(WEBSOCKET)], [len(WEBSOCKET) + 3]])
def test_what_follows_a_websocket_handshake_is_not_read(places: list[int]) -> None:
    outcome = parse(*cut(WEBSOCKET + b"\x81\x05GET / HTTP/1.1\r\n\r\n", places))
    assert outcome.flags == [(False, True)]
    assert outcome.rest == b"\x81\x05GET / HTTP/1.1\r\n\r\n"
    assert outcome.requests[0].headers[1:] == [
        (b"Connection", b"keep-alive, Upgrade"),
        (b"Upgrade", b"websocket"),
        (b"Sec-WebSocket-Key", b"x"),
    ]


def test_header_fields_arrive_as_they_came() -> None:
    fields = [(b"Host", b"x"), (b"X-a", b"1"), (b"x-A", b""), (b"X-a", b"1"), (b"!#$%&'*+-.^_`|~9", b"a:b \xff")]
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    assert parse(b"GET / HTTP/1.1\r\n" + lines + b"\r\n").requests[0].headers == fields


def test_a_declined_upgrade_keeps_what_else_it_says() -> None:
    outcome = parse(H2C.replace(b"Connection: Upgrade", b"Connection: close, Upgrade"))
    assert outcome.flags == [(False, False)]
    names = [name for name, _ in outcome.requests[0].headers]
    assert names[-1] == b"User-Agent"
    assert b"Upgrade" not in names
    assert b"Host" in names


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"HTTP/1.1\r\nHost: x\r\n", True),
        (b"HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", False),
        (b"HTTP/1.1\r\nHost: x\r\nConnection: X, Close\r\n", False),
        (b"HTTP/1.0\r\n", False),
        (b"HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n", True),
    ],
)
def test_keeping_the_connection(head: bytes, keeps: bool) -> None:
    outcome = parse(b"GET / " + head + b"\r\n")
    assert outcome.flags == [(keeps, False)]
    assert outcome.requests[0].http_version == head[5:8].decode()


@pytest.mark.parametrize(
    ("target", "origin"),
    [
        (b"/", b"/"),
        (b"/http://x/", b"/http://x/"),
        (b"http://x", b"/"),
        (b"HTTPS://x:1/a/b?c=http://y", b"/a/b?c=http://y"),
        (b"http://x?q", b"/?q"),
        (b"http://u:p@[::1]:80/a", b"/a"),
        (b"http:///a", b"/a"),
        (b"ftp://x/a", b"ftp://x/a"),
        (b"*", b"*"),
        (b"//x/a", b"//x/a"),
    ],
)
def test_absolute_targets_become_plain_ones(target: bytes, origin: bytes) -> None:
    assert origin_form(target) == origin


CONTINUE = b"Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n"


def test_leave_to_continue() -> None:
    assert parse(POST + CONTINUE).continues == 1
    outcome = parse(POST + CONTINUE, b"hi")
    assert (outcome.continues, outcome.requests[0].body) == (1, b"hi")
    assert parse(POST.replace(b"1.1", b"1.0") + CONTINUE).continues == 0, "RFC 9110 §10.1.1"
    h2c = POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + CONTINUE
    outcome = parse(h2c, b"hi")
    assert (outcome.continues, outcome.requests[0].body) == (1, b"hi")


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
REFUSED: dict[str, tuple[bytes, int, str]] = {
    "one long field": (POST + b"X: " + b"a" * 3000 + b"\r\n\r\n", 431, "headers_too_large"),
    "many fields": (POST + b"X: 1\r\n" * 1000 + b"\r\n", 431, "headers_too_large"),
    "a long target": (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\n", 431, "headers_too_large"),
    "a long method": (b"A" * 3000, 400, "malformed_request"),
    "a long body": (POST + b"Content-Length: 3001\r\n\r\n", 413, "body_too_large"),
    "a body of astronomical length": (POST + b"Content-Length: " + b"9" * 1900 + b"\r\n\r\n", 400, "malformed_request"),
    "a long chunked body": (POST + CHUNKED + b"fff\r\n" + b"x" * 4095 + b"\r\n", 413, "body_too_large"),
    "many chunks": (POST + CHUNKED + b"1\r\nx\r\n" * 3001, 413, "body_too_large"),
    "expectation": (POST + b"Expect: miracles\r\n\r\n", 417, "expectation"),
    "CONNECT": (b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", 501, "no_connect"),
    "HTTP/1.0 with a transfer coding": (
        b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n" + CHUNKED + b"0\r\n\r\n", 400, "malformed_request",
    ),
    "coding": (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501, "transfer_coding"),
    "version": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505, "http_version"),
    "bytes beyond ASCII in the target": (b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n", 400, "malformed_request"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_what_is_refused(case: str, size: int) -> None:
    """At the same point however it is cut, and only that; what came before has arrived."""
    data, status, kind = REFUSED[case]
    data = GET + data
    outcome = parse(*[data[at : at + size] for at in range(0, len(data), size)])
    assert outcome.refusal is not None
    assert (outcome.refusal.status, outcome.refusal.kind) == (status, kind)
    assert outcome.refusal.message == str(outcome.refusal)
    assert len(outcome.requests) == 1


def test_the_limits_are_for_each_request() -> None:
    field = b"X: " + b"a" * 1500 + b"\r\n"
    request = POST + field + b"Content-Length: 3000\r\n\r\n" + b"x" * 3000
    for size in (1, 13, 1400, 100_000):
        data = request * 3
        outcome = parse(*[data[at : at + size] for at in range(0, len(data), size)])
        assert outcome.refusal is None
        assert len(outcome.requests) == 3


def test_what_is_known_of_a_request_that_went_wrong() -> None:
    parser = RequestParser(LIMITS, lambda _: None, lambda: None)
    with pytest.raises(BadRequest):
        parser.feed(POST + b"X-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n")
    assert parser.partial.method == "POST"
    assert parser.partial.target == b"/b?c"
    assert (b"X-A", b"1") in parser.partial.headers
    assert parser.partial.body == b"hi"
    unborn = RequestParser(LIMITS, lambda _: None, lambda: None)
    assert (unborn.partial.method, unborn.partial.target) == ("-", b"/")


WORDS = st.sampled_from(
    [
        b"GET", b"POST", b"CONNECT", b" ", b"/", b"*", b"http://x/", b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0", b"\r\n",
        b"\r\n\r\n", b"\n", b"\r", b":", b"Host: x\r\n", b"Content-Length: 3\r\n", b"Content-Length: ", b"3",
        b"99999999",
        b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: ", b"chunked", b"Connection: upgrade\r\n",
        b"Connection: close\r\n", b"Upgrade: websocket\r\n", b"Upgrade: h2c\r\n", b"Expect: 100-continue\r\n",
        b"Expect: ",
        b"3\r\nabc\r\n", b"0\r\n\r\n", b"0\r\n", b";a=b", GET, POST, H2C, WEBSOCKET,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01",
    ]
)  # fmt: skip
JUNK = st.lists(WORDS | WORDS | st.binary(max_size=12), max_size=25).map(b"".join)


@settings(max_examples=examples(1500))
@given(data=JUNK | st.binary(max_size=300), places=st.lists(st.integers(0, 400), max_size=8))
@example(data=POST + b"Content-Length: " + b"1" * 1900 + b"\r\n\r\n", places=[])
@example(data=WEBSOCKET + WEBSOCKET, places=[])
@example(data=H2C + H2C, places=[])
def test_any_bytes_in_any_pieces(data: bytes, places: list[int]) -> None:
    """Nothing else is ever raised, and where it is cut makes no difference to what arrives."""
    whole, pieces = parse(data), parse(*cut(data, places))
    assert pieces.requests == whole.requests
    assert pieces.flags == whole.flags
    assert (pieces.refusal is None) == (whole.refusal is None)
    for refusal in (whole.refusal, pieces.refusal):  # of two faults, either may be seen first
        assert refusal is None or 400 <= refusal.status < 600
    assert pieces.rest == whole.rest
    for request in whole.requests:
        assert request.method
        assert request.target
        assert len(request.body) <= LIMITS.max_body_bytes
