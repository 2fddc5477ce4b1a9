"""How a flow is named in the console: by its place, its id, the beginning of its id, or the flow itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ccproxy.cli.grammar import CommandError

type Ref = int | str | Mapping[str, Any]

MOST_NAMED = 5
"""Ids that an ambiguous beginning is told of."""


def flow_of(flows: Sequence[dict[str, Any]], ref: Ref) -> dict[str, Any]:
    """The flow that is meant. Raises CommandError: there is none, there are several, or it is no name of a flow."""
    if isinstance(ref, bool) or not isinstance(ref, int | str | Mapping):
        raise CommandError(f"{ref!r} names no flow: give a place such as 0 or -1, an id, its beginning, or a flow")
    return _at(flows, ref) if isinstance(ref, int) else _with_id(flows, ref)


def flows_of(flows: Sequence[dict[str, Any]], refs: Sequence[Ref]) -> list[dict[str, Any]]:
    """Those that are meant, in this order; all if none is named. Raises CommandError."""
    return [flow_of(flows, ref) for ref in refs] if refs else list(flows)


def _at(flows: Sequence[dict[str, Any]], place: int) -> dict[str, Any]:
    if not -len(flows) <= place < len(flows):
        raise CommandError(f"there is no flow {place}", f"there are {len(flows)}; refresh() looks for new ones")
    return flows[place]


def _with_id(flows: Sequence[dict[str, Any]], ref: str | Mapping[str, Any]) -> dict[str, Any]:
    beginning = str(ref.get("id", "")) if isinstance(ref, Mapping) else ref.strip()
    found = [flow for flow in flows if beginning and flow["id"].startswith(beginning)]
    exact = [flow for flow in found if flow["id"] == beginning]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise CommandError(
            f"there is no flow whose id begins with {beginning!r}", "show() lists them; refresh() looks for new ones"
        )
    more = [f"and {len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
    raise CommandError(
        f"{len(found)} flows have ids that begin with {beginning!r}; give more of it",
        *[flow["id"] for flow in found[:MOST_NAMED]],
        *more,
    )
