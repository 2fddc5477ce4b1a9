"""Codings of a body that comes in pieces."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Protocol

from ccproxy.codings.whole import CodingError


class Inflow(Protocol):
    """Undoes one coding of a body that comes in pieces."""

    def feed(self, chunk: bytes) -> bytes:
        """What a chunk decodes to so far; may be empty. Raises CodingError."""
        ...


class _Deflated:
    """zlib, raw deflate and gzip in pieces; gzip members may follow one another."""

    def __init__(self, wbits: int) -> None:
        self._wbits, self._machine, self._first = wbits, zlib.decompressobj(wbits), True

    def feed(self, chunk: bytes) -> bytes:
        try:
            out = self._machine.decompress(chunk)
        except zlib.error:
            if not (self._first and self._wbits == zlib.MAX_WBITS):
                raise
            self._machine = zlib.decompressobj(-zlib.MAX_WBITS)  # some send raw deflate (RFC 9110 §8.4.1.2, note)
            out = self._machine.decompress(chunk)
        self._first = False
        while self._machine.eof and (rest := self._machine.unused_data):
            self._machine = zlib.decompressobj(self._wbits)
            out += self._machine.decompress(rest)
        return out


class _Brotlied:
    def __init__(self) -> None:
        import brotli

        self._machine = brotli.Decompressor()

    def feed(self, chunk: bytes) -> bytes:
        return bytes(self._machine.process(chunk))


class _Zstandard:
    def __init__(self) -> None:
        import zstandard

        self._machine = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)

    def feed(self, chunk: bytes) -> bytes:
        return self._machine.decompress(chunk)


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
        """What a chunk decodes to so far; may be empty. Raises CodingError for corrupt data."""
        for name, inflow in self._inflows:
            try:
                chunk = inflow.feed(chunk)
            except Exception as error:
                raise CodingError(f"the body is not valid {name}: {error}") from error
        return chunk
