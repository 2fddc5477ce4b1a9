"""Fenced code blocks, from the line behind the opening fence on (CommonMark 0.31, section 4.5)."""

from __future__ import annotations

import re

QUOTED = re.compile(r"[ \t>]*")
LONGEST = 200
"""Characters of a line beside the fence's own: in more than that nobody seeks a fence."""


class Fence:
    """One open block. It ends with a fence as long as its own, or with the quotation that it is in.

    Args:
        mark: the fence that opened it.
        depth: how many quotations it is in.
        base: the column at which the contents of its list item begin.
    """

    __slots__ = ("_base", "_depth", "_inside", "_longest", "_mark", "line", "over")

    def __init__(self, mark: str, depth: int, base: int) -> None:
        self._mark, self._depth, self._base = mark, depth, base
        self._longest = 2 * len(mark) + LONGEST
        self._inside = not depth
        """True if the marks of the quotation have been read in the open line."""
        self.line = ""
        """The beginning of the open line."""
        self.over = False
        """True once the block has ended."""

    def read(self, text: str, at: int) -> int:
        """Reads on from a place, and returns where it came to: a line's end, or the block's."""
        if not self._inside:
            end = QUOTED.match(text, at).end()  # type: ignore[union-attr]  # it matches everything
            self._take(text[at:end])
            at = end
            if at == len(text):
                return at
            self._inside = True
            if self.line.count(">") < self._depth:
                self.over = True
                return at
        end = text.find("\n", at) + 1
        self._take(text[at : end or len(text)])
        if not end:
            return len(text)
        self.over = self._closes()
        self.line, self._inside = "", not self._depth
        return end

    def _take(self, piece: str) -> None:
        if len(self.line) < self._longest:
            self.line = (self.line + piece)[: self._longest]

    def _closes(self) -> bool:
        line = self.line.expandtabs(4)
        for _ in range(self._depth):
            line = line.partition(">")[2].removeprefix(" ")
        words = line.strip(" \r\n")
        indent = len(line) - len(line.lstrip(" "))
        return indent - self._base < 4 and words.startswith(self._mark) and not words.strip(self._mark[0])
