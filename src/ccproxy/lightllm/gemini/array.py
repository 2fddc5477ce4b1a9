"""Gemini's stream for who asks for no events: one JSON array, whose elements come one after the other."""

from __future__ import annotations

import re

from ccproxy.lightllm.sse import EVENT_LIMIT, EventTooLong, Frame

OUTSIDE = re.compile(rb'[{}"]')
INSIDE = re.compile(rb'["\\]')
"""What matters outside of a string, and inside of one (RFC 8259 §7)."""


class ArrayFramer:
    """Cuts the objects out of an array that comes in pieces, in linear time. Implements `stream_translator.Framing`."""

    __slots__ = ("_begin", "_data", "_depth", "_quoted", "_seen")

    def __init__(self) -> None:
        self._data = bytearray()
        self._seen = 0
        """Up to where the data has been looked at."""
        self._begin = -1
        """Where the object begins that has not ended; -1 between objects."""
        self._depth = 0
        self._quoted = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """The objects that are whole with this chunk. Raises EventTooLong."""
        self._data += chunk
        frames: list[Frame] = []
        while (match := self._next()) is not None:
            self._seen = match.end()
            self._take(match[0], match.start(), frames)
        self._forget()
        return frames

    def end(self) -> list[Frame]:
        """Nothing more comes. An object that has not ended is none."""
        return []

    def _next(self) -> re.Match[bytes] | None:
        match = (INSIDE if self._quoted else OUTSIDE).search(self._data, self._seen)
        if match is None:
            self._seen = len(self._data)
        elif match[0] == b"\\" and match.end() == len(self._data):
            self._seen = match.start()  # what it escapes has not come
            return None
        return match

    def _take(self, mark: bytes, at: int, frames: list[Frame]) -> None:
        if mark == b'"':
            self._quoted = not self._quoted
        elif mark == b"\\":
            self._seen += 1
        elif mark == b"{":
            if not self._depth:
                self._begin = at
            self._depth += 1
        elif self._depth:
            self._depth -= 1
            if not self._depth:
                check(at + 1 - self._begin)
                frames.append((b"", bytes(self._data[self._begin : at + 1])))
                self._begin = -1

    def _forget(self) -> None:
        keep = self._seen if self._begin < 0 else self._begin
        check(len(self._data) - keep)
        del self._data[:keep]
        self._seen -= keep
        self._begin = min(self._begin, 0)


def check(size: int) -> None:
    """Raises EventTooLong for an element of more bytes than one may have."""
    if size > EVENT_LIMIT:
        raise EventTooLong(f"an element of the stream is longer than {EVENT_LIMIT >> 20} MiB")
