"""The markers `[N]` in a text as it streams: made links, left as they are, or taken out.

Markers count outside of code (CommonMark 0.31: fenced and indented blocks, code spans, `<pre>`) and of mathematics,
and only where there is a result of their number. A text is read the same way however it is cut: what may become a
marker waits for what follows it, and a marker waits, with all behind it, for the results that it is one of.
"""

from __future__ import annotations

from ccproxy.lightllm.perplexity.blocks import Blocks
from ccproxy.lightllm.perplexity.fences import Fence
from ccproxy.lightllm.perplexity.mark_modes import MODES
from ccproxy.lightllm.perplexity.sentences import Told
from ccproxy.lightllm.perplexity.sources import Sources
from ccproxy.lightllm.perplexity.spans import CLOSERS, LONGEST_PART, WITHIN


class Marks:
    """Reads a text piece by piece."""

    def __init__(self, mode: str, sources: Sources) -> None:
        self._mode, self._sources = MODES[mode], sources
        self.told = Told()
        self.restart()

    def restart(self) -> None:
        """Another text begins. What has not been told is forgotten."""
        self._held: list[str] = []
        self._awaited = 0
        """The number of the marker that waits for its result."""
        self._blocks = Blocks()
        self._closer = ""
        """What ends the code or the mathematics that are open."""
        self._opener: Fence | None = None
        """A fenced block that begins behind the open line, if that goes on as it should."""
        self._fence: Fence | None = None

    def feed(self, piece: str) -> str:
        """What is told of a piece, and of what was held before."""
        if self._awaited and self._sources.may_get(self._awaited):
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
        self.told.add(text)
        return text

    def _read(self, piece: str, last: bool) -> str:
        text = "".join((*self._held, piece)) if self._held else piece
        self._held, self._awaited = [], 0
        out: list[str] = []
        at: int | None = 0
        while at is not None and at < len(text):
            read = self._in_fence if self._fence else self._within if self._closer else self._outside
            at = read(text, at, last, out)
        return "".join(out)

    # -- each reads on from a place and returns where it came to; None where the rest is held

    def _outside(self, text: str, at: int, last: bool, out: list[str]) -> int | None:
        found = self._mode.token.search(text, at)
        if found is None:
            unsure = None if last else self._mode.unsure.search(text, at)
            return self._hold(text, at, unsure.start() if unsure else len(text), out)
        start, number = found.start(), int(found["number"] or 0)
        if not last and len(text) - start < LONGEST_PART and self._mode.unsure.match(text, start):
            return self._hold(text, at, start, out)
        out.append(self._tell(text[at:start]))
        if self._blocks.is_code(text[start : found.start("number") - 1] if number else ""):
            end = text.find("\n", start)
            out.append(self._tell(text[start : len(text) if end < 0 else end]))
            return len(text) if end < 0 else end
        if number and self._mode.waits and not last and self._sources.may_get(number):
            self._awaited = number
            return self._hold(text, start, start, out)
        if number:
            out.append(self._mark(found[0], number))
        else:
            self._open(found["open"] or " ")
            out.append(self._tell(found[0]))
        return found.end()

    def _within(self, text: str, at: int, last: bool, out: list[str]) -> int | None:
        """Code spans and mathematics end at the latest with their paragraph."""
        found = WITHIN[self._closer[0]].search(text, at)
        if found is None or (found.end() == len(text) and not last):
            return self._hold(text, at, found.start() if found else len(text), out)
        part, end = found[0], found.end()
        if part[0] != "\n":
            over = part.lower() == self._closer
        elif self._opener:
            over, end, self._fence = True, found.start() + 1, self._opener
        else:
            over = len(part) > 1 and part[-1] == "\n"
        out.append(self._tell(text[at:end]))
        self._opener = None
        self._closer = "" if over else self._closer
        return end

    def _in_fence(self, text: str, at: int, last: bool, out: list[str]) -> int | None:
        fence = self._fence
        assert fence is not None
        end = fence.read(text, at)
        self.told.add(text[at:end])
        out.append(text[at:end])
        if fence.over:
            self._blocks.after_fence(fence.line)
            self._fence = None
        return end

    def _open(self, mark: str) -> None:
        """Code or mathematics may begin."""
        place = self._blocks.place() if mark[0] == "<" or len(mark) > 2 else None
        if place is None or place.rest or place.indent > 3:  # the mark is not its line's first
            self._closer = mark if mark[0] == "`" else CLOSERS.get(mark, "")
        elif mark[0] == "<":
            self._closer = "</pre>"
        elif mark[0] in "`~":
            self._closer, self._opener = mark, Fence(mark, place.depth, place.base)

    def _mark(self, mark: str, number: int) -> str:
        self._blocks.feed(mark)
        space, shown = mark[: mark.index("[")], mark.lstrip(" ")
        known = self._sources.knows(number)
        if known:
            shown = self._mode.shown(shown, number, self._sources)
        if known or not self._mode.waits:
            self.told.cite(number, self._sources)
        shown = space + shown if shown else ""
        self.told.add(shown, mark=True)
        return shown

    def _hold(self, text: str, at: int, end: int, out: list[str]) -> int | None:
        if end < len(text):
            self._held = [text[end:]]
        out.append(self._tell(text[at:end]))
        return None

    def _tell(self, text: str) -> str:
        self._blocks.feed(text)
        self.told.add(text)
        return text
