"""Answers in every framing, right and wrong, as the native pool reads them."""

from __future__ import annotations

import asyncio

import pytest

from ccproxy.exchange import HttpRequest
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.response_rules import NOT_IN_TRAILERS
from ccproxy.transport.response_stream import ResponseStream
from tests.support.http import Header
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.peer import Link, Peer, always, get, ok, until

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def ask(peer: Peer, request: HttpRequest | None = None) -> tuple[ResponseStream, bytes | None]:
    """One request on a pool of its own, which ends tidily."""
    pool = NativePool(Limits())
    try:
        stream = await pool.send(peer.upstream, request or get())
        return stream, await stream.read()
    finally:
        await pool.close()


async def whole(pool: NativePool, peer: Peer) -> bytes | None:
    return await (await pool.send(peer.upstream, get())).read()


async def collected(stream: ResponseStream) -> list[bytes]:
    return [chunk async for chunk in stream]


def split(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


WHOLE: dict[str, tuple[bytes, int, bytes, list[Header]]] = {
    "length": (ok(b"body", b"X-A: 1"), 200, b"body", [(b"X-A", b"1"), (b"Content-Length", b"4")]),
    "empty": (ok(), 200, b"", [(b"Content-Length", b"0")]),
    "chunked": (CHUNKED + b"4\r\nbody\r\n0\r\n\r\n", 200, b"body", [(b"Transfer-Encoding", b"chunked")]),
    "chunk extensions": (CHUNKED + b'2;a=b\r\nbo\r\n2;c="d"\r\ndy\r\n0;e\r\n\r\n', 200, b"body",
                         [(b"Transfer-Encoding", b"chunked")]),
    "HTTP/1.0 that stays": (ok(b"x", b"Connection: keep-alive").replace(b"/1.1", b"/1.0"), 200, b"x",
                            [(b"Connection", b"keep-alive"), (b"Content-Length", b"1")]),
    "CHUNKED": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200, b"x",
                [(b"Transfer-Encoding", b"Chunked")]),
    "trailers are not headers": (CHUNKED + b"4\r\nbody\r\n0\r\nX-Trailer: 1\r\nSet-Cookie: t\r\n\r\n", 200, b"body",
                                 [(b"Transfer-Encoding", b"chunked")]),
    "204": (b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n", 204, b"", [(b"X-A", b"1")]),
    "304 with a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304, b"",
                          [(b"Content-Length", b"99")]),
    "interim answers": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                        b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\n" + ok(b"x"), 200, b"x", [(b"Content-Length", b"1")]),
    "no reason": (b"HTTP/1.1 529\r\nContent-Length: 1\r\n\r\nx", 529, b"x", [(b"Content-Length", b"1")]),
    "an upgrade that is only offered": (ok(b"x", b"Upgrade: h2,h2c", b"Connection: Upgrade"), 200, b"x",
                                        [(b"Upgrade", b"h2,h2c"), (b"Connection", b"Upgrade"),
                                         (b"Content-Length", b"1")]),
    "duplicates and odd bytes": (ok(b"", b"Set-Cookie: a", b"set-cookie: a", b"X: \xff\xe9 ", b"Y:"), 200, b"",
                                 [(b"Set-Cookie", b"a"), (b"set-cookie", b"a"), (b"X", b"\xff\xe9 "), (b"Y", b""),
                                  (b"Content-Length", b"0")]),
}  # fmt: skip


@pytest.mark.parametrize("case", WHOLE)
def test_whole_answers(run: Run, case: str) -> None:
    """In one piece, and byte by byte; then the connection serves the next request."""
    data, status, body, headers = WHOLE[case]

    async def main() -> None:
        for pieces in ([data], split(data, 1)):
            async with Peer(always(*pieces)) as peer:
                pool = NativePool(Limits())
                for number in range(2):
                    stream = await pool.send(peer.upstream, get())
                    assert (stream.status, await stream.read(), stream.headers) == (status, body, headers)
                    assert (stream.reused, stream.ready) == (number > 0, True)
                assert len(peer.links) == 1
                await pool.close()

    run(main)


CLOSING: dict[str, tuple[bytes, bytes]] = {
    "no framing": (b"HTTP/1.1 200 OK\r\n\r\nbody", b"body"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nbody", b"body"),
    "identity": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nbody", b"body"),
    "nothing at all": (b"HTTP/1.1 200 OK\r\n\r\n", b""),
    "connection: close": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody", b"body"),
}


@pytest.mark.parametrize("case", CLOSING)
def test_the_end_of_the_connection_ends_a_body_without_framing(run: Run, case: str) -> None:
    data, body = CLOSING[case]

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(*split(data, 7))

    async def main() -> None:
        async with Peer(serve) as peer:
            _, got = await ask(peer)
            assert got == body

    run(main)


def test_an_answer_that_says_close_is_the_last_of_its_connection(run: Run) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"x", b"Connection: close"))) as peer:
            pool = NativePool(Limits())
            for _ in range(3):
                assert await (await pool.send(peer.upstream, get())).read() == b"x"
            assert len(peer.links) == 3
            await pool.close()

    run(main)


@pytest.mark.parametrize("size", [b"1000", b"0"])
def test_head(run: Run, size: bytes) -> None:
    """Whatever the headers describe, there is no body to wait for."""
    data = b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\nX: y\r\n\r\n" % size

    async def main() -> None:
        async with Peer(always(data)) as peer:
            pool = NativePool(Limits())
            for _ in range(2):
                stream = await pool.send(peer.upstream, get(method="HEAD"))
                assert (stream.status, await stream.read()) == (200, b"")
                assert (b"Content-Length", size) in stream.headers
            await pool.close()

    run(main)


WRONG: dict[str, bytes] = {
    "no HTTP": b"\x00\xff nonsense\r\n\r\n",
    "HTML": b"<html>hello</html>",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x46",
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "status": b"HTTP/1.1 abc OK\r\n\r\n",
    "status too long": b"HTTP/1.1 2000 OK\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length is no number": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk size": CHUNKED + b"zz\r\n",
    "folded": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "LF only": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "chunk size below nothing": CHUNKED + b"-1\r\nx\r\n",
    "chunk size without measure": CHUNKED + b"f" * 17 + b"\r\nx",
    "more than its chunk": CHUNKED + b"1\r\nxx\r\n",
    "length without measure": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "length below nothing": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "length in trailers": CHUNKED + b"1\r\nx\r\n0\r\nContent-Length: 1\r\n\r\n",
    "a coding nobody asked for": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    "chunked, but not last": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nx",
    "chunked twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "status 0": b"HTTP/1.1 000 Nothing\r\nContent-Length: 0\r\n\r\n",
    "status 99": b"HTTP/1.1 099 Less\r\n\r\n",
    "HTTP/2.0 in words": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/0.9 in words": b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": ok(b"", b"X: a\0b"),
    "NUL in the reason": b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n",
    "CR in a value": ok(b"", b"X: a\rb"),
    "white space before a colon": ok(b"", b"X : a"),
    "an interim answer that is none": b"HTTP/1.1 103 Early\r\nX : a\r\n\r\n" + ok(),
    "101 to nothing": b"HTTP/1.1 101 Switching Protocols\r\nX: y\r\n\r\n",
    "101 with a body": b"HTTP/1.1 101 Switching Protocols\r\nContent-Length: 4\r\n\r\nbody",
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])
def test_what_is_not_http(run: Run, case: str, warm: bool) -> None:
    """An error at once, even if the server then says nothing more; never a second try."""

    async def serve(link: Link) -> None:
        if warm:
            await link.request()
            await link.send(ok())
        await link.request()
        await link.send(WRONG[case])
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            if warm:
                await (await pool.send(peer.upstream, get())).read()
            with pytest.raises(TransportError) as caught:
                await whole(pool, peer)
            assert caught.value.kind == "protocol"
            assert str(peer.origin) in str(caught.value)
            await until(lambda: peer.ended == 1)
            assert len(peer.links) == 1
            await pool.close()

    run(main)


ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "many fields": (b"HTTP/1.1 200 OK\r\n", b"X: " + b"a" * 1000 + b"\r\n"),
    "one field": (b"HTTP/1.1 200 OK\r\nX:", b"a" * 1000),
    "one name": (b"HTTP/1.1 200 OK\r\nX", b"a" * 1000),
    "its reason": (b"HTTP/1.1 200 O", b"K" * 1000),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 40),
    "interim answers that are told": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 40),
    "an empty line": (b"", b"\r\n" * 500),
    "many trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"X: " + b"a" * 1000 + b"\r\n"),
    "one trailer": (CHUNKED + b"0\r\nX: ", b"a" * 1000),
    "a chunk extension": (CHUNKED + b"1;a=", b"a" * 1000),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_what_does_not_end_is_not_collected_for_ever(run: Run, case: str) -> None:
    """100 MB are on offer."""
    begin, piece = ENDLESS[case]
    told: list[int] = []
    sent = 0

    async def serve(link: Link) -> None:
        nonlocal sent
        await link.request()
        await link.send(begin)
        while sent < 100_000_000:
            await link.send(piece * 20)
            sent += len(piece) * 20

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            with pytest.raises(TransportError, match="not end") as caught:
                await (await pool.send(peer.upstream, get(), lambda *interim: told.append(interim[0]))).read()
            assert caught.value.kind == "protocol"
            await until(lambda: peer.ended == 1)
            assert sent < 20_000_000, "what the kernel holds, and a little more"
            assert len(told) < 20_000
            await pool.close()

    run(main)


def test_interim_answers_are_told_as_they_come(run: Run) -> None:
    """All but 100, each with fields of its own, before the final head, and not among its fields."""
    told: list[tuple[int, bytes, list[Header]]] = []
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\nlink: b\r\n\r\n"

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(*split(b"HTTP/1.1 100 Continue\r\n\r\n" + interim, 5))
        await until(lambda: told)
        await link.send(b"HTTP/1.1 102\r\n\r\n" + interim + ok(b"x"))
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            stream = await pool.send(peer.upstream, get(), lambda *one: told.append(one))
            assert (await stream.read(), stream.headers) == (b"x", [(b"Content-Length", b"1")])
            hints = (103, b"Early Hints", [(b"Link", b"a"), (b"link", b"b")])
            assert told == [hints, (102, b"", []), hints]
            await pool.close()

    run(main)


def test_trailers_are_kept(run: Run) -> None:
    """Of each answer its own; those that would change what the message is are not."""
    said = b"".join(b"%b: 1\r\n" % name for name in sorted(NOT_IN_TRAILERS - {b"content-length", b"transfer-encoding"}))
    trailers = b"X-A: 1\r\n" + said + b"x-a: 2\r\nDigest: d\r\n"

    async def main() -> None:
        for pieces in ([trailers], split(trailers, 1)):
            async with Peer(always(CHUNKED + b"1\r\nx\r\n0\r\n", *pieces, b"\r\n")) as peer:
                pool = NativePool(Limits())
                for number in range(2):
                    stream = await pool.send(peer.upstream, get())
                    assert (await stream.read(), stream.reused) == (b"x", number > 0)
                    assert stream.trailers == [(b"X-A", b"1"), (b"x-a", b"2"), (b"Digest", b"d")]
                await pool.close()

    run(main)


def test_a_long_head_passes(run: Run) -> None:
    fields = [b"X-%d: %b" % (number, b"a" * 8000) for number in range(25)]

    async def main() -> None:
        async with Peer(always(ok(b"x", *fields))) as peer:
            stream, body = await ask(peer)
            assert (len(stream.headers), body) == (26, b"x")

    run(main)


BROKEN: dict[str, list[bytes]] = {
    "nothing": [],
    "half a head": [b"HTTP/1.1 200 OK\r\nContent-"],
    "half a body": [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"half"],
    "no chunk": [CHUNKED],
    "half a chunk": [CHUNKED + b"5\r\nhal"],
    "no last chunk": [CHUNKED + b"4\r\nhalf\r\n"],
    "no end of the last chunk": [CHUNKED + b"4\r\nhalf\r\n0\r\n"],
    "interim only": [b"HTTP/1.1 100 Continue\r\n\r\n"],
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_what_breaks_off(run: Run, case: str, reset: bool) -> None:
    """Never a second try where the connection is new or part of an answer came."""
    pieces = BROKEN[case]

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(*pieces, pause=0.01)
        if reset:
            link.reset()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            with pytest.raises(TransportError, match="closed the connection") as caught:
                await whole(pool, peer)
            assert caught.value.kind == "reset"
            assert ("in the middle" in str(caught.value)) is (
                b"\r\n\r\n" in b"".join(pieces) and case != "interim only"
            )
            await pool.close()

    run(main)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_large_bodies_both_ways(run: Run, trusted: Authority, tls: bool) -> None:
    body = bytes(range(256)) * 20_000

    async def serve(link: Link) -> None:
        while True:
            await link.send(ok((await link.request()).body))

    async def main() -> None:
        async with Peer(serve, trusted.server_context() if tls else None) as peer:
            pool = NativePool(Limits())
            for size in (1, 65_536, 65_537, len(body)):
                stream = await pool.send(peer.upstream, get(b"/x", "POST", body[:size]))
                assert await stream.read() == body[:size]
                assert stream.http_version == "1.1"
            assert len(peer.links) == 1
            await pool.close()

    run(main)


def test_the_request_is_written_as_given(run: Run) -> None:
    fields = [(b"Host", b"h"), (b"x-A", b""), (b"X-a", b"\xff"), (b"X-a", b"2")]
    lines: list[bytes] = []

    async def serve(link: Link) -> None:
        lines.append(await link.reader.readuntil(b"\r\n\r\n"))
        await link.send(ok())

    async def main() -> None:
        async with Peer(serve) as peer:
            await ask(peer, HttpRequest("PROPFIND", b"/a%2F?\xff=1&", list(fields)))

    run(main)
    assert lines == [b"PROPFIND /a%2F?\xff=1& HTTP/1.1\r\nHost: h\r\nx-A: \r\nX-a: \xff\r\nX-a: 2\r\n\r\n"]


def test_chunks_come_as_they_arrive_and_together_if_they_do(run: Run) -> None:
    taken: list[bytes] = []

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(CHUNKED)
        for number in range(5):
            await link.send(b"1\r\n%d\r\n" % number)
            await until(lambda: len(taken) > number)  # noqa: B023 - it is awaited here
        await link.send(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")
        await link.closed()

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            stream = await pool.send(peer.upstream, get())
            async for chunk in stream:
                taken.append(chunk)  # noqa: PERF401 - the server looks at it
            assert taken == [b"0", b"1", b"2", b"3", b"4", b"ab"]
            await pool.close()

    run(main)


@pytest.mark.parametrize("pause", [0.0, 0.002], ids=["at once", "in pieces"])
@pytest.mark.parametrize("limit", [0, 10, 300_000, 999_999])
def test_an_answer_that_is_too_long_to_be_read_at_once(run: Run, pause: float, limit: int) -> None:
    """It is still there, all of it, and the provider has to wait until somebody wants it."""
    body = bytes(range(250)) * 4000

    async def serve(link: Link) -> None:
        while True:
            await link.request()
            await link.send(CHUNKED)
            await link.send(*[b"c350\r\n%b\r\n" % piece for piece in split(body, 50_000)], pause=pause)
            await link.send(b"0\r\n\r\n")

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits(connections=1))
            for _ in range(2):
                stream = await pool.send(peer.upstream, get())
                part = await stream.read(limit)
                assert part in (None, body)
                rest = b"".join(await collected(stream))
                assert rest == (body if part is None else b"")
            stream = await pool.send(peer.upstream, get())
            assert await stream.read(len(body)) == body
            await pool.close()

    run(main)


def test_an_answer_before_the_request_is_written(run: Run) -> None:
    """It counts; nobody wants the rest of the request, and the connection is not used again."""
    taken = 0

    async def serve(link: Link) -> None:
        nonlocal taken
        if (await link.head()).target != b"/early":
            await link.send(ok(b"yes"))
            return
        await link.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await asyncio.sleep(0.05)
        while data := await link.reader.read(1_000_000):
            taken += len(data)

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            stream = await pool.send(peer.upstream, get(b"/early", "POST", b"x" * 50_000_000))
            assert (stream.status, await stream.read()) == (413, b"no")
            assert await whole(pool, peer) == b"yes"
            await until(lambda: peer.ended == 2)
            await pool.close()
        assert taken < 20_000_000

    run(main)


def test_what_came_before_the_break_can_be_read(run: Run) -> None:
    async def serve(link: Link) -> None:
        await link.request()
        await link.send(CHUNKED + b"4\r\nsome\r\n")
        await asyncio.sleep(0.03)
        await link.send(b"4\r\nmore\r\n")

    async def main() -> None:
        async with Peer(serve) as peer:
            pool = NativePool(Limits())
            stream = await pool.send(peer.upstream, get())
            await until(lambda: peer.ended)
            assert await anext(stream) == b"somemore"
            for _ in range(2):
                with pytest.raises(TransportError, match="in the middle of its answer"):
                    await anext(stream)
            await pool.close()

    run(main)


def test_cancelled_while_reading(run: Run) -> None:
    async def main() -> None:
        async with Peer(never_ends) as peer:
            pool = NativePool(Limits())
            stream = await pool.send(peer.upstream, get())
            assert await anext(stream) == b"x"
            reading = asyncio.create_task(anext(stream))
            await asyncio.sleep(0.01)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            stream.close()
            stream.close()
            await until(lambda: peer.ended == 1)
            await pool.close()

    run(main)


async def never_ends(link: Link) -> None:
    await link.request()
    await link.send(CHUNKED + b"1\r\nx\r\n")
    await link.closed()
