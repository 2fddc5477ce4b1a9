"""Applying content codings to a body that is there as a whole."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

from ccproxy.codings.whole import CodingError


def encode(body: bytes, encoding: str | None) -> bytes:
    """Applies the codings of a Content-Encoding value in their order; the same bytes each time.

    Raises:
        CodingError: for a coding that is not known.
    """
    names = [n.strip().lower() for n in encoding.split(",")] if encoding else []
    for name in (n for n in names if n and n != "identity"):
        encoder = ENCODERS.get(name)
        if encoder is None:
            raise CodingError(f"content-encoding {name!r} is not known; known are {', '.join(ENCODERS)}")
        body = encoder(body)
    return body


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)


def _brotli(body: bytes) -> bytes:
    import brotli

    return bytes(brotli.compress(body, quality=5))


def _zstd(body: bytes) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor().compress(body)


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": zlib.compress,
    "br": _brotli,
    "zstd": _zstd,
}
