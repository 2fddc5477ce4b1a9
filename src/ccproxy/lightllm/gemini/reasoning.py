"""`thinkingConfig` both ways."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, Reasoning
from ccproxy.lightllm.effort import budget_of, effort_of, nearest
from ccproxy.lightllm.gemini.fields import camelled, number
from ccproxy.lightllm.gemini.models import Traits, traits_of


def load_reasoning(config: Any) -> Reasoning | None:
    """What a `thinkingConfig` wants; None for an empty one."""
    members = camelled(config)
    if not members:
        return None
    budget = number(members.get("thinkingBudget"))
    level = str(members.get("thinkingLevel") or "").lower()
    visible = members.get("includeThoughts")
    return Reasoning(
        enabled=budget != 0,
        effort=level if level and "unspecified" not in level else None,
        budget=budget if isinstance(budget, int) else None,
        visible=bool(visible) if visible is not None else None,
    )


def dump_reasoning(call: ModelCall) -> dict[str, Any] | None:
    """The `thinkingConfig` of a call; None where nothing is said of thinking."""
    if call.reasoning is None:
        return None
    if call.origin is WireFormat.GEMINI:
        return _own(call.reasoning)
    traits = traits_of(call.model)
    if not traits.thinks:
        if call.reasoning.enabled:
            call.drops.add("reasoning")
        return None
    if not call.reasoning.enabled:
        return _off(call, traits)
    config = _amount(call.reasoning, traits)
    config["includeThoughts"] = call.reasoning.visible is not False
    return config


def _own(reasoning: Reasoning) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if reasoning.budget is not None:
        config["thinkingBudget"] = reasoning.budget
    elif not reasoning.enabled:
        config["thinkingBudget"] = 0
    if reasoning.effort is not None:
        config["thinkingLevel"] = reasoning.effort.upper()
    if reasoning.visible is not None:
        config["includeThoughts"] = reasoning.visible
    return config


def _off(call: ModelCall, traits: Traits) -> dict[str, Any]:
    """Some models cannot help thinking: they get the least that they take."""
    least = traits.budgets[0]
    if traits.levels or least:
        call.drops.add("reasoning")
    return {"thinkingLevel": traits.levels[0].upper()} if traits.levels else {"thinkingBudget": least}


def _amount(reasoning: Reasoning, traits: Traits) -> dict[str, Any]:
    if traits.levels:
        budget = reasoning.budget or -1
        effort = reasoning.effort or (effort_of(budget) if budget > 0 else None)
        return {"thinkingLevel": _level(str(effort), traits.levels).upper()} if effort else {}
    tokens = reasoning.budget
    if tokens is None:
        tokens = budget_of(str(reasoning.effort)) if reasoning.effort else -1
    least, greatest = traits.budgets
    return {"thinkingBudget": tokens if tokens < 0 else min(max(tokens, least), greatest)}


def _level(effort: str, levels: tuple[str, ...]) -> str:
    """The level for an effort; for one that nobody knows, as much as there is."""
    level = nearest(effort, levels)
    return level if level in levels else levels[-1]
