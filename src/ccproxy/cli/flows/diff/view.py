"""A difference in lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from ccproxy.cli.flows.diff.words import SIGNS, cut, short, value_lines
from ccproxy.cli.words import several, size, visible

if TYPE_CHECKING:
    from ccproxy.flows.diff.formats import Row
    from ccproxy.flows.diff.marks import MarkChange
    from ccproxy.flows.diff.parts import Change
    from ccproxy.flows.diff.requests import Difference

MOST_LINES = 8
"""Of a text that was added or removed; --unified and --json have all of it."""
MARGIN = "    "
GONE = {"removed": ": left out", "added": ": put in"}
"""What a translation did."""
REMOVED = {"removed": ": removed", "added": ": added"}
"""How one of two requests differs from the other."""


def difference_lines(found: Difference, width: int, *, translated: bool = False) -> Iterator[str]:
    """What differs, a part a line; one line if nothing does. `translated`: the one was made of the other."""
    yield from kinds_line(found)
    for change in found.changes:
        yield from change_lines(change, width, "  ")
    for mark in found.marks:
        yield mark_line(mark)
    yield from row_lines(found.rows, width, GONE if translated else REMOVED)
    for value in found.values:
        yield from value_lines(value, width, "  ")
    yield from last_lines(found)


def kinds_line(found: Difference) -> Iterator[str]:
    """What the bodies are, where that is not the usual."""
    sizes = " → ".join(map(size, found.sizes))
    if found.kind == "binary" and found.differ_at is not None:
        yield f"  binary, {sizes}, differ at byte {found.differ_at}"
    elif found.kind == "mixed":
        yield f"  {' → '.join(found.kinds)}, {sizes}"
    elif found.kind not in ("request", "formats") and found.differ_at is not None:
        yield f"  {found.kind}, {sizes}"


def last_lines(found: Difference) -> Iterator[str]:
    """What is the same, and what is not known."""
    told = found.changes or found.marks or found.values or found.rows or found.kind in ("binary", "mixed")
    if found.empty:
        yield click.style("  the same to the last byte", dim=True)
    elif found.differ_at is not None and not told:
        yield f"  the same, written in other bytes from byte {found.differ_at} on"
    same = [several(count, name.removesuffix("s")) for name, count in found.same.items() if count]
    if same and not found.empty:
        yield click.style(f"  the same: {', '.join(same)}", dim=True)
    for side, missing in zip(("former", "latter"), found.missing, strict=True):
        if missing:
            yield click.style(f"  {size(missing)} of the {side} were not kept: nothing is known of them", fg="yellow")


def change_lines(change: Change, width: int, margin: str) -> Iterator[str]:
    """One change, what it holds below it."""
    sign, color = SIGNS[change.how]
    head = click.style(f"{margin}{sign} {visible(place_of(change))}", fg=color)
    if change.what == "parameter" and change.how != "changed":
        yield f"{head}: {short(change.new if change.how == 'added' else change.old, width)}"
    elif change.how in ("added", "removed"):
        yield head
        yield from text_lines(change, width, margin, sign, color)
    else:
        yield head
    for block in change.blocks:
        yield from change_lines(block, width, margin + "  ")
    for value in change.values:
        yield from value_lines(value, width, margin + "  ")


def place_of(change: Change) -> str:
    """`message 3 (user)`, `tool Bash`, `system block 1 → 2 (text)`."""
    if change.what == "parameter":
        return f"parameter {change.name}"
    numbers = [str(each) for each in (change.old_place, change.new_place) if each is not None]
    place = " → ".join(dict.fromkeys(numbers))
    if change.what == "tool":
        return f"tool {change.name}" + (f", place {place}" if change.how == "moved" else "")
    return f"{change.what} {place}" + (f" ({change.name})" if change.name else "")


def text_lines(change: Change, width: int, margin: str, sign: str, color: str) -> Iterator[str]:
    """The beginning of what was added or removed."""
    value = change.new if change.how == "added" else change.old
    text = change.text or (short(value, 4 * width) if change.what == "tool" else "")
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines[:MOST_LINES]:
        yield click.style(f"{margin}  {sign} {cut(line, width - len(margin) - 4)}", fg=color)
    if len(lines) > MOST_LINES:
        yield click.style(f"{margin}  {sign} … {several(len(lines) - MOST_LINES, 'more line')}", fg=color)


def mark_line(mark: MarkChange) -> str:
    """`cache_control: message 3 → message 5`."""
    gone, come = ", ".join(mark.gone), ", ".join(mark.come)
    told = f"{gone} → {come}" if gone and come else f"gone from {gone}" if gone else f"now on {come}"
    return click.style(f"  {visible(mark.name)} {visible(mark.value)}: {told}", fg="cyan")


def row_lines(rows: Iterable[Row], width: int, words: Mapping[str, str]) -> Iterator[str]:
    """Parts of two formats beside each other; what says the same in both only in numbers and names. `words` for what is
    in one of them only."""
    for (what, is_same), group in groupby(rows, lambda row: (row.what, row.how == "same")):
        members = list(group)
        if is_same:
            yield click.style(f"  = {cut(same_parts(what, members), 4 * width)}: says the same", dim=True)
            continue
        for row in members:
            yield row_line(row, width, words)
            for value in row.values:
                yield from value_lines(value, width, MARGIN)


def same_parts(what: str, rows: list[Row]) -> str:
    """`parameters model, max_tokens → max_completion_tokens`, `messages 1-3 → messages 2-4`."""
    plural = "s" if len(rows) > 1 else ""
    if what in ("parameter", "tool"):
        names = [" → ".join(dict.fromkeys(filter(None, [row.old, row.new]))) for row in rows]
        return f"{what}{plural} {', '.join(names)}"
    sides = [row.old_place or 0 for row in rows], [row.new_place or 0 for row in rows]
    told = (f"{what}{'s' if len(set(places)) > 1 else ''} {numbers(places)}" for places in sides)
    return " → ".join(dict.fromkeys(told))


def numbers(places: list[int]) -> str:
    """`3`, or `3-7`."""
    return f"{min(places)}-{max(places)}" if min(places) != max(places) else str(places[0])


def row_line(row: Row, width: int, words: Mapping[str, str]) -> str:
    """One part."""
    sign, color = SIGNS[row.how]
    half = max(20, width // 2 - 12)
    if row.what in ("parameter", "tool"):
        before = named(row.old, row.old_value, row.what, half)
        after = named(row.new, row.new_value, row.what, half)
    else:
        said = (None, None) if row.values else (row.old_value, row.new_value)
        before = placed(row.what, row.old_place, row.old, row.kind, said[0], half)
        after = placed(row.what, row.new_place, row.new, row.kind, said[1], half)
    if row.how == "changed":
        told = f"{before} → {after}"
    else:
        told = f"{before if row.how == 'removed' else after}{words[row.how]}"
    return click.style(f"  {sign} ", fg=color) + told


def named(name: str | None, value: Any, what: str, width: int) -> str:
    """`max_tokens 1024`."""
    return f"{what} {visible(name or '')}" + (f" {short(value, width)}" if what == "parameter" else "")


def placed(what: str, place: int | None, role: str | None, kind: str, text: Any, width: int) -> str:
    """`message 3 (user, text) hello`."""
    return f"{what} {place} ({visible(', '.join(filter(None, [role, kind])))}) {cut(text or '', width)}".rstrip()
