"""The rules by which a request finds its place among the flows of its session, the surest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ccproxy.flows.lineage.answer import lines_of, mark
from ccproxy.flows.lineage.chain import Chain
from ccproxy.flows.lineage.group import Group, Kind, Node
from ccproxy.flows.lineage.words import Asking, is_users, said_in

MOST_READ = 64
"""New messages that are searched for an order or a summary."""
FEW = 2
"""Messages of a request that is no conversation."""


@dataclass(slots=True, frozen=True)
class New:
    """A request whose place is looked for."""

    id: str
    chain: Chain
    asked: Asking
    is_count: bool = False
    """Whether it only asks how many tokens it has."""
    base: Node | None = None
    """The flow that it says it follows."""
    in_session: bool = True
    """Whether the client told its session. Without one, many requests may begin with the same question."""

    def users_texts(self, since: int) -> list[str]:
        """What the user says in the messages from a place on."""
        places = range(since, min(len(self.chain), since + MOST_READ))
        messages = [self.chain.message(place) for place in places]
        return [text for each in messages if is_users(each) for text in said_in(each)]


class Found(NamedTuple):
    """A place. `shared` is the number of messages in common, where these are not all of the parent's."""

    kind: Kind
    parent: Node | None
    shared: int = 0


class Prefix(NamedTuple):
    """The flow whose whole conversation a request begins with, and how many messages these are."""

    node: Node
    length: int


type Rule = Callable[[New, Group, Prefix | None], Found | None]


def found(new: New, group: Group) -> Found:
    """The place that the first rule finds."""
    prefix = Prefix(new.base, 0) if new.base else prefix_of(new, group)
    return next((place for rule in RULES if (place := rule(new, group, prefix))), Found("root", None))


def prefix_of(new: New, group: Group) -> Prefix | None:
    """The longest that there is. Of another agent's it takes two messages: many begin with the same one."""
    links = new.chain.links
    for length in range(len(links), 0, -1):
        node = group.at(links[length - 1], new.asked.agent)
        if node is not None and (node.agent == new.asked.agent or len({*links[:length]} - {b""}) >= FEW):
            return Prefix(node, length)
    return None


def count(new: New, group: Group, prefix: Prefix | None) -> Found | None:
    """One that only has its tokens counted."""
    return (
        Found("side", prefix.node if prefix else group.newest) if new.is_count or new.asked.most_tokens == 1 else None
    )


def again(new: New, group: Group, prefix: Prefix | None) -> Found | None:
    """The very same conversation once more: tried again, or asked again after it had gone on."""
    if prefix is None or new.base or prefix.node.tip != new.chain.tip or prefix.node.agent != new.asked.agent:
        return None
    return Found("edit" if prefix.node.continued else "again", prefix.node)


def agent(new: New, group: Group, prefix: Prefix | None) -> Found | None:
    """What the user says is what a tool was told to do."""
    caller = group.ordered(mark(text) for text in new.users_texts(prefix.length if prefix else 0))
    return Found("agent", caller) if caller else None


def turn(new: New, group: Group, prefix: Prefix | None) -> Found | None:
    """More of a conversation that nothing has followed yet."""
    if prefix is None or prefix.node.continued or prefix.node.tip == new.chain.tip:
        return None
    return Found("turn", prefix.node)


def rewritten(new: New, group: Group, prefix: Prefix | None) -> Found | None:
    """More of a conversation of which some messages were changed, as clients do with old results of tools."""
    for node, chain in group.chains():
        since = chain.common(new.chain)
        left = len(chain) - since
        is_same = node.agent == new.asked.agent and not node.continued and since and left >= FEW
        if is_same and len(new.chain) >= len(chain) and 2 * chain.alike(new.chain, since) >= left:
            return Found("turn", node)
    return None


def compaction(new: New, group: Group, prefix: Prefix | None) -> Found | None:
    """Fewer messages than before, and in one of them the user says what the model answered: a summary."""
    marks = frozenset(line for text in new.users_texts(prefix.length if prefix else 0) for line in lines_of(text))
    node = group.summed_up(marks, new.asked.agent)
    return Found("compaction", node) if node and node.turns >= len(new.chain) else None


def edit(new: New, group: Group, prefix: Prefix | None) -> Found | None:
    """The same beginning, and then something else."""
    if prefix is not None:
        return Found("edit", prefix.node)
    near = [(chain.common(new.chain), node) for node, chain in group.chains() if node.agent == new.asked.agent]
    most = max((common for common, _ in near), default=0)
    at = next((node for common, node in near if common == most), None)
    said = len({*new.chain.links[:most]} - {b""})
    if at is None or said < (1 if new.in_session else FEW):
        return None
    return Found("edit", first_of(at, most, group), most)


def first_of(node: Node, shared: int, group: Group) -> Node:
    """The flow that others with the same beginning are edits of, too: they are no edits of each other."""
    while node.shared >= shared and (before := group.node(node.parent)):
        node = before
    return node


def side(new: New, group: Group, prefix: Prefix | None) -> Found | None:
    """A short question without tools beside a conversation that has some: a title, a topic."""
    is_other = not new.asked.tools and len(new.chain) <= FEW and all(node.agent != new.asked.agent for node in group)
    at = next((node for node in group if node.tools), None) if is_other else None
    return Found("side", at) if at else None


def other_agent(new: New, group: Group, prefix: Prefix | None) -> Found | None:
    """A conversation with tools under another system prompt, in a session that has one with tools already."""
    is_other = new.asked.tools and all(node.agent != new.asked.agent for node in group)
    at = next((node for node in group if node.tools), None) if is_other else None
    return Found("agent", at) if at else None


RULES: tuple[Rule, ...] = (count, again, agent, turn, rewritten, compaction, edit, side, other_agent)


def describes(value: Any) -> bool:
    """Whether a summary's member can be a kind."""
    return value in {"root", "turn", "again", "edit", "agent", "compaction", "side"}
