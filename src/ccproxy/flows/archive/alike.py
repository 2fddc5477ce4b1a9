"""How far two bodies are the same, at the speed of comparing memory, and which of those that passed last is most so."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

FIRST, LARGEST = 256, 64 * 1024
"""Bytes that are compared at once: first so many, then twice as many each time."""


def common(one: bytes, at: int, other: bytes, there: int) -> int:
    """How many bytes are the same from `at` in one and from `there` in the other."""
    alike, limit, size = 0, min(len(one) - at, len(other) - there), FIRST
    while alike < limit:
        size = min(size, limit - alike)
        if one[at + alike : at + alike + size] != other[there + alike : there + alike + size]:
            return alike + _first_difference(one, at + alike, other, there + alike, size)
        alike += size
        size = min(size * 2, LARGEST)
    return alike


def _first_difference(one: bytes, at: int, other: bytes, there: int, size: int) -> int:
    """How many bytes are the same before the first that is not; there is one among the first `size`."""
    low, high = 0, size - 1
    while low < high:
        half = (low + high + 1) // 2
        if one[at + low : at + half] == other[there + low : there + half]:
            low = half
        else:
            high = half - 1
    return low


class HasBody(Protocol):
    """What is remembered: anything with a body."""

    @property
    def body(self) -> bytes:
        """The bytes."""


class Recent[T: HasBody]:
    """The last few bodies, bounded in number and bytes."""

    def __init__(self, most: int = 8, most_bytes: int = 12 * 1024 * 1024, least: int = 2048) -> None:
        self.most, self.most_bytes, self.least = most, most_bytes, least
        self._kept: OrderedDict[int, T] = OrderedDict()
        self._bytes = 0
        self._count = 0

    def nearest(self, body: bytes) -> T | None:
        """The one that begins as this does for the longest; None if none does for `least` bytes."""
        best, longest = None, self.least - 1
        for key, each in self._kept.items():
            alike = common(body, 0, each.body, 0)
            if alike > longest:
                best, longest = key, alike
        if best is None:
            return None
        self._kept.move_to_end(best)
        return self._kept[best]

    def add(self, item: T) -> None:
        """Remembers one, if it is long enough and not too long; forgets the oldest for it."""
        size = len(item.body)
        if not self.least <= size <= self.most_bytes:
            return
        self._count += 1
        self._kept[self._count] = item
        self._bytes += size
        while len(self._kept) > self.most or self._bytes > self.most_bytes:
            _, old = self._kept.popitem(last=False)
            self._bytes -= len(old.body)
