"""The text as it was told, and which of its sentences a source backs."""

from __future__ import annotations

import re

from ccproxy.lightllm.perplexity.sources import Sources

ENDS = re.compile(r"[.!?](?=\s)|[\u3002\uff01\uff1f]|\n")
"""Ends of sentences, those of CJK scripts included."""
LONGEST_SENTENCE = 2000
"""Characters. Without the end of another sentence in so many, nobody knows where this one began."""
CLOSING = " \t\r\n.!?\u3002\uff01\uff1f\"')*_"


class Told:
    """A text as a client got it."""

    __slots__ = ("_marked", "_place", "length", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self._marked = -1
        """Where the last marker ended."""
        self._place: tuple[int, int] | None = None
        """What it backed."""

    def add(self, text: str, *, mark: bool = False) -> None:
        """More of it; `mark` for a marker."""
        self.pieces.append(text)
        self.length += len(text)
        if mark or (self._marked == self.length - len(text) and text.isspace()):
            self._marked = self.length

    def cite(self, number: int, sources: Sources) -> None:
        """Notes that a result backs the sentence that the text ends with. Markers in a row back the same one."""
        if self._marked != self.length:
            self._place, self._marked = self._sentence(), self.length
        if self._place is not None:
            sources.cite(number, *self._place)

    def _sentence(self) -> tuple[int, int] | None:
        """The last sentence's first character and its end; None if it is too long to find."""
        tail = self._tail()
        core = tail.rstrip(CLOSING)
        begin = max((found.end() for found in ENDS.finditer(core)), default=0)
        if not begin and len(tail) < self.length:
            return None
        begin += len(core[begin:]) - len(core[begin:].lstrip())
        start, end = (self.length - len(tail) + place for place in (begin, len(tail.rstrip())))
        return (start, end) if start < end else None

    def _tail(self) -> str:
        pieces: list[str] = []
        size = 0
        for piece in reversed(self.pieces):
            if size >= LONGEST_SENTENCE:
                break
            pieces.append(piece)
            size += len(piece)
        return "".join(reversed(pieces))[-LONGEST_SENTENCE:]
