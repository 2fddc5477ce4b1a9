"""HTTP/2 frame by frame (RFC 9113), for servers that get it wrong: nothing here keeps a rule by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from hpack import Decoder, Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.faults.fault import Answer, Serve, Spot
from tests.support.http import Header
from tests.transport.peer import Link

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = SettingsFrame(0).serialize()
ACK = SettingsFrame(0, flags=["ACK"]).serialize()
CANCEL, REFUSED_STREAM, PROTOCOL_ERROR = 0x8, 0x7, 0x1


class H2Link:
    """One connection. It reads requests, and writes what it is told to."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._decoder = Decoder()
        self._begun = False

    async def request(self, *, generous: bool = True, settings: bytes = SETTINGS) -> tuple[int, list[Header]]:
        """Reads a whole request; its stream and its fields. Not `generous`: no window is ever opened."""
        if not self._begun:
            assert await self.link.reader.readexactly(len(PREFACE)) == PREFACE
            await self.link.send(settings)
            self._begun = True
        fields: list[Header] = []
        while True:
            frame = await self.frame()
            if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags and settings:
                await self.link.send(ACK)
            if isinstance(frame, HeadersFrame | ContinuationFrame):
                fields += [(bytes(name), bytes(value)) for name, value in self._decoder.decode(frame.data, raw=True)]
            if isinstance(frame, DataFrame) and generous and frame.data:
                await self.link.send(*(open_window(each, len(frame.data)) for each in (0, frame.stream_id)))
            if isinstance(frame, HeadersFrame | DataFrame) and "END_STREAM" in frame.flags:
                return frame.stream_id, fields

    async def streams(self, answered: dict[int, asyncio.Task[None]], *, patient: bool) -> AsyncIterator[int]:
        """The requests as they come, whole or if not `patient` as soon as they begin. A stream that the client resets
        is `answered` no longer."""
        assert await self.link.reader.readexactly(len(PREFACE)) == PREFACE
        await self.link.send(SETTINGS)
        while True:
            frame = await self.frame()
            if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
                await self.link.send(ACK)
            if isinstance(frame, RstStreamFrame) and frame.stream_id in answered:
                answered.pop(frame.stream_id).cancel()
            if isinstance(frame, DataFrame) and frame.data and patient:
                await self.link.send(*(open_window(each, len(frame.data)) for each in (0, frame.stream_id)))
            if isinstance(frame, DataFrame) and frame.data and not patient:
                await self.link.send(open_window(0, len(frame.data)))
            begun = isinstance(frame, HeadersFrame) and not patient
            if begun or (patient and isinstance(frame, HeadersFrame | DataFrame) and "END_STREAM" in frame.flags):
                yield frame.stream_id

    async def frame(self) -> Frame:
        """The next frame."""
        try:
            head = await self.link.reader.readexactly(9)
            frame, length = Frame.parse_frame_header(memoryview(head))
            frame.parse_body(memoryview(await self.link.reader.readexactly(length)))
        except asyncio.IncompleteReadError:
            raise ConnectionError("closed") from None
        return frame


def open_window(stream: int, size: int) -> bytes:
    """Leave to send more."""
    return WindowUpdateFrame(stream, window_increment=size).serialize()


def headers(stream: int, fields: Iterable[tuple[bytes, bytes]], *flags: str) -> bytes:
    """A HEADERS frame, whole unless `flags` are given."""
    data = Encoder().encode(list(fields), huffman=False)
    return HeadersFrame(stream, data=data, flags=list(flags or ("END_HEADERS",))).serialize()


def head(stream: int, answer: Answer, *more: tuple[bytes, bytes], status: bytes = b"200") -> bytes:
    """The head of an answer."""
    return headers(stream, [(b":status", status), (b"content-type", answer.kind), *more])


def data(stream: int, payload: bytes, *, end: bool = False) -> bytes:
    """A DATA frame."""
    return DataFrame(stream, data=payload, flags=["END_STREAM"] if end else []).serialize()


def whole(stream: int, answer: Answer) -> bytes:
    """A good answer."""
    return head(stream, answer) + data(stream, answer.body, end=True)


def stop(stream: int, code: int) -> bytes:
    """RST_STREAM."""
    return RstStreamFrame(stream, error_code=code).serialize()


def goaway(last: int, code: int = 0) -> bytes:
    """GOAWAY."""
    return GoAwayFrame(0, last_stream_id=last, error_code=code).serialize()


def ping() -> bytes:
    """PING."""
    return PingFrame(0, opaque_data=b"faulty!!").serialize()


def raw(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Any frame at all."""
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


type Make = Callable[[int, Answer], Iterable[bytes]]
type End = Callable[[Link], Awaitable[None]]


def h2_says(make: Make, end: End) -> Serve:
    """Reads a request, says something on its stream, and ends the connection in some way."""

    async def serve(link: Link, spot: Spot) -> None:
        stream, _ = await H2Link(link).request()
        await link.send(*make(stream, spot.answer))
        await end(link)

    return serve


def h2_good_then(evil: Make) -> Serve:
    """As `acts.after_a_good_one`, over HTTP/2."""

    async def serve(link: Link, spot: Spot) -> None:
        h2 = H2Link(link)
        while True:
            stream, _ = await h2.request()
            await link.send(whole(stream, spot.answer))
            if link.number == 0 and not spot.ready.is_set():
                await link.send(*evil(stream, spot.answer))
                spot.ready.set()

    return serve


def h2_deluge(make: Make, block: Callable[[int], bytes], total: int) -> Serve:
    """A beginning, and then the same frames until so many bytes have gone or the other side has had enough."""

    async def serve(link: Link, spot: Spot) -> None:
        stream, _ = await H2Link(link).request()
        await link.send(*make(stream, spot.answer))
        big = block(stream)
        big *= 262_144 // len(big) + 1
        reading = asyncio.ensure_future(link.closed())
        with contextlib.suppress(ConnectionError):
            for _ in range(total // len(big)):
                await link.send(big)
                if reading.done():
                    return
        await reading

    return serve


def answers_by(settings: bytes, **options: Any) -> Serve:
    """Good answers behind settings that are none."""

    async def serve(link: Link, spot: Spot) -> None:
        stream, _ = await H2Link(link).request(settings=settings, **options)
        await link.send(whole(stream, spot.answer))
        await link.closed()

    return serve
