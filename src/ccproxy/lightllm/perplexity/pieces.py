"""Numbered pieces of a text, beside what is known of it as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class Pieces:
    """The text in the order in which it is read: what precedes the pieces, the pieces, and what is beyond them."""

    __slots__ = ("_ahead", "_base", "_claimed", "_first", "_waiting", "run")

    def __init__(self) -> None:
        self._base, self._first = "", 0
        """What precedes the first piece that is known by its number, and that number."""
        self.run: list[str] = []
        """The pieces, of which none is missing."""
        self._ahead, self._claimed = "", 0
        """What a whole text has told beyond them, and how much of that pieces have told since."""
        self._waiting: dict[int, str] = {}
        """Pieces whose predecessors are missing."""

    @property
    def count(self) -> int:
        """The number of the first piece that is missing."""
        return self._first + len(self.run)

    @property
    def left(self) -> int:
        """Characters that a whole text is ahead of the pieces."""
        return len(self._ahead) - self._claimed

    @property
    def guessed(self) -> bool:
        """True if a piece follows a whole text because nobody knew where else it belongs."""
        return bool(self._base)

    @property
    def missing(self) -> bool:
        """True if pieces wait for others, and no whole text has told of them."""
        at = self._claimed
        for number in sorted(self._waiting):
            at = self._ahead.find(self._waiting[number], at) if self.left else -1
            if at < 0:
                return True
            at += len(self._waiting[number])
        return False

    def all(self) -> list[str]:
        """What the text consists of."""
        return [self._base, *self.run, self._ahead[self._claimed :]]

    def restart(self, first: int = 0, base: str = "", run: Sequence[str] = (), ahead: str = "") -> None:
        """The text is known in another way from now on; pieces that wait for others still do so."""
        self._base, self._first, self.run, self._ahead, self._claimed = base, first, list(run), ahead, 0
        if self._waiting:
            self._waiting = {number: chunk for number, chunk in self._waiting.items() if number >= self.count}

    def extend(self, more: str) -> None:
        """A whole text tells more."""
        self._ahead, self._claimed = self._ahead[self._claimed :] + more, 0

    def place(self, number: int) -> int:
        """Where a piece is in `run`: less than 0 if it is before that, as much as it has or more if it is behind."""
        return number - self._first

    def fits(self, number: int, chunk: str) -> bool:
        """False for a piece that is not what a whole text, which is ahead, has in its place."""
        if not self.left or number in self._waiting:
            return True
        if number != self.count:
            return False
        ahead, claimed = self._ahead, self._claimed
        return ahead.startswith(chunk, claimed) if len(chunk) <= self.left else chunk.startswith(ahead[claimed:])

    def wait(self, number: int, chunk: str) -> None:
        """Another piece, which may have predecessors that are missing."""
        self._waiting[number] = chunk

    def settle(self) -> None:
        """No piece waits any more."""
        self._waiting.clear()

    def ready(self) -> Iterator[str]:
        """Takes the pieces of which none is missing any more, and yields what is new of each."""
        while (chunk := self._waiting.pop(self.count, None)) is not None:
            claimed, told = self._claimed, min(self.left, len(chunk))
            self._claimed += told
            new = chunk[told:] if told else chunk
            self.run.append(self._ahead[claimed : claimed + told] + new if told else chunk)
            yield new
