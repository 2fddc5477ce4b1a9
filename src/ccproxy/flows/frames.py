"""WebSocket messages out of recorded raw frames (RFC 6455 §5), with permessage-deflate (RFC 7692) undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import Frame, FrameProtocol, Opcode, ParseFailed

MAX_DECODED_BYTES = 16 * 1024 * 1024
"""The most that the messages of one direction may hold together (a guard against decompression bombs)."""
_FEED_BYTES = 16 * 1024


@dataclass(slots=True, frozen=True)
class Message:
    """A complete message, or the closing of the connection: then `close_code` is its status, `content` its reason."""

    content: bytes
    is_text: bool
    close_code: int | None = None


def messages(raw: Iterable[bytes], *, from_client: bool, extensions: bytes | None) -> list[Message]:
    """The messages in the bytes that one side sent, as far as they can be read.

    Args:
        raw: what came over the connection after the handshake, in pieces of any size.
        from_client: which side sent it; clients mask their frames.
        extensions: the Sec-WebSocket-Extensions field of the handshake's response.

    Bytes that are no frames, or more than `MAX_DECODED_BYTES` of content, end the list early.
    """
    protocol = FrameProtocol(client=not from_client, extensions=list(_deflate(extensions)))
    found: list[Message] = []
    with suppress(ParseFailed, ValueError):  # what was read before stands
        found.extend(_read(protocol, raw))
    return found


def _deflate(extensions: bytes | None) -> Iterator[PerMessageDeflate]:
    for offer in (extensions or b"").decode("latin-1").split(","):
        if offer.partition(";")[0].strip() == PerMessageDeflate.name:
            agreed = PerMessageDeflate()
            try:
                agreed.finalize(offer.replace('"', ""))
            except (ValueError, IndexError):
                return
            yield agreed
            return


def _read(protocol: FrameProtocol, raw: Iterable[bytes]) -> Iterator[Message]:
    parts: list[bytes] = []
    decoded = 0
    for piece in _pieces(raw):
        protocol.receive_bytes(piece)
        for frame in protocol.received_frames():
            content = _content(frame)
            decoded += len(content)
            if decoded > MAX_DECODED_BYTES:
                return
            if frame.opcode is Opcode.CLOSE:
                yield _close(frame)
            elif frame.opcode in (Opcode.TEXT, Opcode.BINARY):
                parts.append(content)
                if frame.message_finished:
                    yield Message(b"".join(parts), frame.opcode is Opcode.TEXT)
                    parts.clear()


def _pieces(raw: Iterable[bytes]) -> Iterator[bytes]:
    for data in raw:
        for at in range(0, len(data), _FEED_BYTES):
            yield data[at : at + _FEED_BYTES]


def _content(frame: Frame) -> bytes:
    payload = frame.payload
    if isinstance(payload, tuple):
        return payload[1].encode()
    return payload.encode() if isinstance(payload, str) else bytes(payload)


def _close(frame: Frame) -> Message:
    code = frame.payload[0] if isinstance(frame.payload, tuple) else 1005  # RFC 6455 §7.4.1: no status received
    return Message(_content(frame), is_text=True, close_code=int(code))
