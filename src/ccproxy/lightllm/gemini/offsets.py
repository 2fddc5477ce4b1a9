"""Places in a text: Gemini counts bytes of UTF-8, other formats and this house count characters."""

from __future__ import annotations

from bisect import bisect_right

MOST_PIECES = 4096
"""Pieces that are kept: sources back what was just said, and a stream may be long."""


class Offsets:
    """A growing text's characters told from its bytes. Only the last pieces that are not ASCII are kept."""

    __slots__ = ("_at_byte", "_at_char", "_forgetful", "_texts", "bytes", "chars")

    def __init__(self) -> None:
        self.chars = 0
        self.bytes = 0
        self._at_char: list[int] = []
        self._at_byte: list[int] = []
        self._texts: list[str] = []
        self._forgetful = False

    def add(self, text: str) -> None:
        """More of the text."""
        size = len(text)
        if text.isascii():
            self.bytes += size
        else:
            self._at_char.append(self.chars)
            self._at_byte.append(self.bytes)
            self._texts.append(text)
            self.bytes += len(_utf8(text))
            if len(self._texts) > MOST_PIECES:
                self._forget(MOST_PIECES // 2)
        self.chars += size

    def _forget(self, pieces: int) -> None:
        del self._at_char[:pieces], self._at_byte[:pieces], self._texts[:pieces]
        self._forgetful = True

    def to_bytes(self, char: int) -> int | None:
        """The offset in bytes of a character; None if that is too long ago."""
        nth = bisect_right(self._at_char, char) - 1
        if nth < 0:
            return None if self._forgetful else char
        text, inside = self._texts[nth], char - self._at_char[nth]
        return self._at_byte[nth] + len(_utf8(text[:inside])) + max(inside - len(text), 0)

    def to_chars(self, byte: int) -> int | None:
        """The offset in characters of a byte; of one inside a character, that character's. None as above."""
        nth = bisect_right(self._at_byte, byte) - 1
        if nth < 0:
            return None if self._forgetful else byte
        data, inside = _utf8(self._texts[nth]), byte - self._at_byte[nth]
        chars = len(data[:inside].decode("utf-8", "ignore"))
        return self._at_char[nth] + chars + max(inside - len(data), 0)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
