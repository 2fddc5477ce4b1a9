"""Two sequences laid beside each other: what is the same, what was moved, and what stands in place of what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

type Opcode = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]
"""As `SequenceMatcher.get_opcodes` tells it."""

MOST_COMPARED = 4000
"""Pairs of one place that are looked at for likeness; where there are more, place decides."""


@dataclass(slots=True)
class Aligned:
    """Indices into both sequences. Each index of either is in exactly one of the four."""

    same: list[tuple[int, int]] = field(default_factory=list)
    moved: list[tuple[int, int]] = field(default_factory=list)
    changed: list[tuple[int, int]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    added: list[int] = field(default_factory=list)


def align(old: Sequence[str], new: Sequence[str], alike: Callable[[int, int], bool]) -> Aligned:
    """Lays two sequences of keys beside each other.

    Args:
        old: keys; things with the same key are the same.
        new: likewise.
        alike: whether the one may be what became of the other.
    """
    found, gaps = Aligned(), []
    for tag, first, end, other_first, other_end in opcodes(old, new):
        if tag == "equal":
            found.same += zip(range(first, end), range(other_first, other_end), strict=True)
        else:
            gaps.append((list(range(first, end)), list(range(other_first, other_end))))
    found.moved = moves(old, new, gaps)
    gone, come = {one for one, _ in found.moved}, {other for _, other in found.moved}
    for before, after in gaps:
        left, right = [one for one in before if one not in gone], [one for one in after if one not in come]
        pairs = list(matched(left, right, alike))
        found.changed += pairs
        found.removed += [one for one in left if one not in {pair[0] for pair in pairs}]
        found.added += [one for one in right if one not in {pair[1] for pair in pairs}]
    return found


def opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[Opcode]:
    """As `SequenceMatcher.get_opcodes`, in time that hardly grows faster than the sequences."""
    from ccproxy.flows.diff.anchors import same_runs

    at = other_at = 0
    for begin, other, size in [*same_runs(old, new), (len(old), len(new), 0)]:
        if at < begin and other_at < other:
            yield "replace", at, begin, other_at, other
        elif at < begin:
            yield "delete", at, begin, other_at, other
        elif other_at < other:
            yield "insert", at, begin, other_at, other
        if size:
            yield "equal", begin, begin + size, other, other + size
        at, other_at = begin + size, other + size


def moves(old: Sequence[str], new: Sequence[str], gaps: list[tuple[list[int], list[int]]]) -> list[tuple[int, int]]:
    """What was taken out in one place and put in at another."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for _, after in gaps:
        for at in after:
            places[new[at]].append(at)
    return [(at, waiting.pop(0)) for before, _ in gaps for at in before if (waiting := places.get(old[at]))]


def matched(left: Sequence[int], right: Sequence[int], alike: Callable[[int, int], bool]) -> Iterator[tuple[int, int]]:
    """In their order, what may have become of what."""
    if len(left) * len(right) > MOST_COMPARED:
        yield from (pair for pair in zip(left, right, strict=False) if alike(*pair))
        return
    begin = 0
    for one in left:
        other = next((at for at in range(begin, len(right)) if alike(one, right[at])), None)
        if other is not None:
            yield one, right[other]
            begin = other + 1
