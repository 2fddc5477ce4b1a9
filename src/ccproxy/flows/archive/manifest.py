"""Which chunks a body is made of: their numbers, which mostly follow one another.

Kept are the distances from each to the next (64 bits, little-endian), deflated (RFC 1950).
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate, pairwise

from ccproxy.flows.archive.alike import common

ITEM = 8


def pack(numbers: Sequence[int]) -> bytes:
    """The numbers of a body's chunks, in their order."""
    distances = array("q", [after - before for before, after in pairwise((0, *numbers))])
    return zlib.compress(_little_endian(distances).tobytes())


def numbers(packed: bytes) -> list[int]:
    """What `pack` took. Raises ValueError for bytes that are no manifest."""
    return list(accumulate(_distances(_inflated(packed))))


class Marks:
    """Which numbers some manifests hold, up to one that is the highest."""

    def __init__(self, lowest: int, highest: int) -> None:
        self.lowest, self.highest = lowest, highest
        self._marks = bytearray(max(0, highest - lowest + 1))
        self._former = b""

    def add(self, packed: bytes) -> None:
        """Marks what a manifest holds. Raises ValueError for bytes that are none.

        What it begins with as the one before did is marked already.
        """
        data = _inflated(packed)
        distances, same = _distances(data), common(self._former, 0, data, 0) // ITEM
        self._former = data
        for number in accumulate(distances[same:], initial=sum(distances[:same])):
            if self.lowest <= number <= self.highest:
                self._marks[number - self.lowest] = 1

    def __contains__(self, number: int) -> bool:
        return bool(self._marks[number - self.lowest])


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except (zlib.error, TypeError) as error:
        raise ValueError("the list of a body's chunks is damaged") from error


def _distances(data: bytes) -> array[int]:
    distances = array("q")
    distances.frombytes(data)
    return _little_endian(distances)


def _little_endian(distances: array[int]) -> array[int]:
    if sys.byteorder == "big":
        distances.byteswap()
    return distances
