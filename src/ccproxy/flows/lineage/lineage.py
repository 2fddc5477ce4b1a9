"""Where a request belongs: which former flow's conversation it continues, and in what way.

A place is found by content, within the client's session or, where the client tells none, among the flows of which the
user's first words are the same. What is known is bounded and in memory; a session that is not is looked up in the
archive.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any, Protocol

from ccproxy.exchange import Exchange, get_header
from ccproxy.flows.events import undone
from ccproxy.flows.lineage.answer import heard
from ccproxy.flows.lineage.chain import Chain, read_chain
from ccproxy.flows.lineage.group import Group, Node
from ccproxy.flows.lineage.match import Found, New, found
from ccproxy.flows.lineage.place import Place, node_of, title_in
from ccproxy.flows.lineage.spoken import request_spoken
from ccproxy.flows.lineage.words import Asking, asking
from ccproxy.flows.reader import ArchiveError, FlowDamaged, FlowMissing
from ccproxy.flows.selection import Selection

__all__ = ["Former", "Lineage", "Place"]

type Key = tuple[str, str]
"""`session` or `conversation`, and its id."""
type Summary = Mapping[str, Any]

MOST_BYTES = 24 * 1024 * 1024
"""Of conversations at hand."""
MOST_GROUPS = 1024
MOST_ASKED = 256
LOOKED_UP, READ_AGAIN = 64, 4
"""Flows of a session that are looked up in the archive, and how many of these are read whole."""
AGENT_ID = b"x-claude-code-agent-id"
"""Says which of several sub-agents asks (seen of Claude Code 2.1.330)."""
COUNTING = ("/count_tokens", ":countTokens")
DEEPER = frozenset({"edit", "agent", "side"})
FOLLOWING = frozenset({"turn", "again", "compaction"})


class Former(Protocol):
    """Where flows of the past are: any `FlowReader`."""

    def summaries(self, selection: Selection) -> Sequence[Summary]:
        """The flows that were selected, the oldest first. May raise ArchiveError."""

    def exchange(self, id: str) -> Exchange:
        """All of one flow. May raise FlowMissing, FlowDamaged, ArchiveError."""


class Lineage:
    """Finds places, for flows in the order in which they ended. `reader` is asked for sessions that are not known."""

    def __init__(self, reader: Former | None = None) -> None:
        self._reader = reader
        self._groups: OrderedDict[Key, Group] = OrderedDict()
        self._asked: OrderedDict[bytes, Asking] = OrderedDict()
        self.bytes = 0
        """About what is at hand of conversations."""

    def place(self, ex: Exchange, summary: Summary | None = None) -> Place | None:
        """The flow's place; None for one that is no part of a conversation.

        A summary that has a place already (`Place.members`) is believed: then the flow is only learned.
        """
        if ex.websocket is None and (ex.format is None or ex.request.method != "POST"):
            return None
        group = self._group(key_of(ex))
        before = group.size
        place = self._placed(ex, group, summary or {})
        self.bytes += group.size - before
        while len(self._groups) > 1 and (self.bytes > MOST_BYTES or len(self._groups) > MOST_GROUPS):
            self.bytes -= self._groups.popitem(last=False)[1].size
        return place

    def _group(self, key: Key) -> Group:
        if key not in self._groups:
            group = self._groups[key] = Group()
            if self._reader is not None and key[1]:
                with suppress(ArchiveError):
                    self._look_up(self._reader, key, group)
            self.bytes += group.size
        self._groups.move_to_end(key)
        return self._groups[key]

    def _look_up(self, reader: Former, key: Key, group: Group) -> None:
        """What the archive has of a session; of its last flows also what they said."""
        told = {key[0]: key[1]}
        selection = Selection(session=told.get("session"), opening=told.get("conversation"), limit=LOOKED_UP)
        flows = [flow for flow in reader.summaries(selection) if flow.get(key[0]) == key[1]]
        for flow in flows:
            if node := node_of(flow):
                group.add(node)
                follow(Found(node.kind, group.node(flow.get("parent"))))
        for flow in flows[-READ_AGAIN:]:
            with suppress(FlowMissing, FlowDamaged, ArchiveError):
                self._learn(reader.exchange(flow["id"]), group)

    def _learn(self, ex: Exchange, group: Group) -> None:
        node, chain = group.node(ex.id), chain_of(ex, group)
        if node is not None and chain is not None:
            group.learn(node, chain, heard(ex), None)

    def _placed(self, ex: Exchange, group: Group, summary: Summary) -> Place | None:
        chain = chain_of(ex, group)
        if chain is None:
            return None
        asked = self._asking(ex, chain)
        base = group.answered(asked.previous)
        chain = (base and read_chain(chain.data, (), base.tip)) or chain
        turns = len(chain) + (base.turns if base else 0)
        known = node_of(summary)
        place = (
            Found(known.kind, group.node(summary.get("parent")))
            if known
            else found(New(ex.id, chain, asked, ex.request.path.endswith(COUNTING), base, bool(ex.session)), group)
        )
        parent = place.parent
        depth = (parent.depth if parent else 0) + (place.kind in DEEPER)
        parent_id = parent.id if parent else summary.get("parent") if known else None
        root = root_of(parent) or (known and known.root) or parent_id or ex.id
        node = Node(ex.id, chain.tip, turns, place.kind, depth, asked.agent, asked.tools, parent_id, place.shared, root)
        group.add(node)
        follow(place)
        if place.kind != "side":
            group.learn(node, chain, heard(ex), parent.id if parent and place.kind in FOLLOWING else None)
        title = title_in(chain)
        return Place(place.kind, parent_id, depth, turns, chain.tip.hex(), asked.agent, asked.tools, root, title)

    def _asking(self, ex: Exchange, chain: Chain) -> Asking:
        """Read once for all requests that differ in their messages only."""
        rest, id = chain.rest(), get_header(ex.request.headers, AGENT_ID) or b""
        first = chain.raw(0)
        key = blake2b(b"\0".join([id, first, rest]), digest_size=16).digest()
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asking(rest, [chain.message(0)], id)
            if len(self._asked) > MOST_ASKED:
                self._asked.popitem(last=False)
        return asked


def key_of(ex: Exchange) -> Key:
    """Where the flows are among which an exchange's place is."""
    return ("session", ex.session) if ex.session else ("conversation", ex.conversation or "")


def chain_of(ex: Exchange, group: Group) -> Chain | None:
    """The messages of a request; None if it has none."""
    body = request_spoken(ex) if ex.websocket else undone(ex.request.body, ex.request.headers)
    chain = read_chain(body, group.bodies())
    return chain if chain is not None and chain.tip else None


def root_of(node: Node | None) -> str | None:
    """The flow that began a flow's conversation, as far as is known."""
    return (node.root or node.id) if node else None


def follow(place: Found) -> None:
    """Notes that a flow is followed."""
    if place.parent is not None and place.kind in {"turn", "compaction"}:
        place.parent.continued = True
