"""Unified diffs (https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html), read as strictly as
they are written."""

from __future__ import annotations

import re

from ccproxy.shaping.hunks import REWRITE, Hunk, Section
from ccproxy.shaping.shape import ShapeError

RANGE = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@", re.ASCII)
NO_NEWLINE = "\\ "


def sections(text: str, name: str) -> list[Section]:
    """The sections of a patch; none if it holds none. `name` is what its errors call it. Raises ShapeError."""
    return _Reader(text, name).read()


class _Reader:
    """Goes once through the lines of a patch."""

    def __init__(self, text: str, name: str) -> None:
        self.lines = text.split("\n")
        if self.lines[-1] == "":
            self.lines.pop()
        self.name, self.at = name, 0

    def read(self) -> list[Section]:
        found: list[Section] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.startswith("--- ") and self._next().startswith("+++ "):
                found.append(self._section(line))
            elif line.startswith("@@"):
                self._add_hunk(found)
            elif line == "-- ":  # the signature of a mail (git format-patch)
                break
            else:
                self._beside(line, found)
        self._with_hunks(found)
        return found

    def _next(self) -> str:
        return self.lines[self.at + 1] if self.at + 1 < len(self.lines) else ""

    def _here(self) -> str:
        return f"{self.name}:{self.at + 1}:"

    def _section(self, line: str) -> Section:
        section = Section(self._here(), (_file(line), _file(self._next())))
        self.at += 2
        return section

    def _add_hunk(self, found: list[Section]) -> None:
        if not found:
            raise ShapeError(f"{self._here()} a hunk has no --- and +++ before it", REWRITE)
        found[-1].hunks.append(self._hunk(len(found[-1].hunks) + 1))

    def _beside(self, line: str, found: list[Section]) -> None:
        """Before and between the sections is whatever a mail or git has there, but no line of a hunk."""
        if found and line[:1] in {" ", "+", "-"}:
            raise ShapeError(f"{self._here()} a line follows that is in no hunk", REWRITE)
        self.at += 1

    def _with_hunks(self, found: list[Section]) -> None:
        for section in found:
            if not section.hunks:
                raise ShapeError(f"{section.place} there is no hunk below it", REWRITE)

    def _hunk(self, number: int) -> Hunk:
        place = f"{self._here()} hunk {number}"
        said = RANGE.match(self.lines[self.at])
        if said is None:
            raise ShapeError(f"{place} does not begin with @@ -LINE,COUNT +LINE,COUNT @@", REWRITE)
        begins, olds, news = int(said[1]), int(said[2] or 1), int(said[4] or 1)
        if olds and not begins:
            raise ShapeError(f"{place} is for line 0, and lines are counted from 1", REWRITE)
        hunk = Hunk(place, begins)
        self.at += 1
        while len(hunk.old) < olds or len(hunk.new) < news:
            self._take(hunk)
        if len(hunk.old) > olds or len(hunk.new) > news:
            raise ShapeError(f"{place} has more lines than it says", REWRITE)
        self._without_newline(hunk, self.at - 1)
        return hunk

    def _take(self, hunk: Hunk) -> None:
        """One line of a hunk. An empty one is a context line whose space an editor took away."""
        line = self.lines[self.at] if self.at < len(self.lines) else None
        if line is not None and line.startswith(NO_NEWLINE) and hunk.lines:
            self._without_newline(hunk, self.at - 1)
            return
        if line is None or line[:1] not in {"", " ", "-", "+"}:
            raise ShapeError(f"{hunk.place} has fewer lines than it says", REWRITE)
        self.at += 1
        if line[:1] != "+":
            hunk.old.append(line[1:] + "\n")
            hunk.lines.append(self.at)
        if line[:1] != "-":
            hunk.new.append(line[1:] + "\n")

    def _without_newline(self, hunk: Hunk, before: int) -> None:
        """The line before a backslash ends without a newline."""
        if self.at >= len(self.lines) or not self.lines[self.at].startswith(NO_NEWLINE):
            return
        sign = self.lines[before][:1]
        for side, wanted in ((hunk.old, sign != "+"), (hunk.new, sign != "-")):
            if wanted and side:
                side[-1] = side[-1].removesuffix("\n")
        self.at += 1


def _file(line: str) -> str:
    """The name in a line that begins with --- or +++, without the time that may follow it."""
    return line[4:].partition("\t")[0].rstrip("\r")
