"""The body of an answer from anywhere: never more of it than was asked for, coded or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from ccproxy.codings.stream import INFLOWS, Inflow
from ccproxy.exchange import Headers, get_header
from ccproxy.transport.carrier import Incoming
from ccproxy.transport.web_address import Refused

PIECE = 16 * 1024
"""Bytes that a thread decodes at once."""
SLICE = 256
"""Bytes of those that a decoder is given: as zstd they can stand for 8 MiB (RFC 8878 §3.1.1.2), by the others for less
than what is left of the limit."""
UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""Types that say nothing; the last is Amazon S3's for a file of which nothing was said."""

MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
)
"""Offsets and what stands there (https://mimesniff.spec.whatwg.org/#image-type-pattern-matching-algorithm)."""


async def body_of(answer: Incoming, limit: int) -> bytes:
    """What an answer holds, its content coding undone. Raises Refused for more than `limit` bytes, before or after."""
    declared = get_header(answer.headers, b"content-length")
    if declared is not None and int(declared) > limit:
        raise too_large(limit)
    decode, body = decoder(answer.headers), bytearray()
    async for piece in bounded(answer, limit):
        body += piece if decode is None else await asyncio.to_thread(decode, piece, limit - len(body))
        if len(body) > limit:
            raise too_large(limit)
    return bytes(body)


async def bounded(answer: Incoming, limit: int) -> AsyncIterator[bytes]:
    """What comes of a body, in small pieces, as long as it is not more than `limit` in all. Raises Refused."""
    room = limit
    async for chunk in answer:
        room -= len(chunk)
        if room < 0:
            raise too_large(limit)
        for at in range(0, len(chunk), PIECE):
            yield chunk[at : at + PIECE]


def decoder(headers: Headers) -> Callable[[bytes, int], bytes] | None:
    """What undoes the content coding; None where there is none. One is enough: a heap of them is a trap."""
    value = b",".join(value for name, value in headers if name.lower() == b"content-encoding").decode("latin-1")
    names = [name for part in value.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if not names:
        return None
    if len(names) > 1 or names[0] not in INFLOWS:
        raise Refused(f"its content is coded as {value[:80]!r}; known are {', '.join(INFLOWS)}, one of them")
    inflow = INFLOWS[names[0]]()
    return lambda piece, room: _fed(inflow, names[0], piece, room)


def _fed(inflow: Inflow, name: str, piece: bytes, room: int) -> bytes:
    """What a piece decodes to; once that is more than `room`, the rest is left out."""
    out = bytearray()
    for at in range(0, len(piece), SLICE):
        try:
            out += inflow.feed(piece[at : at + SLICE], room - len(out))
        except Exception as error:
            raise Refused(f"its content is no valid {name}") from error
        if len(out) > room:
            break
    return bytes(out)


def media_type(headers: Headers, body: bytes) -> str:
    """What a body is: as its server says, else as it looks; empty if neither tells."""
    told = (get_header(headers, b"content-type") or b"").decode("latin-1").partition(";")[0].strip().lower()
    if told not in UNTOLD:
        return told
    return next((kind for at, mark, kind in MAGIC if body.startswith(mark, at)), told)


def too_large(limit: int) -> Refused:
    """For what has more than `limit` bytes."""
    return Refused(f"it has more than {limit} bytes")
