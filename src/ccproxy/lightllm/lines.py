"""The lines of server-sent events with their ends, for who passes them on as they came (WHATWG HTML §9.2.6)."""

from __future__ import annotations

from ccproxy.lightllm.sse import BOM


class Lines:
    """Cuts bytes into lines that end in LF, CR or CRLF, wherever the chunks are cut, in linear time."""

    __slots__ = ("_after_cr", "_pieces", "_started", "size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._after_cr = False
        self._started = False
        self.size = 0
        """Bytes of the line whose end has not come."""

    def feed(self, chunk: bytes) -> tuple[bytes, list[bytes]]:
        """What of the chunk belongs to the last line still, and the lines that are whole with it.

        A line that ends in CR is whole, and the LF of its CRLF comes later, if at all. The byte order mark that a body
        may begin with comes in that place too.
        """
        late = b""
        if self._after_cr and chunk:
            self._after_cr = False
            late, chunk = (b"\n", chunk[1:]) if chunk[:1] == b"\n" else (b"", chunk)
        if b"\n" not in chunk and b"\r" not in chunk:
            self._hold(chunk)
            return late, []
        self._after_cr = chunk[-1:] == b"\r"
        mark, lines = self._cut(chunk)
        if chunk[-1:] not in b"\r\n":
            self._hold(lines.pop())
        return late + mark, lines

    def end(self) -> tuple[bytes, list[bytes]]:
        """The same, when the body has ended: a last line without an end."""
        return self._cut(b"")

    def _cut(self, chunk: bytes) -> tuple[bytes, list[bytes]]:
        if self._pieces:
            chunk = b"".join((*self._pieces, chunk))
            self._pieces.clear()
            self.size = 0
        if self._started or not chunk.startswith(BOM):
            self._started = True
            return b"", chunk.splitlines(keepends=True)
        self._started = True
        return BOM, chunk[len(BOM) :].splitlines(keepends=True)

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self.size += len(piece)
