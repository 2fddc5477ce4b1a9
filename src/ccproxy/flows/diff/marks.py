"""Marks that went from one part of a request to another, in as few words as can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ccproxy.flows.parts.parts import Mark


@dataclass(frozen=True, slots=True)
class Marked:
    """A part as it was and as it is: where, and which marks it had. No place where it was not, or is not."""

    old_place: str | None
    old: tuple[Mark, ...]
    new_place: str | None
    new: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class MarkChange:
    """What became of the marks of one name and value."""

    name: str
    value: str
    gone: tuple[str, ...]
    """Where they were and are not any more; numbers are those of the old request."""
    come: tuple[str, ...]
    """Where they are and were not; numbers are those of the new request."""


def mark_changes(parts: Sequence[Marked]) -> Iterator[MarkChange]:
    """All that became of marks, each name and value once."""
    gone: dict[Mark, list[str]] = {}
    come: dict[Mark, list[str]] = {}
    for part in parts:
        if part.old == part.new:
            continue
        before, after = Counter(part.old), Counter(part.new)
        for mark in (before - after).elements():
            gone.setdefault(mark, []).append(part.old_place or "")
        for mark in (after - before).elements():
            come.setdefault(mark, []).append(part.new_place or "")
    for mark in [*gone, *(each for each in come if each not in gone)]:
        yield MarkChange(*mark, tuple(gone.get(mark, ())), tuple(come.get(mark, ())))
