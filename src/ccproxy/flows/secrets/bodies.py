"""Bodies without their credentials: of HTTP messages, of conversations, of WebSockets.

What is taken out of a body is told in `Piece`s, with which `whole` makes it again, byte for byte.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ccproxy.codings import CodingError, decode, encode
from ccproxy.flows.secrets.places import MARK, Span, spans, without

if TYPE_CHECKING:
    from ccproxy.flows.frames import Message

MAX_DECODED_BYTES = 128 * 1024 * 1024
"""A body that decodes to more stays as it is."""


class Piece(NamedTuple):
    """What was taken out: where in the redacted body, how long what stands there is, and what stood there."""

    at: int
    length: int
    original: bytes


class Redacted(NamedTuple):
    """A body without credentials. `lengths` are those of its parts, if it has parts."""

    body: bytes
    pieces: list[Piece]
    lengths: list[int]


def whole(body: bytes, pieces: Sequence[Piece]) -> bytes:
    """The original of a redacted body. Pieces are in the order of their places."""
    parts, at = [], 0
    for piece in pieces:
        parts += [body[at : piece.at], piece.original]
        at = piece.at + piece.length
    return b"".join([*parts, body[at:]])


def parted(lengths: Sequence[int], pieces: Sequence[Piece]) -> list[int]:
    """The lengths of a body's parts without its pieces: what replaces one belongs to the part in which it began."""
    if not lengths:
        return []
    ends, new, shift = list(accumulate(lengths)), list(lengths), 0
    for piece in pieces:
        start = piece.at - shift
        end = start + len(piece.original)
        at = part = bisect_right(ends, start)
        while at < len(ends) and ends[at] - lengths[at] < end:
            new[at] -= min(end, ends[at]) - max(start, ends[at] - lengths[at])
            at += 1
        new[part] += piece.length
        shift += piece.length - len(piece.original)
    return new


def http_body(body: bytes, coding: str, kind: bytes, known: Collection[bytes]) -> Redacted | None:
    """A message's body with credentials marked, coded as before; None if it holds none or cannot be decoded.

    Args:
        body: as it was sent.
        coding: the value of Content-Encoding, empty if there is none.
        kind: the value of Content-Type.
        known: see `ccproxy.flows.secrets.places.spans`.
    """
    if not coding:
        return _marked(body, spans(body, known, kind), [])
    try:
        clear = decode(body, coding, MAX_DECODED_BYTES)
        places = spans(clear, known, kind)
        return _replaced(body, encode(without(clear, places), coding), []) if places else None
    except CodingError:
        return _marked(body, spans(body, known, kind), [])  # what says it is coded may not be


def pieces_of_talk(body: bytes, lengths: Sequence[int], known: Collection[bytes]) -> Redacted | None:
    """Messages that stand one behind the other: a credential may be parted among several."""
    return _marked(body, spans(body, known), lengths)


def websocket_frames(
    body: bytes, extensions: bytes | None, known: Collection[bytes], *, from_client: bool
) -> Redacted | None:
    """One side's frames (RFC 6455 §5): if a message holds credentials, all are written anew, uncompressed, a message a
    frame; what cannot be read as messages is then left out."""
    from ccproxy.flows.frames import messages  # which most flows do without

    said = messages([body], from_client=from_client, extensions=extensions)
    marked = [without(each.content, spans(each.content, known)) for each in said]
    if all(new == old.content for new, old in zip(marked, said, strict=True)) and not spans(body, known):
        return None
    frames = [_frame(each, content, from_client) for each, content in zip(said, marked, strict=True)]
    return _replaced(body, b"".join(frames), list(map(len, frames)))


def _marked(body: bytes, places: Sequence[Span], lengths: Sequence[int]) -> Redacted | None:
    if not places:
        return None
    pieces, shift = [], 0
    for start, end in places:
        pieces.append(Piece(start + shift, len(MARK), body[start:end]))
        shift += len(MARK) - (end - start)
    return Redacted(without(body, places), pieces, parted(lengths, pieces))


def _replaced(body: bytes, new: bytes, lengths: list[int]) -> Redacted:
    return Redacted(new, [Piece(0, len(new), body)], lengths)


def _frame(message: Message, content: bytes, from_client: bool) -> bytes:
    opcode, payload = (1 if message.is_text else 2), content
    if message.close_code is not None:
        opcode, payload = 8, b"" if message.close_code == 1005 else message.close_code.to_bytes(2) + content[:123]
    masked, size = 0x80 if from_client else 0, len(payload)
    if size < 126:
        head = bytes([0x80 | opcode, masked | size])
    else:
        head = bytes([0x80 | opcode, masked | (126 if size < 65536 else 127)]) + size.to_bytes(2 if size < 65536 else 8)
    return head + (bytes(4) if from_client else b"") + payload  # a mask of zeros (RFC 6455 §5.3) changes nothing
