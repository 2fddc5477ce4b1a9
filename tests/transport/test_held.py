"""An answer that was looked at is the answer that came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ccproxy.transport.beginnings import FIRST_EVENT, first_data, opens_error
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.held import Held
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.upstream import Timeouts
from tests.transport.peer import run_on


class Line:
    """A connection without anybody behind it."""

    def __init__(self) -> None:
        self.log: list[object] = []

    def pause_reading(self) -> None:
        self.log.append("pause")

    def resume_reading(self) -> None:
        self.log.append("resume")

    def write(self, data: bytes) -> None:
        self.log.append(data)

    def abort(self) -> None:
        self.log.append("abort")


def arrived(*chunks: bytes, line: Line | None = None) -> ResponseStream:
    """A response of which something has come; chunks that come before they are asked for are joined."""
    stream = ResponseStream(line or Line(), Timeouts(), reused=True)
    stream.head_arrived(200, "1.1")
    stream.reason, stream.headers = b"OK", [(b"A", b"1")]
    for chunk in chunks:
        stream.feed(chunk)
    return stream


def test_it_is_the_same_answer() -> None:
    async def main() -> None:
        line = Line()
        stream = arrived(b"one", line=line)
        held = Held(stream)
        assert await held.more()
        assert (held.status, held.reason, held.http_version, held.reused) == (200, b"OK", "1.1", True)
        assert held.headers == [(b"A", b"1")]
        assert held.ready
        stream.feed(b"two")
        assert await held.more()
        assert (await anext(held), held.ready) == (b"onetwo", False)
        pressures: list[bool] = []
        held.on_pressure = pressures.append
        assert stream.on_pressure is not None
        assert held.on_pressure is stream.on_pressure
        stream.on_pressure(True)
        held.write(b"up")
        stream.trailers = [(b"T", b"1")]
        assert held.trailers == [(b"T", b"1")]
        held.trailers = []
        assert stream.trailers == []
        held.close()
        assert (pressures, line.log) == ([True], [b"up", "abort"])

    run_on("asyncio", main)


@pytest.mark.parametrize("limit", [2, 5, 6, 7])
def test_it_is_read_up_to_a_limit(limit: int) -> None:
    async def main() -> None:
        stream = arrived(b"one")
        held = Held(stream)
        await held.more()
        stream.feed(b"two")
        if limit != 5:
            stream.finish()
        whole = await held.read(limit)
        stream.finish()
        assert whole == (b"onetwo" if limit >= 6 else None)
        assert b"".join([chunk async for chunk in held]) == (b"" if whole else b"onetwo")

    run_on("asyncio", main)


def test_it_breaks_off_behind_what_there_is() -> None:
    async def main() -> None:
        stream = arrived(b"one")
        held = Held(stream)
        await held.more()
        stream.fail(TransportError("reset", "gone"))
        assert await held.take_all(99, 5)
        with pytest.raises(TransportError, match="gone"):
            await held.read()
        assert held.ready
        assert await anext(held) == b"one"
        assert held.ready
        for _ in range(2):
            with pytest.raises(TransportError, match="gone"):
                await anext(held)

    run_on("asyncio", main)


def test_an_empty_answer() -> None:
    async def main() -> None:
        stream = arrived()
        stream.finish()
        held = Held(stream)
        assert await held.first_event(PATIENCE) == b""
        assert held.ready
        assert await held.read() == b""
        assert [chunk async for chunk in held] == []

    run_on("asyncio", main)


PATIENCE = 0.1
"""Seconds."""

type End = Callable[[ResponseStream], None]


@pytest.mark.parametrize(
    ("chunks", "end", "data"),
    [
        ([b"data: 1\n\nda"], None, b"1"),
        ([b"data: 1\n", b"\n"], None, b"1"),
        ([b": ping\n\n", b"da", b"ta: 1\n", b"\n"], None, b"1"),
        ([b"data: 1\n"], None, b""),
        ([b"data: 1"], ResponseStream.finish, b"1"),
        ([b": ping\n\n", b"data: 1"], ResponseStream.finish, b"1"),
        ([b"data: 1"], lambda stream: stream.fail(TransportError("reset", "gone")), b""),
        ([b"data: ", b"x" * FIRST_EVENT, b"\n\n"], None, b""),
    ],
)
def test_the_first_event_is_waited_for(chunks: list[bytes], end: End | None, data: bytes) -> None:
    """For a moment, however it is cut; what was taken comes once more."""

    async def main() -> None:
        stream = arrived(chunks[0])
        held = Held(stream)

        async def feed() -> None:
            for chunk in chunks[1:]:
                await asyncio.sleep(0.01)  # so that each is taken by itself
                stream.feed(chunk)
            if end is not None:
                end(stream)

        feeding = asyncio.ensure_future(feed())
        async with asyncio.timeout(5):
            assert await held.first_event(PATIENCE) == data
        await feeding
        if end is None:
            stream.finish()
        body = b""
        try:
            async for chunk in held:
                body += chunk
        except TransportError:
            assert end is not None
        assert body == b"".join(chunks)

    run_on("asyncio", main)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (b"data: 1\n\n", b"1"),
        (b"data:1\r\n\r\n", b"1"),
        (b"data:1\r\r", b"1"),
        (b"data: 1\ndata: 2\n\ndata: 3\n\n", b"1\n2"),
        (b": ping\n\nevent: x\nid: 1\ndata:  1\n\n", b" 1"),
        (b"\xef\xbb\xbfdata: 1\n\n", b"1"),
        (b"event: x\n\n", None),
        (b"data: 1\n", None),
        (b"data: 1", None),
        (b"", None),
    ],
)
def test_the_first_event(text: bytes, data: bytes | None) -> None:
    assert first_data(text) == data


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        (b'{"error":', True),
        (b'[{"error": {', True),
        (b' \r\n\t[\n  {\n    "error" : {', True),
        (b" " * 4000 + b'{"error":{', True),
        (b"", None),
        (b"  ", None),
        (b'[{"err', None),
        (b'{"error"', None),
        (b'{"errors":', False),
        (b'{"error_code":', False),
        (b'{"candidates":[{"error":{', False),
        (b'[[{"error":', False),
        (b"<p>", False),
        (b"[" + b" " * 64 + b'{"error":{', False),
        (b'x {"error":', False),
    ],
)
def test_how_an_error_opens(text: bytes, opens: bool | None) -> None:
    assert opens_error(text) is opens
    assert opens_error(text, is_all=True) is bool(opens)
