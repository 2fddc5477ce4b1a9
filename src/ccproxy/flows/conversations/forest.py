"""Trees that grow by one flow at a time: sessions, their conversations, and the branches of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

type Summary = Mapping[str, Any]

ON_THE_LINE = frozenset({"turn", "again", "compaction"})
"""Kinds that go on where their parent stopped."""
DEEPEST = 40
"""Branches within branches; what is deeper is shown at this depth."""


@dataclass(slots=True, eq=False)
class Run:
    """Turns in a row, with what branches off from the last of them."""

    kind: str
    """Of the first."""
    flows: list[Summary] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    sides: list[Summary] = field(default_factory=list)
    """Requests beside it: titles, counts of tokens."""


@dataclass(slots=True, eq=False)
class Branch:
    """A conversation, or what branches off from one."""

    kind: str
    """`root` for a conversation that nothing known comes before, `agent`, `edit`."""
    runs: list[Run] = field(default_factory=list)
    depth: int = 0
    host: Run | None = None
    """What it branches off from."""

    @property
    def id(self) -> str:
        """That of its first flow."""
        return str(self.runs[0].flows[0]["id"])

    def everything(self) -> Iterator[Summary]:
        """Its flows, and those of the branches and side requests below."""
        left: list[Branch] = [self]
        while left:
            for run in left.pop().runs:
                yield from run.flows
                yield from run.sides
                left += run.branches


@dataclass(slots=True, eq=False)
class Session:
    """The conversations of one session; without a session's id it is one conversation by itself."""

    id: str | None
    roots: list[Branch] = field(default_factory=list)
    sides: list[Summary] = field(default_factory=list)
    """Side requests that belong to none of its conversations."""

    @property
    def name(self) -> str:
        """The session's id, else that of the flow that began it: `Selection.conversation` takes it, too."""
        first = self.roots[0].runs[0].flows[0] if self.roots else self.sides[0]
        return self.id or str(first.get("root") or first["id"])

    @property
    def flows(self) -> list[Summary]:
        """All flows, the oldest first."""
        found = [*self.sides, *(flow for root in self.roots for flow in root.everything())]
        return sorted(found, key=lambda flow: str(flow["time"]))


class Forest:
    """Grows by one flow at a time, the older first."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self._by_id: dict[str, Session] = {}
        self._at: dict[str, tuple[Branch, Run]] = {}
        """Where each flow is."""

    def add(self, flow: Summary) -> None:
        """Puts a flow where it belongs."""
        place = self._at.get(flow.get("parent") or "")
        if flow["kind"] == "side":
            (place[1].sides if place else self._session(flow).sides).append(flow)
        elif place is None:
            self._start(flow, "root" if flow["kind"] in ON_THE_LINE else flow["kind"], self._session(flow))
        elif flow["kind"] in ON_THE_LINE and is_last(flow["parent"], place[0]):
            self._go_on(flow, *place)
        else:
            self._branch_off(flow, *place)

    def _session(self, flow: Summary) -> Session:
        key = flow.get("session") or flow.get("root")
        found = self._by_id.get(key) if key else None
        if found is None:
            found = Session(flow.get("session"))
            self.sessions.append(found)
            if key:
                self._by_id[key] = found
        return found

    def _start(self, flow: Summary, kind: str, session: Session) -> None:
        run = Run(flow["kind"], [flow])
        branch = Branch(kind, [run])
        session.roots.append(branch)
        self._at[flow["id"]] = (branch, run)

    def _go_on(self, flow: Summary, branch: Branch, run: Run) -> None:
        if run.branches or flow["kind"] == "compaction":
            run = Run(flow["kind"])
            branch.runs.append(run)
        run.flows.append(flow)
        self._at[flow["id"]] = (branch, run)

    def _branch_off(self, flow: Summary, branch: Branch, run: Run) -> None:
        kind = "edit" if flow["kind"] in {"turn", "again"} else flow["kind"]
        is_deepest = branch.depth >= DEEPEST and branch.host is not None
        host = branch.host if is_deepest and branch.host else self._split(flow["parent"], branch, run)
        run = Run(flow["kind"], [flow])
        new = Branch(kind, [run], branch.depth + (not is_deepest), host)
        host.branches.append(new)
        self._at[flow["id"]] = (new, run)

    def _split(self, id: str, branch: Branch, run: Run) -> Run:
        """The run that ends with the flow from which something branches off; what comes after it is another run."""
        at = next(place for place, flow in enumerate(run.flows) if flow["id"] == id) + 1
        if at == len(run.flows):
            return run
        rest = Run("turn", run.flows[at:], run.branches, run.sides)
        run.flows, run.branches, run.sides = run.flows[:at], [], []
        branch.runs.insert(branch.runs.index(run) + 1, rest)
        self._at.update((flow["id"], (branch, rest)) for flow in rest.flows)
        for each in rest.branches:
            each.host = rest
        return run


def is_last(id: str, branch: Branch) -> bool:
    """Whether a flow is the newest of its branch's turns."""
    return bool(branch.runs[-1].flows[-1]["id"] == id)
