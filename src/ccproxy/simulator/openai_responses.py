"""OpenAI Responses: https://platform.openai.com/docs/api-reference/responses and …/responses-streaming."""

from __future__ import annotations

import base64
from typing import Any, Literal

import orjson

from .ask import Ask, Tail, Tool, automatic_cache
from .delivery import Frame
from .errors import Dialect, Trouble, required
from .openai_chat import headers, read_choice
from .plan import Plan, pieces
from .reading import as_count, as_dict, as_list, as_text, dicts, text_inside, weigh
from .toolbox import Call
from .wire import Format, Request, event

MISSING = "Missing required parameter: '{name}'."
CODE = "missing_required_parameter"
INCOMPLETE = {"length": "max_output_tokens"}
SOURCES = ("input", "prompt", "conversation", "previous_response_id")
ECHOED: dict[str, object] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
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


def read(request: Request) -> Ask:
    """Reads a Responses request, with the checks that come first at the real provider."""
    body = request.body
    model = required(body, "model", str, MISSING, CODE)
    if all(body.get(source) is None for source in SOURCES):
        raise Trouble(400, MISSING.format(name="input"), "input", CODE)
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else dicts(given)
    start = max((i + 1 for i, item in enumerate(items) if _by_model(item)), default=0)
    ask = Ask(model, _tail(items[start:]), bool(body.get("stream")), body=body, seed=request.seed)
    ask.tools = _tools(body.get("tools"))
    for item in items:
        if item.get("type") == "additional_tools":
            ask.tools += _tools(item.get("tools"))
    read_choice(ask, body.get("tool_choice"))
    ask.parallel = body.get("parallel_tool_calls") is not False
    reasoning = as_dict(body.get("reasoning"))
    ask.thinking = bool(reasoning) and reasoning.get("effort") != "none"
    ask.summary = bool(reasoning.get("summary") or reasoning.get("generate_summary"))
    ask.sealed = "reasoning.encrypted_content" in as_list(body.get("include"))
    form = as_dict(as_dict(body.get("text")).get("format"))
    ask.json, ask.schema = form.get("type") in ("json_schema", "json_object"), as_dict(form.get("schema")) or None
    ask.limit = as_count(body.get("max_output_tokens"))
    before = weigh(items[:start])
    rest = weigh(items[start:]) + weigh(body.get("instructions")) + weigh(body.get("tools"))
    ask.weight, ask.cache_read = before + rest, automatic_cache(before)
    return ask


def _by_model(item: dict[str, Any]) -> bool:
    kind = as_text(item.get("type"))
    return item.get("role") == "assistant" or kind == "reasoning" or kind.endswith("_call")


def _tail(items: list[dict[str, Any]]) -> Tail:
    tail = Tail()
    for item in items:
        content = item.get("content")
        if as_text(item.get("type")).endswith("_call_output"):
            tail.result(text_inside(item.get("output")))
        elif item.get("role") == "user":
            texts = [content] if isinstance(content, str) else [as_text(part.get("text")) for part in dicts(content)]
            tail.texts += [text for text in texts if text]
    return tail


def _tools(declared: object, namespace: str | None = None, depth: int = 4) -> list[Tool]:
    tools: list[Tool] = []
    for tool in dicts(declared):
        kind, name = tool.get("type"), as_text(tool.get("name"))
        if kind == "namespace" and depth:
            tools += _tools(tool.get("tools"), name or None, depth - 1)
        elif kind == "local_shell":
            tools.append(Tool("local_shell", {}, "local_shell"))
        elif name and kind in ("function", "custom"):
            known: Literal["custom", "function"] = "custom" if kind == "custom" else "function"
            tools.append(Tool(name, as_dict(tool.get("parameters")), known, namespace))
    return tools


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
        "input_tokens_details": {"cached_tokens": usage.cache_read},
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


class Events:
    """Numbers the events of one stream."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def add(self, kind: str, is_delta: bool = False, /, **fields: Any) -> None:
        """Appends an event."""
        value = {"type": kind, "sequence_number": len(self.frames), **fields}
        self.frames.append(Frame(event(kind, value), is_delta))


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


def _write_message(events: Events, index: int, item: dict[str, Any]) -> None:
    part = item["content"][0]
    refusal = part["type"] == "refusal"
    key, kind = ("refusal", "response.refusal") if refusal else ("text", "response.output_text")
    extra: dict[str, Any] = {} if refusal else {"logprobs": []}
    at = {"item_id": item["id"], "output_index": index, "content_index": 0}
    events.add("response.output_item.added", output_index=index, item={**item, "status": "in_progress", "content": []})
    events.add("response.content_part.added", **at, part={**part, key: ""})
    for piece in pieces(part[key]):
        events.add(kind + ".delta", True, **at, delta=piece, **extra)
    events.add(kind + ".done", **at, **{key: part[key]}, **extra)
    events.add("response.content_part.done", **at, part=part)


def _write_reasoning(events: Events, index: int, item: dict[str, Any]) -> None:
    events.add("response.output_item.added", output_index=index, item={**item, "summary": []})
    for number, part in enumerate(item["summary"]):
        at = {"item_id": item["id"], "output_index": index, "summary_index": number}
        kind = "response.reasoning_summary_"
        events.add(kind + "part.added", **at, part={**part, "text": ""})
        for piece in pieces(part["text"]):
            events.add(kind + "text.delta", True, **at, delta=piece)
        events.add(kind + "text.done", **at, text=part["text"])
        events.add(kind + "part.done", **at, part=part)


def _write_call(events: Events, index: int, item: dict[str, Any]) -> None:
    key = "input" if item["type"] == "custom_tool_call" else "arguments"
    kind = "response.custom_tool_call_input" if key == "input" else "response.function_call_arguments"
    at = {"item_id": item["id"], "output_index": index}
    events.add("response.output_item.added", output_index=index, item={**item, "status": "in_progress", key: ""})
    for piece in pieces(item[key]):
        events.add(kind + ".delta", True, **at, delta=piece)
    events.add(kind + ".done", **at, **{key: item[key]})


def _write_shell(events: Events, index: int, item: dict[str, Any]) -> None:
    events.add("response.output_item.added", output_index=index, item={**item, "status": "in_progress"})


WRITERS = {
    "message": _write_message,
    "reasoning": _write_reasoning,
    "function_call": _write_call,
    "custom_tool_call": _write_call,
    "local_shell_call": _write_shell,
}


def failure(plan: Plan, sent: int) -> bytes:
    """The event that ends a stream that failed."""
    error = {"code": "server_error", "message": "The server had an error while processing your request."}
    response = {**_response(plan, "failed", [], False), "error": error}
    return event("response.failed", {"type": "response.failed", "sequence_number": sent, "response": response})


FORMAT = Format(Dialect.OPENAI, read, final, stream, failure, headers)
