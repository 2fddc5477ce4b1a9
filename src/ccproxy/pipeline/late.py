"""Hooks that make of a request what leaves: they run once all others have said what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ccproxy.pipeline.dag import Edge, Graph, arrange, touched
from ccproxy.pipeline.hook import Hook, Step


def arrange_all(steps: Sequence[Step]) -> Graph:
    """Orders the hooks of one stage, as `arrange` does, with those that are late behind all that they could undo.

    After them come only hooks that read the whole body and change none of it (they sign it, or measure it), and what
    waits for these. Raises Cycle.
    """
    graph = arrange([step for step in steps if not step.hook.late])
    for late in (step for step in steps if step.hook.late):
        graph = with_late(graph, late)
    return graph


def with_late(graph: Graph, late: Step) -> Graph:
    """The graph with one more."""
    behind = {id(step) for step in graph.steps if looks_on(step.hook)}
    for level in graph.levels:
        behind |= {id(edge.after) for edge in graph.edges if edge.after in level and id(edge.before) in behind}
    halves = [
        tuple(step for step in level if (id(step) in behind) is after)
        for after in (False, True)
        for level in graph.levels
    ]
    count = len(graph.levels)
    levels = (*filter(None, halves[:count]), (late,), *filter(None, halves[count:]))
    ties = [tie for step in graph.steps if (tie := tied(late, step) if id(step) in behind else tied(step, late))]
    return replace(graph, levels=levels, edges=(*graph.edges, *ties))


def looks_on(hook: Hook) -> bool:
    """Whether a hook reads the whole body and changes none of it."""
    return any(path.whole for path in hook.reads) and not any(path.room == "body" for path in hook.writes)


def tied(before: Step, after: Step) -> Edge | None:
    """What ties them together, if anything does."""
    paths = touched(before.hook.writes, (*after.hook.reads, *after.hook.writes))
    return Edge(before, after, paths, forced=True) if paths else None
