"""Sessions and their trees in numbers and words, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ccproxy.flows.conversations.conversations import Branch, Run, Session
from ccproxy.flows.selection import model_of

type Summary = Mapping[str, Any]

INPUTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def totals(flows: Sequence[Summary]) -> dict[str, Any]:
    """Of flows, the oldest first: when the first and the last began (ISO 8601), how many `failed`, models, `tokens` in
    (cached ones too) and out, `usd` (decimal text; null if no price is known of any)."""
    models = [model_of(flow) for flow in flows]
    costs = [cost for flow in flows if (cost := usd(flow)) is not None]
    return {
        "began": flows[0]["time"],
        "last": max(str(flow["time"]) for flow in flows),
        "models": list(dict.fromkeys(filter(None, models))),
        "tokens": {
            "input": sum(number(flow, name) for flow in flows for name in INPUTS),
            "output": sum(number(flow, "output_tokens") for flow in flows),
            "cached": sum(number(flow, "cache_read_input_tokens") for flow in flows),
        },
        "usd": f"{sum(costs, Decimal()).normalize():f}" if costs else None,
        "failed": sum(failed(flow) for flow in flows),
    }


def usd(flow: Summary) -> Decimal | None:
    """What a flow cost."""
    cost = flow.get("cost")
    try:
        return Decimal(str(cost["usd"])) if cost and cost.get("usd") is not None else None
    except (InvalidOperation, AttributeError):
        return None


def number(flow: Summary, name: str) -> int:
    """A number of tokens; 0 if it is not known."""
    count = (flow.get("usage") or {}).get(name)
    return count if isinstance(count, int) else 0


def failed(flow: Summary) -> bool:
    """Whether a flow got no good answer."""
    status = flow.get("status")
    return bool(flow.get("error")) or (status is not None and status >= 400)


def title(flows: Sequence[Summary]) -> str | None:
    """The user's first words in these flows."""
    return next((str(flow["title"]) for flow in flows if flow.get("title")), None)


def client(flows: Sequence[Summary]) -> str | None:
    """The first product of the first User-Agent (RFC 9110 §10.1.5)."""
    agents = ((flow.get("user_agent") or "").split() for flow in flows)
    return next((words[0] for words in agents if words), None)


def told(session: Session) -> dict[str, Any]:
    """A session without its tree."""
    flows = session.flows
    branches = sum(count_branches(root) for root in session.roots)
    trunk = [flow for root in session.roots for run in root.runs for flow in run.flows]
    return {
        "id": session.name,
        "session": session.id,
        "client": client(flows),
        "title": title(trunk) or title(flows),
        "flows": len(flows),
        "turns": sum(len(run.flows) for run in runs_of(session.roots)),
        "conversations": len(session.roots),
        "branches": branches,
        **totals(flows),
    }


def tree(session: Session) -> dict[str, Any]:
    """A session with its conversations, `runs` of turns in a row, and the branches of each run."""
    roots = [told_branch(root) for root in session.roots]
    return {**told(session), "sides": ids(session.sides), "roots": roots}


def told_branch(branch: Branch) -> dict[str, Any]:
    """A conversation or a branch; `kind` says how it began."""
    return {"id": branch.id, "kind": branch.kind, "runs": [told_run(run) for run in branch.runs]}


def told_run(run: Run) -> dict[str, Any]:
    """Turns in a row, and what branches off after the last of them."""
    branches = [told_branch(branch) for branch in run.branches]
    numbers = totals(run.flows)
    return {
        "kind": run.kind, "title": title(run.flows), **numbers,
        "flows": ids(run.flows), "sides": ids(run.sides), "branches": branches,
    }  # fmt: skip


def ids(flows: Sequence[Summary]) -> list[str]:
    """Their ids."""
    return [str(flow["id"]) for flow in flows]


def runs_of(branches: Sequence[Branch]) -> list[Run]:
    """The runs of branches and of all below them."""
    found, left = list[Run](), list(branches)
    while left:
        runs = left.pop().runs
        found += runs
        left += [branch for run in runs for branch in run.branches]
    return found


def count_branches(root: Branch) -> int:
    """The branches of a conversation, and the compactions that continue it."""
    runs = runs_of([root])
    return sum(len(run.branches) for run in runs) + sum(run.kind == "compaction" for run in runs)
