"""How much a model thinks: named efforts on one side, budgets of tokens on the other."""

from __future__ import annotations

BUDGETS: tuple[tuple[str, int], ...] = (
    ("minimal", 1024),
    ("low", 2048),
    ("medium", 8192),
    ("high", 16384),
    ("xhigh", 24576),
    ("max", 32768),
)
"""The budget that stands for each effort; a budget reads as the highest effort whose own it reaches."""

EFFORTS = tuple(name for name, _ in BUDGETS)


def budget_of(effort: str) -> int:
    """Thinking tokens for an effort; of an unknown one, those of medium."""
    return dict(BUDGETS).get(effort, 8192)


def effort_of(budget: int) -> str:
    """The effort that a budget amounts to; -1, no bound, is medium."""
    if budget < 0:
        return "medium"
    return max((pair for pair in BUDGETS if pair[1] <= budget), key=lambda pair: pair[1], default=BUDGETS[0])[0]


def nearest(effort: str, known: tuple[str, ...]) -> str:
    """The effort of `known` that is nearest to another: of two, the lower. `known` is in rising order."""
    if effort in known or effort not in EFFORTS:
        return effort if effort in known else "medium"
    rank = EFFORTS.index(effort)
    return min(known, key=lambda name: (abs(EFFORTS.index(name) - rank), EFFORTS.index(name)))
