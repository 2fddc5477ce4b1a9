"""Which of the flows that were chosen can be a shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccproxy.cli.grammar import CommandError
from ccproxy.cli.words import several

if TYPE_CHECKING:
    from ccproxy.cli.flows.chosen.flow_set import FlowSet, Summary
    from ccproxy.config.shaping import ShapeProfile
    from ccproxy.exchange import Exchange

MOST_NAMED = 5
"""Flows that cannot be shapes, of which it is said why."""


@dataclass(slots=True)
class Fitting:
    """The flows that were chosen, as far as they were looked at."""

    chosen: int
    exchanges: list[Exchange] = field(default_factory=list)
    """Those that can be a shape, the newest first."""
    unseen: int = 0
    """How many older ones were not looked at, as there were enough."""
    others: list[tuple[str, str]] = field(default_factory=list)
    """The ids of those that cannot, and why."""

    def told(self) -> list[str]:
        """A line for each flow that cannot be a shape, the first few of them."""
        lines = [f"flow:{id[:8]} cannot: {why}" for id, why in self.others[:MOST_NAMED]]
        rest = len(self.others) - MOST_NAMED
        return [*lines, f"and {several(rest, 'other')}"] if rest > 0 else lines


def fitting(found: FlowSet, profile: ShapeProfile, most: int) -> Fitting:
    """Looks for `most` flows that can be a shape, the newest first, and no further."""
    seen = Fitting(len(found.summaries))
    for count, flow in enumerate(reversed(found.summaries), 1):
        fits = usable(found, flow, profile)
        if isinstance(fits, str):
            seen.others.append((flow["id"], fits))
            continue
        seen.exchanges.append(fits)
        if len(seen.exchanges) == most:
            seen.unseen = len(found.summaries) - count
            break
    return seen


def usable(found: FlowSet, flow: Summary, profile: ShapeProfile) -> Exchange | str:
    """The flow that can be a shape, or why it cannot."""
    from ccproxy.shaping.capture import why_not

    if reason := wrong_path(flow, profile):
        return reason
    try:
        ex = found.exchange(flow["id"])
    except CommandError as error:
        return error.message
    return why_not(ex, profile) or ex


def wrong_path(flow: Summary, profile: ShapeProfile) -> str | None:
    """That a flow is no call of the profile's kind, where its summary tells it: not every flow need be read."""
    path, pattern = str(flow.get("path", "")).partition("?")[0], profile.capture.path_pattern
    if "path" not in flow or pattern.search(path):
        return None
    return f"capture.path_pattern, {pattern.pattern!r}, does not match its path {path!r}"


def not_one(name: str, seen: Fitting) -> CommandError:
    """How many flows were chosen, and how to choose otherwise."""
    chosen = "1 flow was" if seen.chosen == 1 else f"{seen.chosen} flows were"
    if not seen.exchanges:
        return CommandError(f"{chosen} chosen, and none can be a shape of {name!r}", *seen.told())
    return CommandError(
        f"{chosen} chosen, and more than one can be a shape of {name!r}: a patch is made of one",
        f"of one: ccproxy shapes save {name} {seen.exchanges[0].id[:8]}, which is the newest that can",
        "--host, --since, --session, --jq and --limit narrow the choice down",
        "--mflow keeps the newest of them, five at most, as versions",
    )
