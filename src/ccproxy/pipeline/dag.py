"""The order of hooks: who writes runs before who reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ccproxy.pipeline.hook import Step


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
    """The hooks of one stage in levels: each runs after those that it depends on, those of one level are independent."""

    levels: tuple[tuple[Step, ...], ...] = ()
    edges: tuple[Edge, ...] = ()

    @property
    def steps(self) -> list[Step]:
        """All hooks in the order in which they run."""
        return [step for level in self.levels for step in level]


class Cycle(ValueError):
    """Hooks that wait for each other. The message names them and what ties them, in a circle."""


def arrange(steps: Sequence[Step]) -> Graph:
    """Orders the hooks of one stage. Raises Cycle."""
    raise NotImplementedError
