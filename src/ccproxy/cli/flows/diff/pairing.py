"""Which two flows of a set are compared with each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

type Summary = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two flows, the former first."""

    old: str
    new: str
    why: str
    """In words: what makes them a pair."""


def pairs(flows: Sequence[Summary]) -> list[Pair]:
    """Each request with the one that it follows: the one whose conversation it continues, else the one before it of its
    conversation, else of its session; where nothing is known of either, the one before it.

    A flow that begins a conversation has no pair, unless there is none at all: then each goes with the one before.
    """
    found = list(known_pairs(flows))
    return found or [Pair(old["id"], new["id"], BEFORE) for old, new in pairwise(flows)]


def known_pairs(flows: Sequence[Summary]) -> Iterator[Pair]:
    """Those of which something is known, and of those of which nothing is, each with the one before it."""
    latest: dict[tuple[str, str], str] = {}
    before: Summary | None = None
    for flow in flows:
        wanted = [(why, (kind, flow[member])) for member, kind, why in RELATIONS if flow.get(member)]
        known = next(((why, latest[key]) for why, key in wanted if key in latest), None)
        if known is not None:
            yield Pair(known[1], flow["id"], known[0])
        elif not wanted and before is not None and not any(before.get(member) for member, *_ in RELATIONS):
            yield Pair(before["id"], flow["id"], BEFORE)
        latest |= {(kind, flow[member]): flow["id"] for member, kind, _ in RELATIONS[1:] if flow.get(member)}
        latest["id", flow["id"]] = flow["id"]
        before = flow


BEFORE = "the one before"
RELATIONS = (
    ("parent", "id", "whose conversation it continues"),
    ("conversation", "conversation", "the one before of its conversation"),
    ("session", "session", "the one before of its session"),
)
"""Members of a summary, what they are the name of, and what they say of two flows."""
