"""The order of hooks: who writes runs before who reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import combinations, permutations

from ccproxy.pipeline.circle import shortest_circle
from ccproxy.pipeline.hook import Hook, Step
from ccproxy.pipeline.paths import Path, overlap


@dataclass(frozen=True, slots=True)
class Edge:
    """`before` runs before `after`."""

    before: Step
    after: Step
    paths: tuple[str, ...]
    """What ties them together: the writes of `before`, as they were declared."""
    forced: bool
    """True if the declarations say so: one writes what the other reads. False if both rewrite or write the same, and
    the list decides."""


@dataclass(frozen=True, slots=True)
class Graph:
    """The hooks of one stage in levels: each runs after those that it depends on, those of a level are independent."""

    levels: tuple[tuple[Step, ...], ...] = ()
    edges: tuple[Edge, ...] = ()

    @property
    def steps(self) -> list[Step]:
        """All hooks in the order in which they run."""
        return [step for level in self.levels for step in level]


class Cycle(ValueError):
    """Hooks that wait for each other. The message names them and what ties them, in a circle."""


type Ties = dict[tuple[int, int], Edge]
"""By the places of both in the list."""


def arrange(steps: Sequence[Step]) -> Graph:
    """Orders the hooks of one stage. Raises Cycle.

    Who writes a path runs before all that read it. Where both rewrite it in place, or both only write it, the list
    decides, as far as that goes with the rest. Who reads the whole body (to sign it, to measure it) runs after all
    that write any of it, even if it writes some of it too.
    """
    ties = _forced(steps)
    circle = shortest_circle(len(steps), ties)
    if circle:
        raise Cycle(_told([ties[pair] for pair in circle]))
    _add_conflicts(steps, ties)
    levels = _levels(len(steps), ties)
    position = {place: number for number, place in enumerate(place for level in levels for place in level)}
    ordered = sorted(ties, key=lambda pair: (position[pair[1]], position[pair[0]]))
    return Graph(
        tuple(tuple(steps[place] for place in level) for level in levels), tuple(ties[pair] for pair in ordered)
    )


def _forced(steps: Sequence[Step]) -> Ties:
    ties: Ties = {}
    for (one, before), (other, after) in permutations(enumerate(steps), 2):
        paths = _texts(path for path in before.hook.writes if _forces(path, before.hook, after.hook))
        if paths:
            ties[one, other] = Edge(before, after, paths, forced=True)
    return ties


def _forces(written: Path, before: Hook, after: Hook) -> bool:
    """Whether `before` has to run before `after` because that reads what it writes here."""
    if not _touch(after.reads, written) or (written.room == "body" and _signs(before, after)):
        return False
    return _signs(after, before) or not (_touch(before.reads, written) and _touch(after.writes, written))


def _signs(one: Hook, other: Hook) -> bool:
    """Whether `one` looks at the whole body, and `other` at some of it at most but writes to it: then `one` is last."""
    return _reads_whole(one) and not _reads_whole(other) and any(path.room == "body" for path in other.writes)


def _reads_whole(hook: Hook) -> bool:
    return any(path.whole for path in hook.reads)


def touched(written: Iterable[Path], paths: Sequence[Path]) -> tuple[str, ...]:
    """Which of the paths that are written touch any of the others, as they were declared."""
    return _texts(path for path in written if _touch(paths, path))


def _touch(paths: Iterable[Path], path: Path) -> bool:
    return any(overlap(one, path) for one in paths)


def _texts(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path.text for path in paths))


def _told(circle: list[Edge]) -> str:
    arrows = "".join(f" -> {edge.after.name} ({', '.join(edge.paths)})" for edge in circle)
    return f"{circle[0].before.name}{arrows}"


def _add_conflicts(steps: Sequence[Step], ties: Ties) -> None:
    """Ties those that write the same: in the list's order, unless what is tied already says otherwise."""
    behind = _all_behind(len(steps), ties)
    for one, other in combinations(range(len(steps)), 2):
        if (one, other) in ties or (other, one) in ties:
            continue
        before, after = (other, one) if behind[other] >> one & 1 else (one, other)
        shared = _texts(path for path in steps[before].hook.writes if _touch(steps[after].hook.writes, path))
        if shared:
            ties[before, after] = Edge(steps[before], steps[after], shared, forced=False)
            _put_behind(behind, before, after)


def _all_behind(count: int, ties: Ties) -> list[int]:
    """For each place the set, as bits, of those that come after it."""
    behind = [0] * count
    for before, after in ties:
        _put_behind(behind, before, after)
    return behind


def _put_behind(behind: list[int], before: int, after: int) -> None:
    more = behind[after] | 1 << after
    for place, known in enumerate(behind):
        if place == before or known >> before & 1:
            behind[place] = known | more


def _levels(count: int, ties: Ties) -> list[list[int]]:
    sorter = TopologicalSorter[int](dict.fromkeys(range(count), ()))
    for before, after in ties:
        sorter.add(after, before)
    sorter.prepare()
    levels = []
    while sorter.is_active():
        level = sorter.get_ready()
        sorter.done(*level)
        levels.append(sorted(level))
    return levels
