"""The framer of server-sent events beside one written for clarity: the same frames, however the bytes are cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.lightllm import sse
from ccproxy.lightllm.sse import COMMENT, EventTooLong, Frame, Framer
from tests.support.disorder import cut

BOM = b"\xef\xbb\xbf"

FIELDS = (
    b"data: a", b"data:b", b"data:  c", b"data", b"data:", b"event: x", b"event:y ", b"event", b": hi", b":", b"id: 1",
    b"retry: 5", b"dat", b"a: ", b" data: z",
)  # fmt: skip
ENDS = (b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r")
ODD = (BOM, b"\xff\x00", b"\x0b", b"\x0c", b"\x1c", b"\x85", "\u2028".encode(), b"[DONE]", b"")
pieces = st.one_of(st.sampled_from(FIELDS), st.sampled_from(ENDS), st.sampled_from(ODD), st.binary(max_size=5))
streams = st.lists(pieces, max_size=20).map(b"".join)


def reference(stream: bytes) -> list[Frame]:
    """WHATWG HTML §9.2.6, but that the end of the stream completes an event, and that comments are told."""
    out: list[Frame] = []
    name, data = b"", []
    for line in [*re.split(rb"\r\n|\n|\r", stream.removeprefix(BOM)), b""]:
        field, colon, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if data:
                out.append((name, b"\n".join(data)))
            name, data = b"", []
        elif colon and not field:
            out.append(COMMENT)
        elif field == b"data":
            data.append(value)
        elif field == b"event" and colon:
            name = value.strip()
    return out


@pytest.mark.parametrize("size", [1, 7, 90])
def test_an_event_may_be_as_long_as_the_limit_in_whatever_pieces(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(sse, "EVENT_LIMIT", 100)
    body = (b": " + b"c" * 80 + b"\ndata: " + b"x" * 70 + b"\n\n") * 3
    framer = Framer()
    frames = [frame for at in range(0, len(body), size) for frame in framer.feed(body[at : at + size])]
    assert frames == [COMMENT, (b"", b"x" * 70)] * 3
    long = b"data: " + b"x" * 60 + b"\ndata: " + b"x" * 60
    with pytest.raises(EventTooLong):
        list(map(framer.feed, [long[at : at + size] for at in range(0, len(long), size)]))


@pytest.mark.parametrize("line", [b"data\n", b"data:\n", b"event: x\n", b"data: " + b"x" * 200 + b"\n\n"])
def test_nothing_is_held_beyond_the_limit(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "EVENT_LIMIT", 100)
    with pytest.raises(EventTooLong):
        Framer().feed(line * 50)


@settings(deadline=None, max_examples=400, print_blob=True)
@given(streams, st.data())
def test_frames_are_the_same(stream: bytes, data: st.DataObject) -> None:
    framer, out = Framer(), []
    for chunk in cut(data.draw, stream):
        out += framer.feed(chunk)
    out += framer.end()
    assert out == reference(stream)
