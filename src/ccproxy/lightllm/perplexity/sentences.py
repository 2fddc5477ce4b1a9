"""The text as it was told, and which of its sentences a source backs."""

from __future__ import annotations

import re

from ccproxy.lightllm.perplexity.sources import Sources

END = re.compile(r"[.!?][\"')*_\]\u201d\u2019\u00bb]{0,4}(?=\s|\Z)|[\u3002\uff01\uff1f]|\n")
"""Ends of sentences, those of CJK scripts included: before white space, or before a marker."""
CONTENT = re.compile(r"[^\s.!?\u3002\uff01\uff1f\"')*_\]\u201d\u2019\u00bb]")
"""What a sentence has that is not its end."""
OPENING = "\"'*_!"
"""What may stand before that in a sentence."""
LONGEST_SENTENCE = 2000
"""Characters. Without the end of another sentence in so many, nobody knows where this one began."""


class Told:
    """A text as a client got it. What is between two markers is looked at once, if at all."""

    __slots__ = ("_ended", "_place", "_start", "_unread", "length", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self._unread: list[tuple[int, str]] = []
        """What has not been looked at, each with its place: text, and markers as empty texts."""
        self._start: int | None = None
        """Where the last sentence begins."""
        self._ended = True
        """True if that has come to its end."""
        self._place: tuple[int, int] | None = None
        """What the last row of markers backs, if it backs anything."""

    def add(self, text: str, *, mark: bool = False) -> None:
        """More of it; `mark` for a marker."""
        if text:
            self._unread.append((self.length, "" if mark else text))
            self.pieces.append(text)
            self.length += len(text)

    def cite(self, number: int, sources: Sources) -> None:
        """Notes that a result backs the sentence that the text ends with. Markers in a row back the same one."""
        self._unread.append((self.length, ""))
        if not sources.is_cited(number):
            self._read()
            sources.cite(number, self._place)

    def _read(self) -> None:
        """Looks at what has come. A marker follows."""
        parts: list[str] = []
        begin = 0
        for at, text in self._unread:
            if text:
                begin = begin if parts else at
                parts.append(text)
            elif parts:
                self._look("".join(parts), begin)
                parts.clear()
        self._unread.clear()

    def _look(self, text: str, at: int) -> None:
        """Looks at what precedes a marker, back to the one before that."""
        self._seek(text, at)
        if not text.isspace():
            start, end = self._start, at + len(text.rstrip())
            self._place = (start, end) if start is not None and end - start <= LONGEST_SENTENCE else None

    def _seek(self, text: str, at: int) -> None:
        """Finds where the last sentence of the text begins: the last that has more than its end."""
        place = 0
        while True:
            if self._ended:
                content = CONTENT.search(text, place)
                if content is None:
                    return
                self._start = at + place + len(text[place : content.start()].rstrip(OPENING))
                self._ended, place = False, content.end()
            end = END.search(text, place)
            if end is None:
                return
            self._ended, place = True, end.end()
