"""Reading an OpenAI Responses request: https://platform.openai.com/docs/api-reference/responses/create."""

from __future__ import annotations

from typing import Any, Literal

from .ask import Ask, Tail, Tool, automatic_cache
from .errors import Trouble, required
from .openai_chat_request import read_choice
from .pictures import pictures
from .reading import as_count, as_dict, as_list, as_text, dicts, text_inside, weigh
from .wire import Request

MISSING = "Missing required parameter: '{name}'."
CODE = "missing_required_parameter"
SOURCES = ("input", "prompt", "conversation", "previous_response_id")


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
        tail.pictures += pictures(content or item.get("output"))
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
