"""HTTP content codings (RFC 9110 §8.4.1): reading a body whatever it was compressed with.

Used to look into bodies for routing and for the record; what is forwarded stays as it came.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

DEFAULT_LIMIT = 512 * 1024 * 1024


class CodingError(ValueError):
    """A body that does not decode: unknown coding, corrupt data, or more than the limit."""


def decode(body: bytes, encoding: str | None, limit: int = DEFAULT_LIMIT) -> bytes:
    """Undoes the codings of a Content-Encoding value, last applied first.

    A body that was cut short yields what is there.

    Args:
        body: the encoded bytes.
        encoding: the header's value, such as `gzip` or `gzip, br`; None, empty and `identity` mean none.
        limit: the most bytes a decoded body may have (a guard against decompression bombs).

    Raises:
        CodingError: with the coding and what is wrong.
    """
    names = [n.strip().lower() for n in encoding.split(",")] if encoding else []
    for name in reversed([n for n in names if n and n != "identity"]):
        decoder = DECODERS.get(name)
        if decoder is None:
            raise CodingError(f"content-encoding {name!r} is not known; known are {', '.join(DECODERS)}")
        try:
            body = decoder(body, limit)
        except CodingError:
            raise
        except Exception as error:
            raise CodingError(f"the body is not valid {name}: {error}") from error
    return body


def _zlib(body: bytes, limit: int, wbits: int) -> bytes:
    machine = zlib.decompressobj(wbits)
    out = machine.decompress(body, limit)
    if machine.unconsumed_tail:
        raise _too_large(limit)
    return out + machine.flush()


def _gzip(body: bytes, limit: int) -> bytes:
    return _zlib(body, limit, zlib.MAX_WBITS | 16)


def _deflate(body: bytes, limit: int) -> bytes:
    try:
        return _zlib(body, limit, zlib.MAX_WBITS)
    except zlib.error:
        return _zlib(body, limit, -zlib.MAX_WBITS)  # some send raw deflate (RFC 9110 §8.4.1.2, note)


def _brotli(body: bytes, limit: int) -> bytes:
    import brotli

    out: bytes = brotli.Decompressor().process(body, output_buffer_limit=limit + 1)
    if len(out) > limit:
        raise _too_large(limit)
    return out


def _zstd(body: bytes, limit: int) -> bytes:
    import zstandard

    reader = zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True)
    out = reader.read(limit + 1)
    if len(out) > limit:
        raise _too_large(limit)
    return bytes(out)


def _too_large(limit: int) -> CodingError:
    return CodingError(f"the decoded body is larger than {limit} bytes")


DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
