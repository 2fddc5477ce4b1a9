"""Where a line stands in its text: in which quotation and list, and whether it is an indented code block.

After CommonMark 0.31, sections 4.4, 5.1 and 5.2, for what is read from front to back: only a line's beginning counts.
Lists in quotations are known, quotations in lists are not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

QUOTES = re.compile(r"(?: {0,3}> ?)*")
SPACES = re.compile(" *")
ITEM = re.compile(r"(?:[-+*]|\d{1,9}[.)])(?: {1,4}(?! )| (?= ))")
PLAIN = re.compile(r"[^\s>*+\-0-9#]")
"""Without lists and quotations, a line that begins so is a paragraph's."""
LONGEST = 100
"""Characters of a line's beginning."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands. Columns are counted from behind the marks of its quotation."""

    depth: int
    """How many quotations it is in."""
    items: tuple[int, ...]
    """The columns at which the contents of the list items begin that it is in."""
    base: int
    """The last of those that it reaches."""
    indent: int
    """How many columns it is behind that."""
    paragraph: bool
    """True if it may go on with a paragraph."""
    rest: str
    """What it has behind all that."""


class Blocks:
    """A text's lines, one after the other."""

    __slots__ = ("_code", "_depth", "_items", "_line", "_paragraph")

    def __init__(self) -> None:
        self._line = ""
        self._code: bool | None = None
        """Whether the open line is code, once somebody has asked."""
        self._depth = 0
        self._items: tuple[int, ...] = ()
        self._paragraph = False
        """True if the last line was a paragraph's."""

    def feed(self, text: str) -> None:
        """More of the text."""
        if "\n" not in text:
            if len(self._line) < LONGEST:
                self._line = (self._line + text)[:LONGEST]
            return
        first, *lines = text.split("\n")
        self._line = (self._line + first)[:LONGEST]
        for line in lines:
            self._end()
            self._line = line[:LONGEST]

    def is_code(self, more: str = "") -> bool:
        """True if the open line is an indented code block's. It goes on with `more`, and with what is no space."""
        if self._code is None:
            place = None if PLAIN.match(self._line) else self.place(more)
            self._code = place is not None and not place.paragraph and place.indent >= 4
        return self._code

    def place(self, more: str = "") -> Place:
        """Where the open line stands."""
        line = (self._line + more).expandtabs(4)
        origin = at = len(QUOTES.match(line)[0])  # type: ignore[index]  # it matches everything
        depth = line.count(">", 0, origin)
        items = self._items if depth == self._depth else ()
        paragraph = self._paragraph and depth <= self._depth
        while True:
            at = SPACES.match(line, at).end()  # type: ignore[union-attr]  # as above
            inner = tuple(column for column in items if column <= at - origin)
            base = inner[-1] if inner else 0
            item = ITEM.match(line, at) if at - origin - base < 4 else None
            if item is None:
                return Place(depth, items if paragraph else inner, base, at - origin - base, paragraph, line[at:])
            at = item.end()
            items, paragraph = (*inner, at - origin), False

    def after_fence(self, line: str = "") -> None:
        """A fenced block has ended; the open line begins so."""
        self._line, self._code, self._paragraph = line, None, False

    def _end(self) -> None:
        """The open line has ended."""
        line, self._code = self._line, None
        if not (self._items or self._depth) and PLAIN.match(line):
            self._paragraph = True
            return
        if line.isspace() or not line:
            self._paragraph = False
            if self._depth:
                self._depth, self._items = 0, ()
            return
        place = self.place()
        if not place.rest.strip():  # an empty line in a quotation
            self._paragraph = False
            self._depth, self._items = place.depth, place.items if place.depth != self._depth else self._items
        elif not (place.paragraph and place.depth < self._depth):
            self._depth, self._items = place.depth, place.items
            self._paragraph = place.paragraph or not (place.indent >= 4 or place.rest.startswith("#"))
