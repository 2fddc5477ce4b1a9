"""Answers over HTTP/1.1 and HTTP/2, whole and broken."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from ccproxy.exchange import Headers
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.upstream import Upstream
from tests.support.http import Header
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.curl.asking import ask, carrier, refused
from tests.transport.curl.h2_peer import H2Peer, Stream
from tests.transport.peer import Link, Peer, always, get, ok, until

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\nLink: y\r\n\r\n"
ZIPPED = gzip.compress(b"body", mtime=0)

WHOLE: dict[str, tuple[bytes, int, bytes, bytes, list[Header]]] = {
    "length": (ok(b"body", b"X-A: 1"), 200, b"OK", b"body", [(b"X-A", b"1"), (b"Content-Length", b"4")]),
    "duplicates": (ok(b"", b"Set-Cookie: a", b"set-cookie: a", b"X: \xff\xe9", b"Y:"), 200, b"OK", b"",
                   [(b"Set-Cookie", b"a"), (b"set-cookie", b"a"), (b"X", b"\xff\xe9"), (b"Y", b""),
                    (b"Content-Length", b"0")]),
    "chunked": (CHUNKED + b"2;a=b\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", 200, b"OK", b"body",
                [(b"Transfer-Encoding", b"chunked")]),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"No Content", b"", []),
    "304": (b"HTTP/1.1 304 \r\nContent-Length: 99\r\n\r\n", 304, b"", b"", [(b"Content-Length", b"99")]),
    "no reason": (b"HTTP/1.1 529\r\nContent-Length: 1\r\n\r\nx", 529, b"", b"x", [(b"Content-Length", b"1")]),
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 302, b"Found", b"",
                 [(b"Location", b"/x"), (b"Content-Length", b"0")]),
    "coded": (ok(ZIPPED, b"Content-Encoding: gzip"), 200, b"OK", ZIPPED,
              [(b"Content-Encoding", b"gzip"), (b"Content-Length", b"%d" % len(ZIPPED))]),
    "interim": (INTERIM + ok(b"x"), 200, b"OK", b"x", [(b"Content-Length", b"1")]),
}  # fmt: skip


@pytest.mark.parametrize("case", WHOLE)
def test_whole_answers(run: Run, case: str) -> None:
    sent, *expected = WHOLE[case]

    async def main() -> None:
        for pieces in ([sent], [sent[at : at + 1] for at in range(len(sent))]):
            async with Peer(always(*pieces)) as peer, carrier() as curl:
                for number in range(2):
                    stream = await curl.send(Upstream(peer.origin), get())
                    body = await stream.read()
                    assert [stream.status, stream.reason, body, stream.headers] == expected
                    assert (stream.http_version, stream.reused, stream.trailers) == ("1.1", number > 0, [])
                assert len(peer.links) == 1

    run(main)


def test_the_end_of_the_connection_is_the_end_of_the_answer(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(b"HTTP/1.0 200 OK\r\n\r\nab", b"cd", pause=0.01)

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            stream = await curl.send(Upstream(peer.origin), get())
            assert (stream.http_version, await stream.read()) == ("1.0", b"abcd")

    run(main)


def test_interim_answers_are_told_as_they_come(run: Run) -> None:
    told: list[tuple[int, bytes, Headers]] = []
    go_on = asyncio.Event()

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(INTERIM)
        await go_on.wait()
        await link.send(ok(b"x"))
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            asking = asyncio.create_task(curl.send(Upstream(peer.origin), get(), lambda *args: told.append(args)))
            await until(lambda: told)
            assert told == [(103, b"Early Hints", [(b"Link", b"</x>"), (b"Link", b"y")])]
            go_on.set()
            assert await (await asking).read() == b"x"
            assert len(told) == 1

    run(main)


def test_trailers_follow_the_body(run: Run) -> None:
    sent = CHUNKED + b"1\r\nx\r\n0\r\nX-T: 1\r\nx-t: \xff\r\nSet-Cookie: late\r\nE:\r\n\r\n"

    async def main() -> None:
        async with Peer(always(sent)) as peer, carrier() as curl:
            stream = await curl.send(Upstream(peer.origin), get())
            assert await stream.read() == b"x"
            assert stream.trailers == [(b"X-T", b"1"), (b"x-t", b"\xff"), (b"E", b"")]
            assert stream.headers == [(b"Transfer-Encoding", b"chunked")]

    run(main)


def test_a_warm_connection_that_is_given_up_is_stale(run: Run) -> None:
    """By 408, at the moment when the request comes; on a new connection it is an answer."""
    timed_out = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    async def serve(link: Link) -> None:
        await link.request()
        if link.number == 0:
            await link.send(ok(b"x"))
            await link.request()
        await link.send(timed_out)

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            assert await ask(curl, Upstream(peer.origin)) == b"x"
            error = await refused(curl, Upstream(peer.origin))
            assert (error.kind, error.untouched, error.stale) == ("reset", True, True)
            stream = await curl.send(Upstream(peer.origin), get(), fresh=True)
            assert (stream.status, await stream.read()) == (408, b"")

    run(main)


def test_http2(run: Run, authority: Authority) -> None:
    told: list[tuple[int, bytes, Headers]] = []
    fields: list[Header] = [(b"set-cookie", b"a"), (b"x", b""), (b"set-cookie", b"b"), (b"y", b"\xff")]

    async def serve(stream: Stream) -> None:
        await stream.ended.wait()
        stream.head(103, (b"link", b"x"))
        stream.head(200, *fields)
        await stream.data(b"hel")
        await stream.data(b"lo")
        stream.trailers((b"t", b"1"), (b"t", b"2"))

    async def main() -> None:
        async with H2Peer(serve, authority.server_context()) as peer, carrier() as curl:
            way = Upstream(peer.origin, http2=True, ca_file=str(authority.ca_file))
            for number in range(2):
                stream = await curl.send(way, get(), lambda *args: told.append(args))
                assert (stream.status, stream.reason, stream.http_version) == (200, b"", "2")
                assert (await stream.read(), stream.headers, stream.reused) == (b"hello", fields, number > 0)
                assert stream.trailers == [(b"t", b"1"), (b"t", b"2")]
            assert told == [(103, b"", [(b"link", b"x")])] * 2

    run(main)


def test_concurrent_requests_share_a_connection_over_http2(run: Run, authority: Authority) -> None:
    together = asyncio.Event()

    async def serve(stream: Stream) -> None:
        if len(stream.connection.streams) == 50:
            together.set()
        await together.wait()
        await stream.answer(stream.pseudo[b":path"])

    async def main() -> None:
        async with H2Peer(serve, authority.server_context()) as peer, carrier() as curl:
            way = Upstream(peer.origin, http2=True, ca_file=str(authority.ca_file))
            bodies = await asyncio.gather(*[ask(curl, way, get(b"/%d" % number)) for number in range(50)])
            assert bodies == [b"/%d" % number for number in range(50)]
            assert len(peer.connections) == 1

    run(main)


MALFORMED = {
    "not HTTP": b"SSH-2.0-x\r\n\r\n",
    "version": b"HTTP/3.0 200 OK\r\n\r\n",
    "status": b"HTTP/1.1 2000 OK\r\n\r\n",
    "name": b"HTTP/1.1 200 OK\r\nA b: 1\r\n\r\n",
    "no name": b"HTTP/1.1 200 OK\r\n: 1\r\n\r\n",
    "NUL": b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n",
    "CR": b"HTTP/1.1 200 OK\r\nA: 1\rB: 2\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "unasked 101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nab",
    "coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab",
    "chunk size": CHUNKED + b"zz\r\n",
    "trailer": CHUNKED + b"0\r\nA b: 1\r\n\r\n",
    "endless": b"HTTP/1.1 200 OK\r\n" + b"X: %b\r\n" % (b"a" * 1000) * 500,
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_not_http(run: Run, case: str) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(MALFORMED[case])
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            error = await refused(curl, Upstream(peer.origin))
            assert (error.kind, error.untouched) == ("protocol", False)
            assert f"{peer.origin} sent something that is not HTTP" in str(error)
            assert "curl.se" not in str(error)
            await until(lambda: peer.ended == 1)

    run(main)


async def until_it_breaks(curl: CurlCarrier, way: Upstream, got_some: asyncio.Event) -> tuple[bytes, TransportError]:
    """What came of a body, and the error behind it."""
    got = b""
    try:
        async for chunk in await curl.send(way, get()):
            got += chunk
            got_some.set()
    except TransportError as error:
        return got, error
    raise AssertionError("the answer is whole")


BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "reset"),
    "half a head": (b"HTTP/1.1 200 OK\r\nX: 1\r\n", "reset"),
    "half a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "truncated"),
    "half a chunk": (CHUNKED + b"9\r\nab", "truncated"),
    "no last chunk": (CHUNKED + b"2\r\nab\r\n", "truncated"),
}


@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("case", BROKEN)
def test_what_breaks_off(run: Run, case: str, resets: bool) -> None:
    """What came before is there to be read."""
    sent, kind = BROKEN[case]
    go_on = asyncio.Event()

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(sent)
        if b"ab" in sent:
            await go_on.wait()
        if resets:
            link.reset()

    async def main() -> None:
        async with Peer(serve) as peer, carrier() as curl:
            got, error = await until_it_breaks(curl, Upstream(peer.origin), go_on)
            assert "closed the connection" in str(error)
            assert error.kind == ("reset" if resets else kind)
            assert error.untouched == (not sent)
            assert got == (b"ab" if b"ab" in sent else b"")

    run(main)


@pytest.mark.parametrize("begun", [False, True])
def test_a_stream_that_is_reset(run: Run, authority: Authority, begun: bool) -> None:
    got = asyncio.Event()

    async def serve(stream: Stream) -> None:
        if begun:
            stream.head(200)
            await stream.data(b"ab")
            await got.wait()
        stream.reset(2)

    async def main() -> None:
        async with H2Peer(serve, authority.server_context()) as peer, carrier() as curl:
            way = Upstream(peer.origin, http2=True, ca_file=str(authority.ca_file))
            body, error = await until_it_breaks(curl, way, got)
            assert body == (b"ab" if begun else b"")
            assert error.kind == ("truncated" if begun else "reset")
            assert error.untouched == (not begun)

    run(main)
