"""Faults of HTTP/2 (RFC 9113): only the carrier that speaks it meets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.faults import frames
from tests.faults.acts import End, close, hang, reset, unheard
from tests.faults.answers import CUT, SILENCE, STALLED
from tests.faults.fault import CURL, WHOLE, Answer, Fault, Limits, Serve
from tests.faults.frames import SETTINGS, answers_by, data, goaway, h2_deluge, h2_good_then, h2_says, head, headers

PATIENT = Limits(first_byte_seconds=5.0)
LOST = (*CUT, "protocol")
"""The stream or the connection is gone: it can be told as either."""
SOME = (*LOST, "first_byte_timeout")
CONTINUATION, PUSH, INTERNAL_ERROR = 0x9, 0x5, 0x2
FILLER = b"\x00\x08x-filler\x7f\x81\x07" + b"y" * 1024
"""A field as HPACK has it, neither indexed nor compressed (RFC 7541 §6.2.2)."""


type Piece = Callable[[int, Answer], bytes]
"""A frame or some, for a stream."""


def over_h2(name: str, serve: Serve, sees: tuple[str, ...], begun: bool = False, **more: Any) -> Fault:
    """A fault for the one way that speaks HTTP/2."""
    return Fault(f"h2: {name}", serve, sees, begun, tls="h2", ways=(CURL,), **more)


def raw_large(stream: int, answer: Answer) -> bytes:
    """More than any frame may have that was not allowed to (RFC 9113 §4.2)."""
    return frames.raw(0, 0, stream, b"y" * (2**24 - 1))


def silent_after(*make: Piece) -> Serve:
    """Says these frames on the request's stream, and then nothing."""
    return h2_says(lambda s, a: [piece(s, a) for piece in make], hang)


def closing_after(*make: Piece, by: End = close) -> Serve:
    """Says them, and ends the connection."""
    return h2_says(lambda s, a: [piece(s, a) for piece in make], by)


def half(stream: int, answer: Answer) -> bytes:
    """Some of the body."""
    return data(stream, answer.half)


def body(stream: int, answer: Answer) -> bytes:
    """All of it, and its end."""
    return data(stream, answer.body, end=True)


def with_field(name: bytes, value: bytes) -> Serve:
    """A good answer but for one field."""
    return silent_after(lambda s, a: head(s, a, (name, value)), body)


def ends(code: int, last: int | None = None) -> Piece:
    """GOAWAY, after the stream `last` or this one."""
    return lambda s, a: goaway(s if last is None else last, code)


def stops(code: int) -> Piece:
    """RST_STREAM."""
    return lambda s, a: frames.stop(s, code)


def endless_head(count: int) -> Serve:
    """A head in so many frames, and an end of it."""
    begun = headers(1, [(b":status", b"200")], "PRIORITY")
    more = frames.raw(CONTINUATION, 0, 1, FILLER) * count + frames.raw(CONTINUATION, 4, 1, FILLER)
    return h2_says(lambda s, a: [begun, more, data(1, b"", end=True)], hang)


def flood(block: Callable[[int], bytes], *make: Piece, total: int = 20_000_000) -> Serve:
    """A beginning, and then the same frames over and over."""
    return h2_deluge(lambda s, a: [piece(s, a) for piece in make], block, total)


def unended(stream: int, answer: Answer) -> bytes:
    """The beginning of a head."""
    return headers(stream, [(b":status", b"200")], "END_STREAM")


NOT_SETTINGS = {
    "SETTINGS of five bytes": frames.raw(4, 0, 0, b"12345"),
    "SETTINGS with a window of 4 GB": frames.raw(4, 0, 0, b"\0\4\xff\xff\xff\xff"),
}
NOT_FRAMES = {
    "garbage for SETTINGS": bytes(range(256)) * 8,
    "HTTP/1.1 for HTTP/2": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
}
STREAMS = [
    over_h2("a good answer", silent_after(frames.whole), (WHOLE,)),
    over_h2("closes before the head", closing_after(), LOST),
    over_h2("resets before the head", closing_after(by=reset), LOST),
    over_h2("silent before the head", silent_after(), ("first_byte_timeout",), limits=SILENCE),
    over_h2("closes after the head", closing_after(head), LOST, True),
    over_h2("silent after the head", silent_after(head), ("idle_timeout",), True, limits=STALLED),
    over_h2("closes in the body", closing_after(head, half), LOST, True),
    over_h2("resets in the body", closing_after(head, half, by=reset), LOST, True),
    over_h2("silent in the body", silent_after(head, half), ("idle_timeout",), True, limits=STALLED),
    over_h2("closes without END_STREAM", closing_after(head, lambda s, a: data(s, a.body)), LOST, True),
    over_h2("GOAWAY before the head, not processed", closing_after(ends(0, 0)), LOST),
    over_h2("GOAWAY before the head, an error", closing_after(ends(INTERNAL_ERROR)), LOST),
    over_h2("GOAWAY in the body", closing_after(head, half, ends(INTERNAL_ERROR)), LOST, True),
    over_h2("GOAWAY, then the whole answer", silent_after(ends(0), frames.whole), (WHOLE,)),
    over_h2("GOAWAY on an idle connection", h2_good_then(lambda s, a: [goaway(s)]), (WHOLE,), warmed=True),
    over_h2("RST_STREAM before the head", silent_after(stops(frames.CANCEL)), LOST),
    over_h2("REFUSED_STREAM", silent_after(stops(frames.REFUSED_STREAM)), LOST),
    over_h2("RST_STREAM in the body", silent_after(head, half, stops(frames.CANCEL)), LOST, True),
]
FRAMES = [
    *(over_h2(name, answers_by(settings), LOST, limits=PATIENT) for name, settings in NOT_SETTINGS.items()),
    *(over_h2(name, unheard(hang, text), LOST, limits=PATIENT) for name, text in NOT_FRAMES.items()),
    over_h2("the window never opens", answers_by(SETTINGS, generous=False), ("first_byte_timeout",), big=True,
            limits=SILENCE, modes=(False,)),
    over_h2("a flood of PING", flood(lambda s: frames.ping()), SOME, limits=SILENCE),
    over_h2("a flood of SETTINGS", flood(lambda s: SETTINGS), SOME, limits=SILENCE),
    over_h2("103 without end", flood(lambda s: headers(s, [(b":status", b"103")])), SOME, limits=SILENCE),
    over_h2("100 MB of CONTINUATION", flood(
        lambda s: frames.raw(CONTINUATION, 0, s, FILLER), unended, total=100_000_000), LOST),
    over_h2("a head of 400 kB", endless_head(400), LOST),
    over_h2("HPACK that is broken", silent_after(lambda s, a: frames.raw(1, 4, s, b"\xff" * 40)), LOST),
    over_h2("a head without status", silent_after(lambda s, a: headers(s, [(b"a", b"b")])), LOST),
    over_h2("a field in capitals", with_field(b"X-Bad", b"a"), (*LOST, WHOLE)),
    over_h2("NUL in a field", with_field(b"x-bad", b"a\0b"), LOST),
    over_h2("less than its length", with_field(b"content-length", b"9999"), LOST, True),
    over_h2("more than its length", with_field(b"content-length", b"9"), LOST, True),
    over_h2("80 MB in spite of the window", flood(lambda s: data(s, b"y" * 16384), head, total=80_000_000),
            (*LOST, "idle_timeout"), True, limits=STALLED, modes=(True,)),
    over_h2("DATA before the head", silent_after(body, head), LOST),
    over_h2("DATA on another stream", silent_after(lambda s, a: data(s + 2, a.body), head), LOST, True),
    over_h2("a frame of 16 MB", silent_after(raw_large), LOST),
    over_h2("a push that nobody asked for", silent_after(
        lambda s, a: frames.raw(PUSH, 4, s, b"\0\0\0\2\x88"), frames.whole), (*LOST, WHOLE)),
]  # fmt: skip
HTTP2 = [*STREAMS, *FRAMES]
