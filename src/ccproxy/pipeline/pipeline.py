"""A pipeline: the hooks of the three stages, ready to run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ccproxy.pipeline.dag import Graph
from ccproxy.pipeline.hook import STAGES, Stage, Step
from ccproxy.pipeline.late import arrange_all


@dataclass(frozen=True, slots=True)
class Pipeline:
    """It does not change: where hooks change, another takes its place, and requests under way keep theirs."""

    graphs: Mapping[Stage, Graph] = field(default_factory=lambda: {stage: Graph() for stage in STAGES})
    timeout: float = 30.0
    """Seconds that a hook may wait for something."""
    typed: frozenset[Stage] = frozenset()
    """Stages in which a hook may ask for typed objects, whose types must be loaded before."""

    @property
    def steps(self) -> Iterator[Step]:
        """All hooks, stage by stage, in the order in which they run."""
        return (step for graph in self.graphs.values() for step in graph.steps)

    def describe(self) -> dict[str, Any]:
        """For `ccproxy status`: by stage, the levels and the ties, in plain values."""
        return {stage: _described(graph) for stage, graph in self.graphs.items()}


def build_pipeline(steps: Sequence[Step], timeout: float = 30.0) -> Pipeline:
    """Arranges hooks, listed in the order in which ties are to be broken. Raises Cycle."""
    graphs = {stage: arrange_all([step for step in steps if step.stage == stage]) for stage in STAGES}
    return Pipeline(graphs, timeout, frozenset(step.stage for step in steps if uses_types(step)))


TYPED_NAMES = frozenset({"messages", "system", "tools", "settings", "*", "**"})


def uses_types(step: Step) -> bool:
    """True for a hook that declares what can be had as typed objects, by its bare name.

    A request that comes in the first second waits for their types then, and not for a hook that declares `messages.**`.
    """
    if step.hook.native is not None:  # those of the house work on the document
        return False
    declared = (*step.hook.reads, *step.hook.writes)
    return any(path.text in TYPED_NAMES for path in declared)


def _described(graph: Graph) -> dict[str, Any]:
    return {
        "levels": [[_step(step) for step in level] for level in graph.levels],
        "edges": [
            {"before": edge.before.name, "after": edge.after.name, "paths": list(edge.paths), "forced": edge.forced}
            for edge in graph.edges
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    hook = step.hook
    return {
        "name": step.name,
        "doc": hook.doc,
        "module": hook.module,
        "source": step.source,
        "reads": [path.text for path in hook.reads],
        "writes": [path.text for path in hook.writes],
        "params": step.params.model_dump(mode="json") if step.params is not None else {},
        "on_error": step.on_error,
        "overridable": step.overridable,
        "concurrent": hook.concurrent,
    }
