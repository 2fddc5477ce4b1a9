"""Numbered events of a Responses stream, framed."""

from __future__ import annotations

from typing import Any

import orjson


class Frames:
    """Writes events; `number` is the next one's `sequence_number`."""

    def __init__(self) -> None:
        self.number = 0

    def event(self, kind: str, **fields: Any) -> bytes:
        """One event."""
        number = self.number
        self.number = number + 1
        data = orjson.dumps({"type": kind, "sequence_number": number, **fields})
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


class Silence(Frames):
    """Writes nothing: a whole answer is put together from the same items as a stream."""

    def event(self, kind: str, **fields: Any) -> bytes:
        """No bytes."""
        return b""


class DeltaFrame:
    """The frames of one kind of delta, ready but for their number and text: a stream has thousands of them."""

    __slots__ = ("_frames", "_head", "_middle", "_tail")

    def __init__(self, frames: Frames, kind: str, place: dict[str, Any], more: bytes = b"") -> None:
        self._frames = frames
        self._head = b'event: %b\ndata: {"type":"%b","sequence_number":' % (kind.encode(), kind.encode())
        self._middle = b',%b,"delta":' % orjson.dumps(place)[1:-1]
        self._tail = more + b"}\n\n"

    def write(self, text: str) -> bytes:
        """One delta."""
        frames = self._frames
        number = frames.number
        frames.number = number + 1
        return b"%b%d%b%b%b" % (self._head, number, self._middle, orjson.dumps(text), self._tail)
