"""What is at hand of one session, or of conversations that begin alike: its newest flows and what they said."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from ccproxy.flows.lineage.answer import Heard
from ccproxy.flows.lineage.chain import Chain

type Kind = Literal["root", "turn", "again", "edit", "agent", "compaction", "side"]
"""How a flow comes after its parent; docs/conversations.md tells what each means."""

MOST_NODES = 2048
MOST_BODIES = 8
MOST_ANSWERS = 8
MOST_ORDERS = 256
LINK_BYTES = 120
"""What a link of a chain takes beside the body."""


@dataclass(slots=True)
class Node:
    """A flow in the tree."""

    id: str
    tip: bytes
    turns: int
    kind: Kind
    depth: int
    agent: str
    tools: int
    parent: str | None = None
    shared: int = 0
    """Messages in common with its parent, where it is an edit of one that these are not all of."""
    root: str | None = None
    """The flow that began its conversation; None if that is not known."""
    continued: bool = False
    """Whether a turn follows it."""


@dataclass(slots=True)
class Group:
    """The newest flows of a session, bounded."""

    size: int = 0
    """About how many bytes its bodies take."""
    newest: Node | None = None
    _nodes: OrderedDict[str, Node] = field(default_factory=OrderedDict)
    _tips: dict[bytes, list[Node]] = field(default_factory=dict)
    _chains: OrderedDict[str, Chain] = field(default_factory=OrderedDict)
    _lines: deque[tuple[Node, frozenset[bytes]]] = field(default_factory=lambda: deque(maxlen=MOST_ANSWERS))
    _orders: OrderedDict[bytes, Node] = field(default_factory=OrderedDict)
    _responses: OrderedDict[str, Node] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[Node]:
        return reversed(self._nodes.values())

    def node(self, id: str | None) -> Node | None:
        """The flow with this id."""
        return self._nodes.get(id) if id else None

    def at(self, tip: bytes, agent: str) -> Node | None:
        """The newest flow that ends with `tip`, if there is one this agent's."""
        nodes = self._tips.get(tip, ())
        return next((node for node in reversed(nodes) if node.agent == agent), nodes[-1] if nodes else None)

    def bodies(self) -> list[Chain]:
        """The chains that are at hand, the newest first."""
        return list(reversed(self._chains.values()))

    def chains(self) -> Iterator[tuple[Node, Chain]]:
        """The same with their flows."""
        return ((self._nodes[id], chain) for id, chain in reversed(self._chains.items()) if id in self._nodes)

    def ordered(self, marks: Iterable[bytes]) -> Node | None:
        """The flow in whose answer a tool was called with one of these orders."""
        return next((node for mark in marks if (node := self._orders.get(mark))), None)

    def summed_up(self, marks: frozenset[bytes], agent: str) -> Node | None:
        """The newest flow whose answer these lines repeat, as much of it as a summary is without its deliberations."""
        near = ((node, lines) for node, lines in reversed(self._lines) if node.agent == agent)
        return next((node for node, lines in near if is_repeated(lines, marks)), None)

    def answered(self, response: str | None) -> Node | None:
        """The flow whose answer had this id."""
        return self._responses.get(response) if response else None

    def add(self, node: Node) -> None:
        """Takes a flow, unless it is a side request: nothing comes after one. The oldest makes room."""
        if node.kind == "side":
            return
        self.newest = self._nodes[node.id] = node
        self._tips.setdefault(node.tip, []).append(node)
        if len(self._nodes) > MOST_NODES:
            _, old = self._nodes.popitem(last=False)
            left = [each for each in self._tips.get(old.tip, ()) if each is not old]
            self._tips.pop(old.tip, None) if not left else self._tips.update({old.tip: left})

    def learn(self, node: Node, chain: Chain, said: Heard, over: str | None) -> None:
        """What a flow said and was answered; the body of the flow that it goes `over`, as its turn, is done with."""
        self._keep(node.id, chain, over)
        if said.lines:
            self._lines.append((node, said.lines))
        for mark in said.orders:
            self._orders[mark] = node
        if said.response:
            self._responses[said.response] = node
        for known in (self._orders, self._responses):
            while len(known) > MOST_ORDERS:
                known.popitem(last=False)

    def _keep(self, id: str, chain: Chain, over: str | None) -> None:
        done = self._chains.pop(over, None) if over else None
        self._chains[id] = chain
        self.size += weight(chain) - (weight(done) if done else 0)
        while len(self._chains) > MOST_BODIES:
            self.size -= weight(self._chains.popitem(last=False)[1])


def is_repeated(lines: frozenset[bytes], marks: frozenset[bytes]) -> bool:
    """Whether enough of these lines are among others: a fifth of them, and two if there are so many."""
    common = len(lines & marks)
    return common >= min(2, len(lines)) and 5 * common >= len(lines) > 0


def weight(chain: Chain) -> int:
    """About how many bytes a chain takes."""
    return len(chain.data) + LINK_BYTES * len(chain)
