"""OpenAI Responses: https://platform.openai.com/docs/api-reference/responses and …/responses-streaming."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from . import errors
from .delivery import Frame
from .dialect import Dialect
from .errors import Trouble
from .openai_responses_events import WRITERS, Events
from .openai_responses_request import read
from .plan import Plan
from .toolbox import Call
from .wire import Format, event

INCOMPLETE = {"length": "max_output_tokens", "filter": "content_filter"}
ECHOED: dict[str, object] = {
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""Request fields that come back in every response object, with their defaults."""


def items_of(plan: Plan) -> list[dict[str, Any]]:
    """The output items of the answer, complete."""
    items: list[dict[str, Any]] = []
    if plan.thinking:
        items.append(_reasoning(plan))
    if plan.calls:
        return items + [_call(plan, number, call) for number, call in enumerate(plan.calls)]
    text = "".join(plan.text)
    part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    if plan.refusal:
        part = {"type": "refusal", "refusal": text}
    status = "incomplete" if plan.stop not in ("end", "stop_sequence", "refusal") else "completed"
    item = {"id": plan.ask.id("msg_"), "type": "message", "status": status, "role": "assistant"}
    return [*items, {**item, "content": [part]}] if text else items


def _reasoning(plan: Plan) -> dict[str, Any]:
    shown, sealed = plan.ask.summary or plan.orders.think, plan.ask.sealed or plan.orders.think
    summary = [{"type": "summary_text", "text": "".join(plan.thinking)}] if shown else []
    item: dict[str, Any] = {"id": plan.ask.id("rs_"), "type": "reasoning", "summary": summary}
    if sealed:
        item["encrypted_content"] = base64.b64encode(b"simulated reasoning " + plan.ask.seed.encode() * 4).decode()
    return item


def _call(plan: Plan, number: int, call: Call) -> dict[str, Any]:
    call_id = plan.ask.id("call_", number)
    named = {"call_id": call_id, "name": call.tool.name}
    if call.tool.namespace:
        named["namespace"] = call.tool.namespace
    if isinstance(call.arguments, str):
        item: dict[str, Any] = {"id": plan.ask.id("ctc_", number), "type": "custom_tool_call", "status": "completed"}
        return {**item, **named, "input": call.arguments}
    if call.tool.kind == "local_shell":
        item = {"id": plan.ask.id("lsh_", number), "type": "local_shell_call", "status": "completed"}
        return {**item, "call_id": call_id, "action": call.arguments}
    item = {"id": plan.ask.id("fc_", number), "type": "function_call", "status": "completed"}
    return {**item, **named, "arguments": orjson.dumps(call.arguments).decode()}


def usage_of(plan: Plan) -> dict[str, Any]:
    """The usage object."""
    usage = plan.usage
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.output,
    }


def _response(plan: Plan, status: str, output: list[dict[str, Any]], done: bool) -> dict[str, Any]:
    body = plan.ask.body
    return {
        "id": plan.ask.id("resp_"),
        "object": "response",
        "created_at": plan.ask.created,
        "status": status,
        "background": False,
        "completed_at": plan.ask.created if status == "completed" else None,
        "error": None,
        "incomplete_details": {"reason": INCOMPLETE.get(plan.stop, plan.stop)} if status == "incomplete" else None,
        "model": plan.ask.model,
        "output": output,
        "service_tier": "default",
        **{name: value if body.get(name) is None else body[name] for name, value in ECHOED.items()},
        "usage": usage_of(plan) if done else None,
    }


def final(plan: Plan) -> dict[str, Any]:
    """The response object at its end."""
    complete = plan.stop in ("end", "stop_sequence", "tool", "refusal")
    return _response(plan, "completed" if complete else "incomplete", items_of(plan), True)


def stream(plan: Plan) -> list[Frame]:
    """The response as events: created, in_progress, the items one after the other, completed or incomplete."""
    events = Events()
    opening = _response(plan, "in_progress", [], False)
    events.add("response.created", response=opening)
    events.add("response.in_progress", response=opening)
    for index, item in enumerate(items_of(plan)):
        WRITERS[item["type"]](events, index, item)
        events.add("response.output_item.done", output_index=index, item=item)
    closing = final(plan)
    events.add(f"response.{closing['status']}", response=closing)
    return events.frames


def failure(plan: Plan, sent: int, trouble: Trouble) -> bytes:
    """The event that ends a stream that failed."""
    told = errors.body(Dialect.OPENAI, trouble, plan.ask.seed)["error"]
    error = {"code": told["code"] or told["type"], "message": told["message"]}
    response = {**_response(plan, "failed", [], False), "error": error}
    return event("response.failed", {"type": "response.failed", "sequence_number": sent, "response": response})


FORMAT = Format(Dialect.OPENAI, read, final, stream, failure, errors.BROKEN)
