"""Where two sequences are the same, found as `patience diff` does: what is in both exactly once is laid beside itself
first, and what is between such places is compared by itself. difflib alone takes minutes for two long bodies.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

type Run = tuple[int, int, int]
"""Where it begins in either, and how long it is."""

type Window = tuple[int, int, int, int]
"""From where to where, in either."""

DEEPEST = 40
"""How often what is between such places is divided again."""
EXACT = 200 * 200
"""Pairs of items up to which difflib says what is the same."""
ROUGH = 2000 * 2000
"""Pairs up to which it does so without looking at what is there very often; beyond them nothing is the same."""


def same_runs(old: Sequence[str], new: Sequence[str]) -> Iterator[Run]:
    """The runs that both have, in their order; neighbours are put together."""
    last: Run | None = None
    for begin, other, size in found(old, new, (0, len(old), 0, len(new)), DEEPEST):
        if last is not None and last[0] + last[2] == begin and last[1] + last[2] == other:
            last = last[0], last[1], last[2] + size
            continue
        if last is not None:
            yield last
        last = begin, other, size
    if last is not None:
        yield last


def found(old: Sequence[str], new: Sequence[str], window: Window, depth: int) -> Iterator[Run]:
    """The same for a part of each."""
    low, high, other_low, other_high = window
    shorter = min(high - low, other_high - other_low)
    head = next((at for at in range(shorter) if old[low + at] != new[other_low + at]), shorter)
    shorter -= head
    tail = next((at for at in range(shorter) if old[high - 1 - at] != new[other_high - 1 - at]), shorter)
    if head:
        yield low, other_low, head
    yield from between(old, new, (low + head, high - tail, other_low + head, other_high - tail), depth)
    if tail:
        yield high - tail, other_high - tail, tail


def between(old: Sequence[str], new: Sequence[str], window: Window, depth: int) -> Iterator[Run]:
    """The same for parts that neither begin nor end alike."""
    low, high, other_low, other_high = window
    pairs = (high - low) * (other_high - other_low)
    places = anchors(old[low:high], new[other_low:other_high]) if pairs > EXACT and depth else []
    if not places:
        if 0 < pairs <= ROUGH:
            matcher = SequenceMatcher(None, old[low:high], new[other_low:other_high], autojunk=pairs > EXACT)
            yield from ((low + run.a, other_low + run.b, run.size) for run in matcher.get_matching_blocks() if run.size)
        return
    at, other_at = low, other_low
    for place, other in places:
        yield from found(old, new, (at, low + place, other_at, other_low + other), depth - 1)
        yield low + place, other_low + other, 1
        at, other_at = low + place + 1, other_low + other + 1
    yield from found(old, new, (at, high, other_at, other_high), depth - 1)


def anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The most places of items that both have exactly once, in the order of both."""
    counts, others = Counter(old), Counter(new)
    where = {item: at for at, item in enumerate(new) if others[item] == 1}
    pairs = [(at, where[item]) for at, item in enumerate(old) if counts[item] == 1 and item in where]
    return rising(pairs)


def rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs whose second members rise."""
    ends: list[int] = []
    piles: list[int] = []  # the pair that ends each pile
    before: list[int] = []
    for at, (_, other) in enumerate(pairs):
        pile = bisect_left(ends, other)
        ends[pile : pile + 1] = [other]
        piles[pile : pile + 1] = [at]
        before.append(piles[pile - 1] if pile else -1)
    at, chosen = (piles[-1] if piles else -1), []
    while at >= 0:
        chosen.append(pairs[at])
        at = before[at]
    return chosen[::-1]
