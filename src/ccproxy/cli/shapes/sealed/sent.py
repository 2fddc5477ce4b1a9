"""What a client sent in the sealed place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccproxy.cli.flows.chosen.live import LiveReader
from ccproxy.cli.words import visible

if TYPE_CHECKING:
    from ccproxy.cli.control import Control
    from ccproxy.config.shaping import ShapeProfile
    from ccproxy.exchange import Exchange

type Summary = dict[str, Any]

MOST_TOLD = 40
LONGEST_PATH = 90


def http_flows(control: Control) -> list[Summary]:
    """The requests, and what did not become one; not the questions for names. The oldest first."""
    return [flow for flow in LiveReader(control, unarchived=False).told() if flow["protocol"] != "dns"]


def last_match(control: Control, flows: list[Summary], profile: ShapeProfile) -> tuple[Exchange | None, dict[str, str]]:
    """The last request that a profile is for, and by their ids why those after it are none."""
    from ccproxy.shaping.capture import why_not

    reader, unfit = LiveReader(control), dict[str, str]()
    for flow in reversed(flows):
        if flow["protocol"] == "http":
            each = reader.exchange(flow["id"])
            reason = why_not(each, profile)
            if reason is None:
                return each, unfit
            unfit[flow["id"]] = reason
    return None, unfit


def listed(flows: list[Summary], unfit: dict[str, str]) -> list[str]:
    """The requests as lines for the user, who wants to know why none of them became a shape."""
    told = [line(flow, unfit.get(flow["id"], "")) for flow in flows]
    left_out = len(told) - MOST_TOLD
    return [*told[:MOST_TOLD], *([f"and {left_out} more"] if left_out > 0 else [])]


def line(flow: Summary, unfit: str) -> str:
    """Method, host, path and status of one, and why it is no shape."""
    place = (flow["destination"] or "").partition("//")[2]
    path = flow["path"].partition("?")[0]
    path = path if len(path) <= LONGEST_PATH else path[: LONGEST_PATH - 3] + "..."
    outcome = flow["status"] or (flow["error"] or {}).get("kind") or "no answer"
    return visible(f"{flow['method']:<7} {place}{path}  {outcome}{f': {unfit}' if unfit else ''}")
