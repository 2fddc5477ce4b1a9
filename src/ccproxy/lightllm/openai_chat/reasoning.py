"""How much a model is to think: `reasoning_effort`, and OpenRouter's `reasoning` object."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, Reasoning
from ccproxy.lightllm.effort import effort_of, nearest
from ccproxy.lightllm.openai_chat.models import Model, model_of


def load_reasoning(document: dict[str, Any]) -> Reasoning | None:
    """What a request wants of thinking; None if it says nothing."""
    effort, options = document.get("reasoning_effort"), document.get("reasoning")
    if not isinstance(options, dict):
        options = {}
    effort = effort or options.get("effort")
    if effort is None and not options:
        return None
    budget, exclude, summary = options.get("max_tokens"), options.get("exclude"), options.get("summary")
    return Reasoning(
        enabled=effort != "none" and options.get("enabled") is not False,
        effort=effort if isinstance(effort, str) and effort != "none" else None,
        budget=budget if isinstance(budget, int) else None,
        visible=None if exclude is None else not exclude,
        summary=summary if isinstance(summary, str) else None,
    )


def dump_reasoning(call: ModelCall) -> dict[str, Any]:
    """The request's members that say it."""
    if call.origin is WireFormat.OPENAI:
        return {} if call.reasoning is None else _own(call.reasoning)
    model = model_of(call.model)
    effort = _effort(call, model)
    if not model.thinks_with_tools and call.tools and effort != "none":
        if call.reasoning is not None and call.reasoning.enabled:
            call.drops.add("reasoning")
        effort = "none"
    return {} if effort is None else {"reasoning_effort": effort}


def _own(reasoning: Reasoning) -> dict[str, Any]:
    options = {
        "effort": reasoning.effort,
        "max_tokens": reasoning.budget,
        "exclude": None if reasoning.visible is None else not reasoning.visible,
        "summary": reasoning.summary,
    }
    said = {name: value for name, value in options.items() if value is not None}
    if not reasoning.enabled and not said:
        return {"reasoning_effort": "none"}
    if reasoning.enabled and said.keys() == {"effort"}:
        return {"reasoning_effort": reasoning.effort}
    return {"reasoning": {"enabled": reasoning.enabled, **said}}


def _effort(call: ModelCall, model: Model) -> str | None:
    reasoning = call.reasoning
    if reasoning is None:
        return None
    if not reasoning.enabled:
        return model.off
    if not model.efforts:
        call.drops.add("reasoning")
        return None
    wanted = reasoning.effort
    if wanted is None:
        wanted = "medium" if reasoning.budget is None else effort_of(reasoning.budget)
    return nearest(wanted, model.efforts)
