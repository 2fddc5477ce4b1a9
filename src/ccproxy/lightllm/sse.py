"""Server-sent events out of bytes, in linear time (WHATWG HTML §9.2.6).

Lines end in LF, CR or CRLF, wherever the chunks are cut; a last event without its blank line counts.
"""

from __future__ import annotations

type Frame = tuple[bytes, bytes]
"""An event's name, empty if it has none, and its data."""

COMMENT: Frame = (b":", b"")
"""Stands for a comment, by which servers keep a connection alive. No event can have this name."""

DONE = b"[DONE]"
"""The data of the event by which OpenAI ends a stream."""

EVENT_LIMIT = 64 * 1024 * 1024
"""Bytes that one event may have: images come in one piece."""


class EventTooLong(ValueError):
    """A stream holds an event longer than `EVENT_LIMIT`."""


class Framer:
    """Cuts a stream of bytes into frames."""

    __slots__ = ("_after_cr", "_data", "_held", "_name", "_pieces", "_started")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []  # of a line whose end has not come
        self._data: list[bytes] = []  # of an event whose end has not come
        self._held = 0
        self._name = b""
        self._after_cr = False
        self._started = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that are whole with this chunk. Raises EventTooLong."""
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if b"\n" not in chunk and b"\r" not in chunk:
            self._hold(chunk)
            return []
        lines = self._joined(chunk).splitlines()
        last = chunk[-1:]
        self._after_cr = last == b"\r"
        rest = lines.pop() if last not in b"\r\n" else b""
        frames = self._frames(lines)
        self._hold(rest)
        return frames

    def end(self) -> list[Frame]:
        """The frames that the end of the body completes."""
        return self._frames([*self._joined(b"").splitlines(), b""])

    def _joined(self, chunk: bytes) -> bytes:
        if self._pieces:
            self._held -= sum(map(len, self._pieces))
            chunk = b"".join((*self._pieces, chunk))
            self._pieces.clear()
        if not self._started:
            self._started = True
            chunk = chunk.removeprefix(BOM)
        return chunk

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self._hold_more(len(piece))

    def _hold_more(self, size: int) -> None:
        self._held += size
        if self._held > EVENT_LIMIT:
            raise EventTooLong(f"an event of the stream is longer than {EVENT_LIMIT >> 20} MiB")

    def _frames(self, lines: list[bytes]) -> list[Frame]:
        frames: list[Frame] = []
        data = self._data
        for line in lines:
            if line[:5] == b"data:":
                data.append(line[6:] if line[5:6] == b" " else line[5:])
                self._hold_more(len(line))
            elif not line:
                if data:
                    frames.append((self._name, data[0] if len(data) == 1 else b"\n".join(data)))
                    data.clear()
                self._name = b""
                self._held = 0
            elif line[:6] == b"event:":
                self._name = line[6:].strip()
                self._hold_more(len(line))
            elif line[:1] == b":":
                frames.append(COMMENT)
            elif line == b"data":
                data.append(b"")
                self._hold_more(len(line))
        return frames


BOM = b"\xef\xbb\xbf"
