"""Thinking: `thinking` and `output_config.effort`, read and written.

Claude's rules (platform.claude.com, "Thinking", "Troubleshooting thinking"): models from 4.6 on think `adaptive`ly with
an effort, older ones with a budget below `max_tokens`; with a budget no tool may be forced, and a turn that goes on
after tool results must have begun with thinking, where `adaptive` demands neither.
"""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.anthropic.fields import as_integer
from ccproxy.lightllm.anthropic.load_content import others
from ccproxy.lightllm.anthropic.models import Traits
from ccproxy.lightllm.call import ModelCall, Reasoning
from ccproxy.lightllm.effort import budget_of, effort_of, nearest

SMALLEST = 1024
"""Tokens that a budget has at least."""

THINKING = frozenset({"enabled", "adaptive"})
VISIBLE = {"summarized": True, "omitted": False}


def load_reasoning(document: dict[str, Any], extras: dict[str, Any]) -> Reasoning | None:
    """What a request wants of thinking; what has no place in it goes to `extras`. Raises InvalidCall."""
    config = document.get("output_config")
    effort = config.get("effort") if isinstance(config, dict) else None
    effort = effort if isinstance(effort, str) else None
    thinking = document.get("thinking")
    if not isinstance(thinking, dict):
        return None if effort is None else Reasoning(effort=effort)
    kind = str(thinking.get("type"))
    budget = thinking.get("budget_tokens")
    display = thinking.get("display")
    visible = VISIBLE.get(display) if isinstance(display, str) else None
    rest = others(thinking, "type", "budget_tokens", *(("display",) if visible is not None else ()))
    if kind not in (*THINKING, "disabled"):
        rest["type"] = kind
    if rest:
        extras["thinking"] = rest
    return Reasoning(
        enabled=kind in THINKING,
        effort=effort,
        budget=None if budget is None else as_integer(budget, "thinking.budget_tokens"),
        adaptive=kind == "adaptive",
        visible=visible,
    )


def write_back(call: ModelCall, reasoning: Reasoning) -> dict[str, Any] | None:
    """`thinking` for a client of this very format; None where only an effort was named."""
    if not reasoning.enabled:
        return {"type": call.extras.get("thinking", {}).get("type", "disabled")}
    thinking: dict[str, Any]
    if reasoning.adaptive:
        thinking = {"type": "adaptive"}
    elif reasoning.budget is not None:
        thinking = {"type": "enabled", "budget_tokens": reasoning.budget}
    elif reasoning.effort is None:
        thinking = {"type": "enabled", "budget_tokens": budget_of("medium")}
    else:
        return None
    if reasoning.visible is not None:
        thinking["display"] = "summarized" if reasoning.visible else "omitted"
    return thinking


def think(call: ModelCall, reasoning: Reasoning, document: dict[str, Any], model: Traits) -> None:
    """Writes `thinking` and the effort for a client of another format. `max_tokens` grows if the client gave none."""
    if not reasoning.enabled:
        _turn_off(call, document, model)
    elif model.adaptive:
        _think_adaptively(reasoning, document, model)
    else:
        _think_with_budget(call, reasoning, document, model)


def _turn_off(call: ModelCall, document: dict[str, Any], model: Traits) -> None:
    if model.off:
        document["thinking"] = {"type": model.off}
    elif model.off is not None:
        document["output_config"] = {"effort": "low"}
        call.drops.add("reasoning")


def _think_adaptively(reasoning: Reasoning, document: dict[str, Any], model: Traits) -> None:
    thinking = document["thinking"] = {"type": "adaptive"}
    visible = True if reasoning.summary else reasoning.visible
    if visible is not None:
        thinking["display"] = "summarized" if visible else "omitted"
    effort = reasoning.effort
    if effort is None and reasoning.budget is not None and reasoning.budget >= 0:
        effort = effort_of(reasoning.budget)
    if effort is not None:
        document["output_config"] = {"effort": nearest(effort, model.efforts)}


def _think_with_budget(call: ModelCall, reasoning: Reasoning, document: dict[str, Any], model: Traits) -> None:
    wanted = reasoning.budget if reasoning.budget is not None and reasoning.budget >= 0 else None
    budget = max(SMALLEST, budget_of(reasoning.effort or "medium") if wanted is None else wanted)
    limit: int = document["max_tokens"]
    if "max_tokens" not in call.settings:
        limit = min(limit + budget, model.most_tokens or limit + budget)
    if wanted is None or budget >= limit:
        budget = min(budget, max(SMALLEST, limit * 3 // 4))  # an answer needs room too
    if limit <= SMALLEST or (model.claude and _contradicted(document)):
        call.drops.add("reasoning")
        return
    document["max_tokens"] = limit
    document["thinking"] = {"type": "enabled", "budget_tokens": budget}


def _contradicted(document: dict[str, Any]) -> bool:
    """Whether a tool is forced, or the conversation goes on after calls that were made without thinking."""
    if document.get("tool_choice", {}).get("type") in ("any", "tool"):
        return True
    begun_with_thinking = open_loop = False
    for message in reversed(document["messages"]):
        if message["role"] == "assistant":
            open_loop = True
            begun_with_thinking |= message["content"][0]["type"] in ("thinking", "redacted_thinking")
        elif not any(block["type"] == "tool_result" for block in message["content"]):
            break
    return open_loop and not begun_with_thinking
