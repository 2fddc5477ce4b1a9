"""Where a body is cut into chunks, so that two bodies that say the same in part have the same chunks there.

Cuts are made where elements of the JSON end, before the comma or bracket behind them, and by what is near the cut, not
by how far it is from the start: after a change in the middle the cuts are soon the same again. The concatenation of the
chunks is the body, whatever it holds.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from zlib import crc32

from ccproxy.flows.archive.alike import common

LEAST = 1024
"""Bytes that a chunk has before it may end, but behind a member of the whole and around a long element."""
MOST = 8 * 1024
"""Bytes after which a chunk ends with its element."""
LONG = 4 * 1024
"""An element of so many bytes is a chunk of its own."""
PIECE = 64 * 1024
"""Bytes of the longest chunk: what is longer is cut in such pieces from its start."""
SHORT = 256
"""Bytes of plain members of the whole that are not worth a chunk; a list or an object is."""
EVENTS = 32 * 1024
"""Bytes of a stream after which a chunk ends with its event."""
DEEPEST = 8
"""Elements below this depth are not looked at: a block of a tool's result is at 6."""
SIGN_BITS = 7
"""One in eight elements ends a chunk that is long enough."""
WINDOW = 48
"""Bytes before a place that decide about it."""
NOWHERE = -1
"""The depth of a cut that is in the middle of an element."""

STRUCTURE = re.compile(rb'(?:[^"\[\]{},]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+(.)?', re.DOTALL)
"""Up to the next bracket or comma that is outside of strings. Something else, or nothing, is the end of the JSON."""
EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
JSON_START, STREAM_START = re.compile(rb"\s*[\[{]"), re.compile(rb"\s*(?:data|event|id|retry)?:")
OPENING, CLOSING = frozenset((b"[", b"{")), frozenset((b"]", b"}"))


def digest(data: bytes) -> bytes:
    """By what a chunk is known: BLAKE2b (RFC 7693), 16 bytes."""
    return blake2b(data, digest_size=16).digest()


@dataclass(slots=True)
class Scan:
    """A body and its chunks."""

    body: bytes
    ends: array[int] = field(default_factory=lambda: array("Q"))
    """Where each chunk ends."""
    depths: array[int] = field(default_factory=lambda: array("i"))
    """How many brackets are open at each end, or `NOWHERE`."""
    digests: list[bytes] = field(default_factory=list)
    """Of each chunk."""

    @property
    def at(self) -> int:
        """The end of the last chunk."""
        return self.ends[-1] if self.ends else 0

    @property
    def hash(self) -> bytes:
        """By what the body is known: made of its chunks' digests."""
        return blake2b(b"".join(self.digests), digest_size=16, person=b"body").digest()

    def chunk(self, index: int) -> bytes:
        """The bytes of one chunk."""
        return self.body[self.ends[index - 1] if index else 0 : self.ends[index]]

    def cut(self, end: int, depth: int = NOWHERE) -> None:
        """Ends a chunk; what is too long becomes several."""
        for piece_end in range(self.at + PIECE, end, PIECE):
            self._add(piece_end, NOWHERE)
        if end > self.at:
            self._add(end, depth)

    def _add(self, end: int, depth: int) -> None:
        self.digests.append(digest(self.body[self.at : end]))
        self.ends.append(end)
        self.depths.append(depth)

    def take(self, former: Scan, index: int) -> bool:
        """Takes over the chunks of a former body from this index on, as far as the bytes are the same.

        False if that is none.
        """
        there = former.ends[index - 1] if index else 0
        alike = common(self.body, self.at, former.body, there)
        if whole := there + alike == len(former.body) and self.at + alike == len(self.body):
            last = len(former.ends)
        else:
            last = bisect_right(former.ends, there + alike)
        while last > index and not whole and former.depths[last - 1] == NOWHERE:
            last -= 1
        shift, ends = self.at - there, former.ends[index:last]
        self.ends.extend(ends if shift == 0 else array("Q", [end + shift for end in ends]))
        self.depths.extend(former.depths[index:last])
        self.digests.extend(former.digests[index:last])
        return last > index


def scan(body: bytes, former: Scan | None = None) -> Scan:
    """Cuts a body. `former` is the scan of one that is alike, if there is one: what is the same is not read again."""
    found = Scan(body)
    if former is not None:
        found.take(former, 0)
    if JSON_START.match(body):
        _Elements(found, former).read()
    elif STREAM_START.match(body):
        _events(found)
    found.cut(len(body))
    return found


def _events(found: Scan) -> None:
    for event in EVENT_END.finditer(found.body, found.at):
        if event.end() - found.at >= EVENTS:
            found.cut(event.end())


class _Elements:
    """Reads the JSON of a body, from the last cut on."""

    def __init__(self, found: Scan, former: Scan | None) -> None:
        self.found = found
        self.former = former
        self.places: Mapping[bytes, int] | None = None
        self.last = (0, 0)
        """Where the last element ended, and how many brackets are open there."""

    def read(self) -> None:
        """To the end of the JSON."""
        while self._on():
            pass

    def _on(self) -> bool:
        """Reads on to the end, or to where a stretch of the former body could be taken over: then it is True."""
        found = self.found
        depth = found.depths[-1] if found.depths else 0
        if depth == NOWHERE:
            return False
        self.last = (found.at, depth)
        for token in STRUCTURE.finditer(found.body, found.at):
            sign = token[1]
            if sign in OPENING:
                depth += 1
                continue
            closes = sign in CLOSING
            if not closes and sign != b",":
                return False
            if depth <= DEEPEST and self._ends(token.start(1), depth) and self._again(depth):
                return True
            depth -= closes
            if depth <= 0:
                return False
        return False

    def _ends(self, here: int, depth: int) -> bool:
        """An element ends here. True if a chunk does."""
        found, (before, outside) = self.found, self.last
        self.last = (here, depth)
        if here - before >= LONG:
            found.cut(before, outside)
            found.cut(here, depth)
            return True
        size = here - found.at
        if size >= MOST or (size >= LEAST and not crc32(found.body[here - WINDOW : here]) & SIGN_BITS):
            found.cut(here, depth)
            return True
        if depth == 1 and (size >= SHORT or found.body[here - 1 : here] in CLOSING):
            found.cut(here, depth)
            return True
        return False

    def _again(self, depth: int) -> bool:
        """Whether the last chunk is one of the former body, and more follow that are the same."""
        if self.former is None:
            return False
        if self.places is None:
            self.places = {digest: index for index, digest in enumerate(self.former.digests)}
        index = self.places.get(self.found.digests[-1])
        if index is None or self.former.depths[index] != depth:
            return False
        return self.found.take(self.former, index + 1)
