"""Which chunks a body is made of: numbers that mostly follow one another, so they are kept as runs.

A run is two varints (LEB128): the zigzag distance of its first number from the end of the run before, and how many
numbers it has. The whole is deflated (RFC 1950).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator


def pack(numbers: Iterable[int]) -> bytes:
    """The numbers as runs."""
    packed, expected = bytearray(), 0
    for start, length in _runs(numbers):
        distance = start - expected
        _write(packed, distance * 2 if distance >= 0 else -distance * 2 - 1)
        _write(packed, length)
        expected = start + length
    return zlib.compress(packed)


def runs(packed: bytes) -> Iterator[tuple[int, int]]:
    """The runs: the first number and how many. Raises ValueError for bytes that are no manifest."""
    try:
        values, expected = _read(zlib.decompress(packed)), 0
    except (zlib.error, TypeError) as error:
        raise ValueError("the list of a body's chunks is damaged") from error
    for coded in values:
        length = next(values, None)
        start = expected + (coded // 2 if coded % 2 == 0 else -(coded + 1) // 2)
        if length is None or length < 1 or start < 0:
            raise ValueError("the list of a body's chunks is damaged")
        yield start, length
        expected = start + length


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    first, length = 0, 0
    for number in numbers:
        if length and number == first + length:
            length += 1
            continue
        if length:
            yield first, length
        first, length = number, 1
    if length:
        yield first, length


def _write(packed: bytearray, value: int) -> None:
    while value > 0x7F:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)


def _read(packed: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in packed:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0
    if shift:
        raise ValueError("the list of a body's chunks ends too soon")
