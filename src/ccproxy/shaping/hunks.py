"""What a unified diff does to a text: its hunks stand where they say, and show what is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import StringIO

from ccproxy.shaping.reducing.secrets import secret_in
from ccproxy.shaping.shape import ShapeError

REBASE = "the shape below it has changed: save the patch anew, or change it by hand"
REWRITE = "write it anew, with diff -u"


@dataclass(slots=True)
class Hunk:
    """Lines of the one and of the other file, each with the newline that it ends with, if it has one."""

    place: str
    """Such as `0001-local-shape.patch:3: hunk 1`."""
    begins: int
    """The line of the one file that its first line is, from 1; without lines of it, the line it comes after."""
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """Of every line of the one file, its line in the patch."""


@dataclass(slots=True)
class Section:
    """What a patch does to one file."""

    place: str
    names: tuple[str, str]
    hunks: list[Hunk] = field(default_factory=list)

    def applied(self, text: str) -> str:
        """The other text. Raises ShapeError where a hunk does not fit."""
        lines, made, at = lines_of(text), [], 0
        for hunk in self.hunks:
            start = hunk.begins - 1 if hunk.old else hunk.begins
            if start < at:
                raise ShapeError(f"{hunk.place} stands before the end of the one before it", REWRITE)
            _fits(hunk, lines, start)
            made += [*lines[at:start], *hunk.new]
            at = start + len(hunk.old)
        return "".join([*made, *lines[at:]])


def lines_of(text: str) -> list[str]:
    """Its lines, each with its newline: nothing else ends one, such as what `splitlines` knows."""
    return StringIO(text, newline="\n").readlines()


def _fits(hunk: Hunk, lines: list[str], start: int) -> None:
    if start > len(lines):
        raise ShapeError(f"{hunk.place} is for line {hunk.begins}, where there are {len(lines)}", REBASE)
    for number, expected in enumerate(hunk.old):
        at = start + number
        found = lines[at] if at < len(lines) else ""
        if found != expected:
            where = f"{hunk.place} does not fit: its line {hunk.lines[number]} is {_short(expected)}"
            raise ShapeError(f"{where}, where line {at + 1} is {_short(found) if found else 'not there'}", REBASE)


def _short(line: str) -> str:
    """As it may be told, and be in a log."""
    line = line.strip()
    if secret_in(line):
        return "a credential"
    return repr(line if len(line) <= 60 else f"{line[:57]}...")
