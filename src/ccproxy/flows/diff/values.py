"""How two JSON values differ, path by path, and two texts, word by word or line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ccproxy.flows.diff.sequences import align, opcodes
from ccproxy.flows.parts.parts import canonical

type How = Literal["added", "removed", "changed", "moved"]

DEEPEST = 40
"""Levels that are gone into; what is below is compared as a whole."""
WORD = re.compile(r"\s+|\w+|[^\w\s]")
MOST_WORDS = 2000
"""A text with more of them that is not the same is shown by lines, and one with more such lines as a whole."""
CONTEXT = 12
"""Words of what is the same that stay on either side of a change."""
CONTEXT_LINES = 2


@dataclass(frozen=True, slots=True)
class Edit:
    """A run of a text: `=` in both, `-` in the old one, `+` in the new one, `…` in both and left out here."""

    sign: Literal["=", "-", "+", "…"]
    text: str


@dataclass(frozen=True, slots=True)
class ValueChange:
    """What differs at one place of a JSON value."""

    path: str
    """`a.b[3]`, empty for the value itself; of what was added the place in the new one."""
    how: How
    old: Any = None
    new: Any = None
    edits: tuple[Edit, ...] = ()
    """Of a text that was changed."""


def value_changes(old: Any, new: Any, path: str = "", depth: int = 0) -> Iterator[ValueChange]:
    """All that differs between two JSON values; nothing if they say the same."""
    if canonical(old) == canonical(new):
        return
    if isinstance(old, dict) and isinstance(new, dict) and depth < DEEPEST:
        yield from member_changes(old, new, path, depth)
    elif isinstance(old, list) and isinstance(new, list) and depth < DEEPEST:
        yield from item_changes(old, new, path, depth)
    elif isinstance(old, str) and isinstance(new, str):
        yield ValueChange(path, "changed", old, new, text_edits(old, new))
    else:
        yield ValueChange(path, "changed", old, new)


def member_changes(old: dict[str, Any], new: dict[str, Any], path: str, depth: int) -> Iterator[ValueChange]:
    """Of objects: by name."""
    for name in [*old, *(each for each in new if each not in old)]:
        place = f"{path}.{name}" if path else name
        if name not in new:
            yield ValueChange(place, "removed", old[name])
        elif name not in old:
            yield ValueChange(place, "added", new=new[name])
        else:
            yield from value_changes(old[name], new[name], place, depth + 1)


def item_changes(old: list[Any], new: list[Any], path: str, depth: int) -> Iterator[ValueChange]:
    """Of arrays: by what stands at the same place between items that are the same."""
    keys, others = [canonical(each) for each in old], [canonical(each) for each in new]
    found = align(keys, others, lambda one, other: type(old[one]) is type(new[other]))
    for one, other in found.changed:
        yield from value_changes(old[one], new[other], f"{path}[{other}]", depth + 1)
    for one, other in found.moved:
        yield ValueChange(f"{path}[{other}]", "moved", old[one], new[other])
    for one in found.removed:
        yield ValueChange(f"{path}[{one}]", "removed", old[one])
    for other in found.added:
        yield ValueChange(f"{path}[{other}]", "added", new=new[other])


def text_edits(old: str, new: str) -> tuple[Edit, ...]:
    """How one text becomes the other; what is the same far from a change is left out."""
    words, others = WORD.findall(old), WORD.findall(new)
    if differing(words, others) <= MOST_WORDS:
        return tuple(edits(words, others, CONTEXT))
    lines, other_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if differing(lines, other_lines) <= MOST_WORDS:
        return tuple(edits(lines, other_lines, CONTEXT_LINES))
    return Edit("-", old), Edit("+", new)


def differing(old: Sequence[str], new: Sequence[str]) -> int:
    """How many pieces are left of the longer one without what both begin and end with."""
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    tail = next((at for at in range(shorter - head) if old[-1 - at] != new[-1 - at]), shorter - head)
    return max(len(old), len(new)) - head - tail


def edits(old: Sequence[str], new: Sequence[str], context: int) -> Iterator[Edit]:
    """The runs of two texts in pieces."""
    found = list(opcodes(old, new))
    for number, (tag, first, end, other, other_end) in enumerate(found):
        if tag == "equal":
            is_first, is_last = number == 0, number == len(found) - 1
            yield from kept(old[first:end], 0 if is_first else context, 0 if is_last else context)
            continue
        if first < end:
            yield Edit("-", "".join(old[first:end]))
        if other < other_end:
            yield Edit("+", "".join(new[other:other_end]))


def kept(pieces: Sequence[str], begin: int, end: int) -> Iterator[Edit]:
    """A run that is the same, its middle left out where that is worth it."""
    if len(pieces) <= begin + end + 1:
        yield Edit("=", "".join(pieces))
        return
    if begin:
        yield Edit("=", "".join(pieces[:begin]))
    yield Edit("…", "".join(pieces[begin : len(pieces) - end]))
    if end:
        yield Edit("=", "".join(pieces[len(pieces) - end :]))
