"""What arrives is what was given: over HTTP/1.1 and HTTP/2, with and without a profile."""

from __future__ import annotations

import asyncio
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.exchange import HttpRequest, Origin
from ccproxy.transport.upstream import Upstream
from tests.support.examples import examples
from tests.support.http import Header
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.curl.asking import ask, carrier, post, refused
from tests.transport.curl.h2_peer import H2Peer, Stream
from tests.transport.peer import Link, Peer, always, get, ok, run_on

PROFILES = [None, "chrome131", "safari17_0", "firefox133"]
HEADERS: list[Header] = [
    (b"X-A", b"1"),
    (b"HoSt", b"api.example"),
    (b"x-a", b"2"),
    (b"Content-Length", b"3"),
    (b"Empty", b""),
    (b"Cookie", b"a=1; b=2"),
    (b"Cookie", b"c=\xff"),
    (b"X-A", b"1"),
    (b"Accept-Encoding", b"br"),
    (b"sec-ch-ua", b'"own"'),
]


def head_of(request: HttpRequest) -> bytes:
    """As it is written, but for an empty value, which has no space before it."""
    lines = [b"%b: %b" % field if field[1] else b"%b:" % field[0] for field in request.headers]
    return b"\r\n".join([b"%b %b HTTP/1.1" % (request.method.encode(), request.target), *lines, b"", b""])


class Written:
    """A server's coroutine that keeps what it read, to the byte."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []

    async def serve(self, link: Link) -> None:
        while True:
            try:
                head = await link.reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return
            length = head.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
            self.heads.append(head)
            self.bodies.append(await link.reader.readexactly(int(length or 0)))
            await link.send(ok(b"" if head.startswith(b"HEAD") else b"x"))


@pytest.mark.parametrize("profile", PROFILES)
def test_http1_to_the_byte(run: Run, profile: str | None) -> None:
    written = Written()
    requests = [
        HttpRequest("POST", b"/a/../%2F//b?x= {|}&\xff", HEADERS, b"abc"),
        HttpRequest("GET", b"/", [(b"Host", b"h")]),
        HttpRequest("POST", b"/no-body", [(b"Content-Length", b"0"), (b"Host", b"h")]),
        HttpRequest("DELETE", b"/nobody", [(b"Host", b"h")]),
        HttpRequest("GET", b"/with-body", [(b"Host", b"h"), (b"Content-Length", b"2")], b"\0\xff"),
        HttpRequest("HEAD", b"/", [(b"Host", b"h"), (b"Accept", b"*/*")]),
        HttpRequest("PURGE", b"*", [(b"Host", b"h"), (b"User-Agent", b"me")]),
    ]

    async def main() -> None:
        async with Peer(written.serve) as peer, carrier() as curl:
            for request in requests:
                await ask(curl, Upstream(peer.origin, profile=profile), request)
            assert len(peer.links) == 1

    run(main)
    assert written.heads == [head_of(request) for request in requests]
    assert written.bodies == [request.body for request in requests]


@pytest.mark.parametrize("profile", PROFILES)
def test_http2_to_the_byte(run: Run, authority: Authority, profile: str | None) -> None:
    requests = [
        HttpRequest("POST", b"/a/../%2F//b?x= {|}", HEADERS, b"abc"),
        HttpRequest("GET", b"/", [(b"Host", b"h")]),
        HttpRequest("GET", b"/with-body", [(b"Host", b"h"), (b"Content-Length", b"2")], b"\0\xff"),
    ]

    async def main() -> None:
        async with H2Peer(Stream.answer, authority.server_context()) as peer, carrier() as curl:
            upstream = Upstream(peer.origin, http2=True, profile=profile, ca_file=str(authority.ca_file))
            for request in requests:
                await ask(curl, upstream, request)
            assert len(peer.connections) == 1
            for stream, request in zip(peer.streams, requests, strict=True):
                fields = [(name.lower(), value) for name, value in request.headers]
                assert stream.headers == [field for field in fields if field[0] != b"host"]
                assert stream.pseudo == {
                    b":method": request.method.encode(),
                    b":scheme": b"https",
                    b":path": request.target,
                    b":authority": dict(fields)[b"host"],
                }
                assert stream.body == request.body

    run(main)


@pytest.mark.parametrize(("http2", "profile"), [(False, None), (True, None), (False, "chrome131")])
def test_the_version_that_is_offered(run: Run, authority: Authority, http2: bool, profile: str | None) -> None:
    """A profile decides by itself, `http2` decides without one; the server may know HTTP/1.1 only."""

    async def main() -> None:
        context = authority.server_context()
        async with H2Peer(Stream.answer, context) as h2, Peer(always(ok(b"x")), authority.server_context()) as h1:
            for peer, versions in ((h2, ("2",)), (h1, ("1.1",))):
                if peer is h2 and not http2 and profile is None:
                    continue
                async with carrier() as curl:
                    way = Upstream(peer.origin, http2=http2, profile=profile, ca_file=str(authority.ca_file))
                    stream = await curl.send(way, get())
                    await stream.read()
                    assert stream.http_version in versions

    run(main)


TOKEN = st.text("abcXYZ019-_.!#$%&'*+^`|~", min_size=1, max_size=12).map(str.encode)
VALUE = st.binary(max_size=40).map(lambda data: bytes(byte for byte in data if byte >= 0x20 and byte != 0x7F).strip())
OWN = {b"host", b"content-length", b"transfer-encoding", b"connection", b"expect", b"te", b"upgrade", b"keep-alive"}
FIELDS = st.lists(st.tuples(TOKEN.filter(lambda name: name.lower() not in OWN), VALUE), max_size=12)
TARGET = st.binary(max_size=60).map(lambda data: b"/" + bytes(byte for byte in data if byte > 0x20 and byte != 0x7F))


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(TARGET, FIELDS, st.binary(max_size=50)), min_size=1, max_size=4))
def test_any_request_arrives_as_it_was_given(made: list[tuple[bytes, list[Header], bytes]]) -> None:
    written = Written()
    requests = [
        HttpRequest("POST", target, [*fields, (b"Host", b"h"), (b"Content-Length", b"%d" % len(body))], body)
        for target, fields, body in made
    ]

    async def main() -> None:
        async with Peer(written.serve) as peer, carrier() as curl:
            for request in requests:
                await ask(curl, Upstream(peer.origin), request)

    run_on("uvloop", main)
    assert written.heads == [head_of(request) for request in requests]
    assert written.bodies == [request.body for request in requests]


def test_a_large_body_arrives_whole(run: Run, authority: Authority) -> None:
    body = bytes(range(256)) * 20_000

    async def main() -> None:
        async with H2Peer(Stream.answer, authority.server_context()) as h2, carrier() as curl:
            await ask(curl, Upstream(h2.origin, http2=True, ca_file=str(authority.ca_file)), post(body))
            assert h2.streams[0].body == body
            written = Written()
            async with Peer(written.serve) as h1:
                await ask(curl, Upstream(h1.origin), post(body))
            assert written.bodies == [body]

    run(main)


def test_what_cannot_be_sent_is_refused(run: Run) -> None:
    async def main() -> None:
        async with Peer(always(ok())) as peer, carrier() as curl:
            upgrade = HttpRequest("GET", b"/", [(b"Host", b"h"), (b"Upgrade", b"websocket")])
            error = await refused(curl, Upstream(peer.origin), upgrade)
            assert (error.kind, "cannot be upgraded" in str(error)) == ("protocol", True)
            error = await refused(curl, Upstream(peer.origin), get(method="HEAD", body=b"x"))
            assert error.kind == "protocol"
            assert peer.links == []

    run(main)


@pytest.mark.parametrize(
    "host", ["a b", "127.0.0.1/x", "u@127.0.0.1", "127.0.0.1?", "127.0.0.1#", "x\0y", "%31", "", "a\\b"]
)
def test_a_host_is_nothing_else_in_a_url(run: Run, host: str) -> None:
    async def main() -> None:
        async with Peer(always(ok())) as peer, carrier() as curl:
            error = await refused(curl, Upstream(Origin("http", host, peer.origin.port)))
            assert (error.kind, error.untouched) == ("connect", False)
            assert peer.links == []

    run(main)


def test_the_environment_adds_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURL_IMPERSONATE", "chrome131")
    written = Written()

    async def main() -> None:
        async with Peer(written.serve) as peer, carrier() as curl:
            await ask(curl, Upstream(peer.origin))

    run(main)
    assert written.heads == [head_of(get())]
    assert os.environ["CURL_IMPERSONATE"] == "chrome131"
