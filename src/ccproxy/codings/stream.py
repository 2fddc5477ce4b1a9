"""Codings of a body that comes in pieces."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Protocol

from ccproxy.codings.whole import CodingError

FEED_LIMIT = 64 * 1024 * 1024
"""Bytes that one chunk may decode to (a guard against decompression bombs)."""

SLICE = 1024
"""Bytes that zstandard is given at once, which has no limit of its own: 4 of them can stand for 128 KiB (RFC 8878
§3.1.1.2), and so all for 32 MiB."""


class Inflow(Protocol):
    """Undoes one coding of a body that comes in pieces."""

    def feed(self, chunk: bytes, limit: int) -> bytes:
        """What a chunk decodes to so far; may be empty. Once it is more than `limit`, the rest may be cut off."""
        ...


class _Deflated:
    """zlib, raw deflate and gzip in pieces; gzip members may follow one another."""

    def __init__(self, wbits: int) -> None:
        self._wbits, self._machine, self._first = wbits, zlib.decompressobj(wbits), True

    def feed(self, chunk: bytes, limit: int) -> bytes:
        room = limit + 1
        try:
            out = self._machine.decompress(chunk, room)
        except zlib.error:
            if not (self._first and self._wbits == zlib.MAX_WBITS):
                raise
            self._machine = zlib.decompressobj(-zlib.MAX_WBITS)  # some send raw deflate (RFC 9110 §8.4.1.2, note)
            out = self._machine.decompress(chunk, room)
        self._first = False
        while len(out) < room and self._machine.eof and (rest := self._machine.unused_data):
            self._machine = zlib.decompressobj(self._wbits)
            out += self._machine.decompress(rest, room - len(out))
        return out


class _Brotlied:
    def __init__(self) -> None:
        import brotli

        self._machine = brotli.Decompressor()

    def feed(self, chunk: bytes, limit: int) -> bytes:
        pieces, room = [self._machine.process(chunk, output_buffer_limit=limit + 1)], limit + 1
        while pieces[-1] and (room := room - len(pieces[-1])) > 0 and not self._machine.can_accept_more_data():
            pieces.append(self._machine.process(b"", output_buffer_limit=room))
        return b"".join(pieces)


class _Zstandard:
    def __init__(self) -> None:
        import zstandard

        self._machine = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)

    def feed(self, chunk: bytes, limit: int) -> bytes:
        pieces, room = [b""], limit + 1
        for at in range(0, len(chunk), SLICE):
            pieces.append(self._machine.decompress(chunk[at : at + SLICE]))
            room -= len(pieces[-1])
            if room <= 0:
                break
        return b"".join(pieces)


INFLOWS: dict[str, Callable[[], Inflow]] = {
    "gzip": lambda: _Deflated(zlib.MAX_WBITS | 16),
    "x-gzip": lambda: _Deflated(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Deflated(zlib.MAX_WBITS),
    "br": _Brotlied,
    "zstd": _Zstandard,
}


class StreamDecoder:
    """Undoes the codings of a Content-Encoding value as the body comes.

    Raises CodingError, when made, for a coding that is not known.
    """

    def __init__(self, encoding: str | None) -> None:
        names = [n.strip().lower() for n in encoding.split(",")] if encoding else []
        self._inflows: list[tuple[str, Inflow]] = []
        for name in reversed([n for n in names if n and n != "identity"]):
            if name not in INFLOWS:
                raise CodingError(f"content-encoding {name!r} is not known; known are {', '.join(INFLOWS)}")
            self._inflows.append((name, INFLOWS[name]()))

    def feed(self, chunk: bytes) -> bytes:
        """What a chunk decodes to so far; may be empty. Raises CodingError for corrupt data, and far too much of it."""
        for name, inflow in self._inflows:
            try:
                chunk = inflow.feed(chunk, FEED_LIMIT)
            except Exception as error:
                raise CodingError(f"the body is not valid {name}: {error}") from error
            if len(chunk) > FEED_LIMIT:
                raise CodingError(f"a piece of the body decodes ({name}) to more than {FEED_LIMIT >> 20} MiB at once")
        return chunk
