"""A text that is told in several ways at once: as a whole that grows, and in numbered pieces.

Both say the same, and either may be ahead. What is behind, or has come before, adds nothing; what does not begin with
the text so far is another text, which takes its place.
"""

from __future__ import annotations

from ccproxy.lightllm.perplexity.pieces import Pieces


class Draft:
    """A text as it grows. Time is linear in what is told, but for whole texts, each of which is compared.

    A piece that is now another costs no more than its own length: the text is put together when somebody wants it.
    """

    __slots__ = ("_fresh", "_offset", "_parts", "_pieces", "_stale", "length", "rewritten")

    def __init__(self) -> None:
        self.length = 0
        self.rewritten = False
        """True if what there is to take is another text than the one that has been taken."""
        self._pieces = Pieces()
        self._parts: list[str] = []
        """The text; out of date if `_stale`."""
        self._stale = False
        self._fresh: list[str] = []
        self._offset = 0

    @property
    def text(self) -> str:
        """The text as it is known."""
        if self._stale:
            self._parts, self._stale = self._pieces.all(), False
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def missing(self) -> bool:
        """True if a part of the text is known whose predecessor is not."""
        return self._pieces.missing

    def take(self) -> tuple[str, bool]:
        """What has come since the last time, and whether that takes the place of all before it."""
        if self.rewritten:
            self.rewritten = False
            return self.text, True
        if not self._fresh:
            return "", False
        fresh = self._fresh[0] if len(self._fresh) == 1 else "".join(self._fresh)
        self._fresh.clear()
        return fresh, False

    def cumulative(self, text: str) -> None:
        """The whole text so far. A shorter one is an old one."""
        so_far = self.text
        if text.startswith(so_far):
            if more := text[self.length :]:
                self._pieces.extend(more)
                self._add(more)
        elif not so_far.startswith(text):
            self._replace(text)

    def settle(self, text: str, *, exactly: bool) -> None:
        """The whole text as it stays. A shorter one is an old one, unless pieces have their places by a guess.

        Args:
            text: the text.
            exactly: whether that counts, and another that differs in spaces only is another.
        """
        so_far = self.text
        if exactly and self._pieces.guessed and text != so_far:
            self._replace(text)
        elif text == so_far or not so_far.startswith(text):
            self._pieces.settle()
        if exactly or text.startswith(so_far) or text.split() != so_far.split():
            self.cumulative(text)

    def pieces_from(self, offset: int, chunks: list[str]) -> None:
        """A list of pieces, the first of which has the number `offset`; from 0 on, they are the whole text so far."""
        self._offset = offset
        if offset:
            for number, chunk in enumerate(chunks, offset):
                self.piece(number, chunk)
            return
        whole, pieces = "".join(chunks), self._pieces
        self.cumulative(whole)
        if (len(whole), len(chunks)) > (self.length - pieces.left, pieces.count):
            pieces.restart(run=chunks, ahead=self.text[len(whole) :])
            self._advance()

    def piece(self, number: int, chunk: str) -> None:
        """One piece. It waits until those before it have come."""
        pieces = self._pieces
        at = pieces.place(number)
        if at >= len(pieces.run):
            if not pieces.fits(number, chunk):
                pieces.restart(number, self.text)
            pieces.wait(number, chunk)
            self._advance()
        elif at >= 0 and pieces.run[at] != chunk:
            self._change(at, chunk)

    def append(self, chunk: str) -> None:
        """One piece more, whatever its number."""
        number = self._pieces.count
        if self._pieces.left:
            self._pieces.restart(number, self.text)
        self.piece(number, chunk)

    def _advance(self) -> None:
        for new in self._pieces.ready():
            self._add(new)

    def _change(self, at: int, chunk: str) -> None:
        """A piece that has come before is now another: it has grown, is an old one, or is not what it was."""
        pieces = self._pieces
        known, count = pieces.run[at], len(pieces.run)
        if at == count - 1 and not pieces.left and chunk.startswith(known):
            pieces.run[at] = chunk
            self._add(chunk[len(known) :])
        elif known.startswith(chunk):
            return
        elif self._offset and self._offset + at == count:  # counted from the list's beginning
            self.piece(pieces.count, chunk)
        else:
            pieces.run[at] = chunk
            self.length += len(chunk) - len(known)
            self._stale = True
            self._rewrite()

    def _add(self, more: str) -> None:
        if more:
            self.length += len(more)
            if not self._stale:
                self._parts.append(more)
            if not self.rewritten:
                self._fresh.append(more)

    def _replace(self, text: str) -> None:
        self._parts, self._stale, self.length = [text], False, len(text)
        self._pieces.settle()
        self._pieces.restart(ahead=text)
        self._rewrite()

    def _rewrite(self) -> None:
        self.rewritten = True
        self._fresh.clear()
