"""Flows as sessions, conversations and branches: a tree, drawn from what each summary says of its parent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ccproxy.exchange import Exchange
from ccproxy.flows.conversations.forest import Branch, Forest, Run, Session, Summary
from ccproxy.flows.lineage.lineage import Lineage
from ccproxy.flows.reader import FlowMissing
from ccproxy.flows.selection import Selection
from ccproxy.flows.usage.cost import cost_of

__all__ = ["Branch", "Run", "Session", "Summary", "sessions", "with_places"]


class Given:
    """Flows that have places, for a lineage that goes on from them."""

    def __init__(self, exchange: Callable[[str], Exchange | None]) -> None:
        self.flows: list[Summary] = []
        self._exchange = exchange

    def summaries(self, selection: Selection) -> list[Summary]:
        """Those that were selected."""
        found = [flow for flow in self.flows if selection.matches(flow)]
        return found[-selection.limit :] if selection.limit else found

    def exchange(self, id: str) -> Exchange:
        """All of one. Raises FlowMissing."""
        found = self._exchange(id)
        if found is None:
            raise FlowMissing(id)
        return found


def with_places(flows: Iterable[Summary], exchange: Callable[[str], Exchange | None]) -> list[Summary]:
    """The flows that are part of a conversation. Those that have no place yet (live ones) are given theirs.

    `exchange` reads a flow, or returns None for one that cannot be read.
    """
    given = Given(exchange)
    lineage = Lineage(given)
    for flow in flows:
        if flow.get("kind"):
            given.flows.append(flow)
        elif not (flow.get("format") or flow.get("talk")):
            continue
        elif (ex := exchange(flow["id"])) and (place := lineage.place(ex, flow)):
            given.flows.append({**flow, "cost": flow.get("cost") or cost_of(flow), **place.members()})
    return given.flows


def sessions(flows: Sequence[Summary]) -> list[Session]:
    """The trees of flows that have places; the sessions in the order in which they began."""
    forest = Forest()
    for flow in sorted(flows, key=lambda flow: str(flow["time"])):
        forest.add(flow)
    return [tidy(session) for session in forest.sessions if session.roots or session.sides]


def tidy(session: Session) -> Session:
    """Short questions without tools that came before the conversation they are about are side requests, too."""
    if any(flow.get("tools") for root in session.roots for flow in root.everything()):
        beside = [root for root in session.roots if is_beside(root)]
        session.sides += [flow for root in beside for flow in root.everything()]
        session.roots = [root for root in session.roots if root not in beside]
    return session


def is_beside(root: Branch) -> bool:
    """Whether a conversation is one question without tools that nothing followed."""
    flows = list(root.everything())
    return len(flows) == 1 and not flows[0].get("tools") and flows[0].get("turns", 0) <= 2
