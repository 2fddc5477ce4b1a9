"""Codings of a body that is there as a whole."""

from __future__ import annotations

import zlib
from collections.abc import Callable

DEFAULT_LIMIT = 512 * 1024 * 1024
PIECE = 64 * 1024
"""Bytes that are inflated at once, so that what is left behind each of many tiny members is not copied for all."""


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


def _inflate(body: bytes, limit: int, wbits: int) -> bytes:
    """One zlib stream, or gzip members that follow one another (RFC 1952 §2.2). What comes behind them is ignored."""
    machine, parts, room, whole = zlib.decompressobj(wbits), [b""], limit + 1, False
    for at in range(0, len(body), PIECE):
        piece = body[at : at + PIECE]
        while piece and room:
            if machine.eof:
                machine, whole = zlib.decompressobj(wbits), True
            try:
                parts.append(machine.decompress(piece, room))
            except zlib.error:
                if not whole:
                    raise
                return b"".join(parts)
            room -= len(parts[-1])
            piece = machine.unused_data
    if not room:
        raise _too_large(limit)
    return b"".join(parts)


def _gzip(body: bytes, limit: int) -> bytes:
    return _inflate(body, limit, zlib.MAX_WBITS | 16)


def _deflate(body: bytes, limit: int) -> bytes:
    try:
        return _inflate(body, limit, zlib.MAX_WBITS)
    except zlib.error:
        return _inflate(body, limit, -zlib.MAX_WBITS)  # some send raw deflate (RFC 9110 §8.4.1.2, note)


def _brotli(body: bytes, limit: int) -> bytes:
    import brotli

    machine, parts, room = brotli.Decompressor(), [], limit + 1
    while room > 0:
        parts.append(machine.process(body, output_buffer_limit=room))
        room -= len(parts[-1])
        body = b""  # of a stream that was cut short, the rest of what there is comes piece by piece
        if room > 0 and (machine.is_finished() or not parts[-1]):
            return b"".join(parts)
    raise _too_large(limit)


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
