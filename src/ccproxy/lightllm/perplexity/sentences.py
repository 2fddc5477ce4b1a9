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

    __slots__ = ("_marked", "_place", "_row", "_sought", "length", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self._marked = -1
        """Where the last marker ended."""
        self._row = (0, 0)
        """How many pieces and characters precede the row of markers that it is the last of."""
        self._sought = False
        self._place: tuple[int, int] | None = None
        """What they back, once somebody has sought it."""

    def add(self, text: str, *, mark: bool = False) -> None:
        """More of it; `mark` for a marker."""
        self.pieces.append(text)
        self.length += len(text)
        if mark or (self._marked == self.length - len(text) and text.isspace()):
            self._marked = self.length

    def cite(self, number: int, sources: Sources) -> None:
        """Notes that a result backs the sentence that the text ends with. Markers in a row back the same one."""
        if self._marked != self.length:
            self._marked, self._row, self._sought = self.length, (len(self.pieces), self.length), False
        if sources.is_cited(number):
            return
        if not self._sought:
            self._sought, self._place = True, self._sentence()
        if self._place is not None:
            sources.cite(number, *self._place)

    def _sentence(self) -> tuple[int, int] | None:
        """The last sentence's first character and its end; None if it is too long to find."""
        tail, length = self._tail(), self._row[1]
        core = tail.rstrip(CLOSING)
        begin = max((found.end() for found in ENDS.finditer(core)), default=0)
        if not begin and len(tail) < length:
            return None
        begin += len(core[begin:]) - len(core[begin:].lstrip())
        start, end = (length - len(tail) + place for place in (begin, len(tail.rstrip())))
        return (start, end) if start < end else None

    def _tail(self) -> str:
        pieces: list[str] = []
        size = 0
        for nth in range(self._row[0] - 1, -1, -1):
            if size >= LONGEST_SENTENCE:
                break
            piece = self.pieces[nth]
            pieces.append(piece)
            size += len(piece)
        return "".join(reversed(pieces))[-LONGEST_SENTENCE:]
