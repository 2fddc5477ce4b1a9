"""A text that is told in several ways at once: as a whole that grows, and in numbered pieces.

Both say the same, and either may be ahead. What is behind, or has come before, adds nothing; what does not begin with
the text so far is another text, which takes its place.
"""

from __future__ import annotations


class Draft:
    """A text as it grows. Time is linear in what is told, but for whole texts, each of which is compared."""

    __slots__ = ("_chunks", "_count", "_fresh", "_offset", "_pieces", "_rewritten", "_viewed", "length")

    def __init__(self) -> None:
        self.length = 0
        self._pieces: list[str] = []
        self._fresh: list[str] = []
        self._rewritten = False
        self._chunks: dict[int, str] = {}
        self._count = 0
        """The number of the first piece that is missing."""
        self._viewed = 0
        """How many characters the pieces before that have. Less than `length` where a whole text is ahead."""
        self._offset = 0

    @property
    def text(self) -> str:
        """The text as it is known."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def take(self) -> tuple[str, bool]:
        """What has come since the last time, and whether that takes the place of all before it."""
        if not self._fresh:
            return "", False
        fresh = self._fresh[0] if len(self._fresh) == 1 else "".join(self._fresh)
        rewritten, self._rewritten = self._rewritten, False
        self._fresh.clear()
        return fresh, rewritten

    def cumulative(self, text: str) -> None:
        """The whole text so far. A shorter one is an old one."""
        so_far = self.text
        if text.startswith(so_far):
            self._add(text[self.length :])
        elif not so_far.startswith(text):
            self._rewrite(text)

    def settle(self, text: str) -> None:
        """The whole text as it stays, be it shorter."""
        if text != self.text:
            self._rewrite(text)

    def pieces_from(self, offset: int, chunks: list[str]) -> None:
        """A list of pieces, the first of which has the number `offset`; from 0 on, they are the whole text so far."""
        self._offset = offset
        if offset:
            for number, chunk in enumerate(chunks, offset):
                self.piece(number, chunk)
            return
        whole = "".join(chunks)
        self.cumulative(whole)
        if (len(whole), len(chunks)) > (self._viewed, self._count):
            self._chunks.update(enumerate(chunks))
            self._count, self._viewed = len(chunks), len(whole)
            self._advance()

    def piece(self, number: int, chunk: str) -> None:
        """One piece. It waits until those before it have come."""
        known = self._chunks.get(number)
        if known is not None:
            if known != chunk:
                self._change(number, known, chunk)
        elif number >= self._count:
            if self.length > self._viewed and not self._goes_on(number, chunk):
                self._count, self._viewed = number, self.length
            self._chunks[number] = chunk
            self._advance()

    def append(self, chunk: str) -> None:
        """One piece more, whatever its number."""
        self._viewed = self.length
        self.piece(self._count, chunk)

    def finish(self) -> None:
        """Nothing more comes: pieces that wait need not, unless a whole text has told of them."""
        if self.length > self._viewed:
            return
        for number in sorted(number for number in self._chunks if number >= self._count):
            self._count = max(self._count, number)
            self._advance()

    def _goes_on(self, number: int, chunk: str) -> bool:
        """True if the piece is what a whole text, which is ahead, has in its place. Else that text precedes it."""
        if number != self._count:
            return False
        text, ahead = self.text, self.length - self._viewed
        return text.startswith(chunk, self._viewed) if len(chunk) <= ahead else chunk.startswith(text[self._viewed :])

    def _advance(self) -> None:
        """Counts the pieces of which none is missing any more."""
        while (chunk := self._chunks.get(self._count)) is not None:
            self._count += 1
            ahead = self.length - self._viewed
            self._viewed += len(chunk)
            if self._viewed > self.length:
                self._add(chunk[ahead:] if ahead else chunk)

    def _change(self, number: int, known: str, chunk: str) -> None:
        """A piece that has come before is now another: it has grown, is an old one, or is not what it was."""
        last = number == self._count - 1 and self._viewed == self.length
        if number >= self._count:
            self._chunks[number] = chunk
        elif last and chunk.startswith(known):
            self._chunks[number] = chunk
            self._viewed += len(chunk) - len(known)
            self._add(chunk[len(known) :])
        elif known.startswith(chunk):
            return
        elif self._offset and self._offset + number == self._count:  # counted from the list's beginning
            self.piece(self._count, chunk)
        else:
            self._replace(number, chunk)

    def _replace(self, number: int, chunk: str) -> None:
        size = sum(len(self._chunks[nth]) for nth in range(number, self._count))
        head, tail = self.text[: self._viewed - size], self.text[self._viewed :]
        self._chunks[number] = chunk
        middle = "".join(self._chunks[nth] for nth in range(number, self._count))
        chunks, count = self._chunks, self._count
        self._rewrite(head + middle + tail)
        self._chunks, self._count, self._viewed = chunks, count, len(head) + len(middle)

    def _add(self, more: str) -> None:
        if more:
            self._pieces.append(more)
            self._fresh.append(more)
            self.length += len(more)

    def _rewrite(self, text: str) -> None:
        self._pieces, self._fresh = [text], [text]
        self.length, self._rewritten = len(text), True
        self._chunks, self._count, self._viewed = {}, 0, 0
