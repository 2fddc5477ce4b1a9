"""Looking for a pattern in text that streams: what could be the beginning of a match waits for what comes next."""

from __future__ import annotations

import re
from collections.abc import Callable

MOST_HELD = 64 * 1024
"""Characters that a match may have which is longer than it was said to be."""


class Holdback:
    """Replaces what a pattern matches in text that comes in pieces, wherever it is cut.

    One for each block of text: `feed` with every delta, `flush` at the block's end, or at the `Error` that comes in
    place of it. What they give is, put together, what `re.sub` would make of the whole text, for patterns that never
    match nothing, have no match longer than `longest`, and look no further than one character around a match: `\\b`
    does so, `$` looks past a line feed. Of a longer match the beginning may have gone on before it could be known.
    """

    def __init__(
        self, pattern: str | re.Pattern[str], replacement: str | Callable[[re.Match[str]], str], longest: int
    ) -> None:
        """Says what to look for.

        Args:
            pattern: a regular expression.
            replacement: what takes the place of a match, as `re.sub` takes it.
            longest: characters that a match can have. No more are held back, but for a longer match that goes on.

        Raises ValueError where `longest` is less than 1, or the pattern matches nothing.
        """
        self._pattern = re.compile(pattern)
        if longest < 1:
            raise ValueError(f"a match has at least one character, not {longest}")
        if self._pattern.match(""):
            raise ValueError(f"the pattern {self._pattern.pattern!r} matches nothing, and so everywhere")
        self._replacement, self._longest = replacement, longest
        self._text = ""
        """What is held back, behind the one character that went before it."""
        self._begin = 0
        """Where that begins which is held back."""
        self.found = 0
        """How many matches there were."""

    def feed(self, text: str) -> str:
        """More text; gives what can go on now. Raises ValueError for a match that does not come to an end."""
        self._text += text
        out = self._released(len(self._text) - self._longest)
        if len(self._text) - self._begin > max(self._longest, MOST_HELD):
            raise ValueError(f"the pattern {self._pattern.pattern!r} matches more than {MOST_HELD} characters")
        return out

    def flush(self) -> str:
        """Nothing more comes: gives the rest. What is fed afterwards is another text."""
        out = self._released(len(self._text) + 1)
        self._text, self._begin = "", 0
        return out

    def _released(self, end: int) -> str:
        """What stands before `end`, and the matches that begin there, but for one that may go on."""
        out: list[str] = []
        text, at = self._text, self._begin
        while at < end:
            match = self._next(at)
            if match is None or match.start() >= end:
                out.append(text[at:end])
                at = min(end, len(text))
                break
            out.append(text[at : match.start()])
            at = match.start()
            if match.end() == len(text) and end <= len(text):
                break
            out.append(self._replaced(match))
            at = match.end()
        keep = max(at - 1, 0)
        self._text, self._begin = text[keep:], at - keep
        return "".join(out)

    def _next(self, at: int) -> re.Match[str] | None:
        return next((match for match in self._pattern.finditer(self._text, at) if match.end() > match.start()), None)

    def _replaced(self, match: re.Match[str]) -> str:
        self.found += 1
        return match.expand(self._replacement) if isinstance(self._replacement, str) else self._replacement(match)
