"""Whatever a server says, in whatever pieces: an answer that is whole and well-formed, or an error."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccproxy.exchange import Headers, Origin
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.response_parser import ResponseParser
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.upstream import Timeouts
from tests.support.tls import Authority
from tests.transport.conftest import Run
from tests.transport.peer import Link, Peer, get

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")

LINES = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.0 200 OK",
    b"HTTP/1.1 103 Early Hints",
    b"HTTP/1.1 100",
    b"HTTP/1.1 204 No Content",
    b"HTTP/1.1 101 Switching Protocols",
    b"HTTP/1.1 408 Request Timeout",
    b"HTTP/1.1 304 ",
    b"HTTP/2 200",
    b"HTTP/1.1",
    b"Content-Length: 3",
    b"Content-Length: 0",
    b"Content-Length: -1",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: x",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"X: y",
    b" folded",
    b":",
    b"",
    b"",
    b"3",
    b"abc",
    b"0",
    b"1;x=y",
    b"ffffffffffffffffff",
    b"-1",
    b"\0",
    b"\xff: \xff",
]
GRAMMAR = st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""])))
ANSWERS = st.one_of(st.binary(max_size=200), GRAMMAR.map(lambda parts: b"".join(line + end for line, end in parts)))


class Source:
    """A connection that remembers that it was given up."""

    def __init__(self) -> None:
        self.aborted = False

    def pause_reading(self) -> None:
        """Nothing."""

    def resume_reading(self) -> None:
        """Nothing."""

    def write(self, data: bytes) -> None:
        """Nothing."""

    def abort(self) -> None:
        """Remembers it."""
        self.aborted = True


def received(data: bytes, cuts: list[int], *, is_head: bool, reused: bool) -> ResponseStream:
    """What becomes of the answer in `data`, cut at some places, and then the end of the connection."""
    told: list[tuple[int, bytes, Headers]] = []
    stream = ResponseStream(Source(), Timeouts(), reused, lambda *one: told.append(one))
    completed: list[bool] = []
    parser = ResponseParser(Origin("http", "test", 80), completed.append, lambda: completed.append(False))
    parser.expect(stream, is_head)
    places = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    try:
        for begin, end in pairwise(places):
            if begin < end and parser.stream is stream:
                parser.feed(data[begin:end])
    except TransportError as error:
        parser.fail(error)
    parser.closed(None, in_order=True)
    assert parser.stream is None
    assert all(status not in (100, 101) and 100 < status < 200 and good(headers) for status, _, headers in told)
    return stream


def good(headers: Headers) -> bool:
    """True for fields that can be written again as they are (RFC 9110 §5)."""
    return all(TOKEN.fullmatch(name) and VALUE.fullmatch(value) for name, value in headers)


def outcome(stream: ResponseStream) -> tuple[object, ...]:
    """The answer, or the kind of its error. Nothing is waited for: all is there."""
    reading = stream.read()
    try:
        reading.send(None)
    except StopIteration as done:
        assert 100 < stream.status <= 999
        assert good(stream.headers)
        assert good(stream.trailers)
        assert VALUE.fullmatch(stream.reason)
        return stream.status, stream.reason, tuple(stream.headers), done.value, tuple(stream.trailers)
    except TransportError as error:
        return error.kind, error.untouched
    raise AssertionError("it waits for more although the connection has ended")


@given(ANSWERS, st.lists(st.integers(0, 4000), max_size=6), st.booleans(), st.booleans())
@example(b"HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n", [], False, False)
@example(b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n", [], False, False)
@example(b"HTTP/1.1 200 \r\n\r\n", [9, 9], True, True)
def test_an_answer_or_an_error(data: bytes, cuts: list[int], is_head: bool, reused: bool) -> None:
    stream = received(data, cuts, is_head=is_head, reused=reused)
    got = outcome(stream)
    assert type(got[0]) is int or got in (("protocol", False), ("reset", False), ("reset", not stream.status))


WHOLE = (
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
    b"3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nX-T: u\r\nY: z\r\n\r\n"
)


@given(st.lists(st.integers(0, 4000), max_size=12))
def test_the_pieces_make_no_difference(cuts: list[int]) -> None:
    got = outcome(received(WHOLE, cuts, is_head=False, reused=False))
    fields = ((b"Transfer-Encoding", b"chunked"), (b"X", b"y"))
    assert got == (200, b"OK", fields, b"abcd", ((b"X-T", b"u"), (b"Y", b"z")))


@given(st.integers(0, len(WHOLE) - 1), st.lists(st.integers(0, 4000), max_size=4))
def test_half_an_answer_is_none(length: int, cuts: list[int]) -> None:
    """Whatever byte the connection ends behind."""
    got = outcome(received(WHOLE[:length], cuts, is_head=False, reused=False))
    assert got == ("reset", length == 0)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_over_a_real_connection(run: Run, tls: bool, trusted: Authority) -> None:
    """A sample of everything, at once; nothing hangs, and nothing reaches the loop."""
    strange = [bytes([number]) * 3 + b"\r\n\r\n" for number in range(256)]
    cut = [WHOLE[:length] for length in range(len(WHOLE))]
    left = iter(strange + cut)

    async def serve(link: Link) -> None:
        await link.request()
        await link.send(next(left))

    async def main() -> None:
        async with Peer(serve, trusted.server_context() if tls else None) as peer:
            pool = NativePool(Limits(connections=20))

            async def one() -> str:
                with pytest.raises(TransportError) as caught:
                    await (await pool.send(peer.upstream, get())).read()
                return caught.value.kind

            kinds = await asyncio.gather(*(one() for _ in range(len(strange) + len(cut))))
            assert set(kinds) == {"protocol", "reset"}
            await pool.close()

    run(main)
