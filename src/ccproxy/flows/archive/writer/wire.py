"""What the daemon and the archive's writer say to each other over their socket.

The daemon sends frames: a kind, a number that grows, a length, and that many bytes. The writer answers in lines of
JSON: `{"done": N}` (everything up to that number is on the disk, or never will be), `{"lost": ID, "why": ...}`,
`{"trouble": ..., "fix": ...}` while it cannot write, `{"note": ...}` for the log.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import orjson

HEAD = struct.Struct(">BQQ")
READ_BYTES = 256 * 1024


class Kind(IntEnum):
    """What a frame holds."""

    SETTINGS = 0
    """`Orders`, as JSON; the first one."""
    FLOW = 1
    """A flow as `record_frame` packs it."""
    FORGET = 2
    """Ids as a list of JSON: flows that were sent before and are not wanted any more."""


class Frame(NamedTuple):
    """One thing that the daemon said."""

    kind: int
    number: int
    payload: bytes


@dataclass(slots=True, frozen=True)
class Orders:
    """How the writer is to work."""

    path: str
    bodies: bool
    """Whether bodies are kept."""
    encrypted: bool
    """Whether credentials are kept, encrypted."""
    max_age_seconds: float
    max_bytes: int
    max_flows: int

    def to_bytes(self) -> bytes:
        """As JSON."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> Orders:
        """What `to_bytes` made. Raises ValueError, TypeError."""
        return cls(**orjson.loads(data))


class Frames:
    """Frames out of the bytes as they come."""

    def __init__(self) -> None:
        self._data = bytearray()

    def take(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole with these bytes."""
        self._data += data
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        if len(self._data) < HEAD.size:
            return None
        kind, number, length = HEAD.unpack_from(self._data)
        end = HEAD.size + length
        if len(self._data) < end:
            return None
        with memoryview(self._data) as view:
            payload = bytes(view[HEAD.size : end])
        del self._data[:end]
        return Frame(kind, number, payload)


class Lines:
    """Values of JSON out of lines as they come."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> list[dict[str, Any]]:
        """The values whose lines end with these bytes. Raises ValueError."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [orjson.loads(line) for line in lines]


def head(kind: Kind, number: int, length: int) -> bytes:
    """What stands before a frame's payload."""
    return HEAD.pack(kind, number, length)


def line(**said: object) -> bytes:
    """A line of the writer."""
    return orjson.dumps(said) + b"\n"
