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
        last = chunk[-1:]
        self._after_cr = last == b"\r"
        chunk = self.rest() + chunk if self._pieces else chunk
        if not self._started:
            self._started = True
            if chunk.startswith(BOM):
                late, chunk = BOM, chunk[len(BOM) :]
        lines = chunk.splitlines(keepends=True)
        if last not in b"\r\n":
            self._hold(lines.pop())
        return late, lines

    def rest(self) -> bytes:
        """The last line, if it has no end."""
        rest = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return rest

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self.size += len(piece)
