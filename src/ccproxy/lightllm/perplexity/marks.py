"""The markers `[N]` in a text as it streams: made links, left as they are, or taken out.

Markers count outside of code (CommonMark 0.31: fenced blocks, code spans) only, and only where there is a result of
their number. A text is read the same way however it is cut: what may become a marker waits for what follows it, and a
marker waits, with all behind it, for the results that it is one of.
"""

from __future__ import annotations

import re

from ccproxy.lightllm.perplexity.mark_modes import MODES
from ccproxy.lightllm.perplexity.sentences import Told
from ccproxy.lightllm.perplexity.sources import Sources

IN_CODE = re.compile(r"(?P<ticks>`+)|\n[ \t]*\n?")
LEAD = re.compile(r"[\s>*+\-0-9.)]*")
"""What may precede a fence in its line."""
LONGEST_LEAD = 16


class Marks:
    """Reads a text piece by piece."""

    def __init__(self, mode: str, sources: Sources) -> None:
        self._mode, self._sources = MODES[mode], sources
        self.told = Told()
        self.restart()

    def restart(self) -> None:
        """Another text begins. What has not been told is forgotten."""
        self._held: list[str] = []
        self._waiting = False
        self._version = -1
        self._lead = ""
        self._ticks = 0
        """How many backticks the open code span began with."""
        self._opener = ""
        """What may have opened a fenced block, in the line that is open."""
        self._fence = ""
        self._line = ""

    def feed(self, piece: str) -> str:
        """What is told of a piece, and of what was held before."""
        if self._waiting and self._version == self._sources.version:
            self._held.append(piece)
            return ""
        if not (self._held or self._fence) and self._mode.special.search(piece) is None:
            return self._tell(piece)
        return self._read(piece, False)

    def finish(self) -> str:
        """What is told of the rest, when the text has ended."""
        return self._read("", True)

    def aside(self, text: str) -> str:
        """What is told without being a part of the text."""
        return self._tell(text)

    def _read(self, piece: str, last: bool) -> str:
        text = "".join((*self._held, piece)) if self._held else piece
        self._held, self._waiting, self._version = [], False, self._sources.version
        out: list[str] = []
        at: int | None = 0
        while at is not None and at < len(text):
            read = self._in_fence if self._fence else self._in_code if self._ticks else self._outside
            at = read(text, at, last, out)
        return "".join(out)

    # -- each reads on from a place and returns where it came to; None where the rest is held

    def _outside(self, text: str, at: int, last: bool, out: list[str]) -> int | None:
        found = self._mode.token.search(text, at)
        if found is None:
            unsure = None if last else self._mode.unsure.search(text, at)
            return self._hold(text, at, unsure.start() if unsure else len(text), out)
        if found.end() == len(text) and not last:
            return self._hold(text, at, found.start(), out)
        number = int(found["number"] or 0)
        if number and self._must_wait(number, last):
            self._waiting = True
            return self._hold(text, at, found.start(), out)
        out.append(self._tell(text[at : found.start()]))
        if number:
            out.append(self._mark(found[0], number))
        else:
            if code := found["code"]:
                self._open(code)
            out.append(self._tell(found[0]))
        return found.end()

    def _in_code(self, text: str, at: int, last: bool, out: list[str]) -> int | None:
        """A span ends with as many backticks as it began with, or with its paragraph."""
        found = IN_CODE.search(text, at)
        if found is None:
            return self._hold(text, at, len(text), out)
        if found.end() == len(text) and not last:
            return self._hold(text, at, found.start(), out)
        end = found.end()
        if (run := found["ticks"]) and not self._opener.startswith("~"):
            self._opener = ""
            self._ticks = 0 if len(run) == self._ticks else self._ticks
        elif self._opener and not run:
            self._fence, self._opener, self._ticks, self._line = self._opener, "", 0, ""
            end = found.start() + 1
        elif found[0].endswith("\n") and len(found[0]) > 1:
            self._ticks = 0
        out.append(self._tell(text[at:end]))
        return end

    def _in_fence(self, text: str, at: int, last: bool, out: list[str]) -> int | None:
        end = text.find("\n", at)
        piece = text[at:] if end < 0 else text[at : end + 1]
        if len(self._line) < 2 * LONGEST_LEAD + len(self._fence):
            self._line += piece
        if end >= 0:
            line, self._line = self._line.strip(" \t\r\n>"), ""
            if line.startswith(self._fence) and not line.strip(self._fence[0]):
                self._fence = ""
        out.append(self._tell(piece))
        return at + len(piece)

    def _open(self, code: str) -> None:
        if len(code) >= 3 and LEAD.fullmatch(self._lead):
            self._opener = code
        if self._opener or code[0] == "`":
            self._ticks = len(code)

    def _must_wait(self, number: int, last: bool) -> bool:
        waits = self._mode.waits and self._sources.growing and not last
        return waits and not self._sources.knows(number)

    def _mark(self, mark: str, number: int) -> str:
        space, mark = mark[: mark.index("[")], mark.lstrip(" ")
        known = self._sources.knows(number)
        if known or not self._mode.waits:
            self.told.cite(number, self._sources)
        shown = self._mode.shown(mark, number, self._sources) if known else mark
        return self._tell(space + shown if shown else "", mark=True)

    def _hold(self, text: str, at: int, end: int, out: list[str]) -> int | None:
        if end < len(text):
            self._held = [text[end:]]
        out.append(self._tell(text[at:end]))
        return None

    def _tell(self, text: str, *, mark: bool = False) -> str:
        if not text:
            return text
        line = text.rfind("\n")
        if line >= 0:
            self._lead = text[line + 1 : line + 1 + LONGEST_LEAD]
        elif len(self._lead) < LONGEST_LEAD:
            self._lead += text[:LONGEST_LEAD]
        self.told.add(text, mark=mark)
        return text
