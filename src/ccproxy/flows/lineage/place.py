"""The place of a flow, as it is found and as a summary keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ccproxy.flows.lineage.canon import INSTRUCTING
from ccproxy.flows.lineage.chain import Chain
from ccproxy.flows.lineage.group import Kind, Node
from ccproxy.flows.lineage.match import describes
from ccproxy.flows.lineage.words import is_users, title_of


@dataclass(slots=True, frozen=True)
class Place:
    """Where a flow belongs."""

    kind: Kind
    parent: str | None
    """The id of the flow that it follows or branches from."""
    depth: int
    """How many branches it is away from the trunk."""
    turns: int
    """Messages of its conversation."""
    tip: str
    """The digest of all of them, in hexadecimal digits."""
    agent: str
    """The digest of who asks; empty where there is no system prompt."""
    tools: int
    """How many were offered to the model."""
    root: str
    """The id of the flow that began the conversation, whatever branches it has; the flow's own if it did."""
    title: str | None
    """The beginning of the user's newest words; None where the newest message has none (results of tools)."""

    def members(self) -> dict[str, Any]:
        """As JSON, for the summary."""
        return asdict(self)


def node_of(summary: Mapping[str, Any]) -> Node | None:
    """The flow of a summary that has a place."""
    tip, kind = summary.get("tip"), summary.get("kind")
    if not isinstance(tip, str) or not describes(kind):
        return None
    facts = [summary.get(name) for name in ("turns", "kind", "depth", "agent", "tools", "parent")]
    try:
        node = Node(summary["id"], bytes.fromhex(tip), *facts)  # type: ignore[arg-type]
    except ValueError:
        return None
    node.root = summary.get("root")
    return node


def title_in(chain: Chain) -> str | None:
    """The title of the newest message that is none of instructions."""
    for index in range(len(chain) - 1, -1, -1):
        message = chain.message(index)
        if not isinstance(message, dict) or message.get("role") not in INSTRUCTING:
            return title_of(message) if is_users(message) else None
    return None
