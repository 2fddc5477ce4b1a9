"""Reading an OpenAI Chat Completions request: https://platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

from typing import Any

from .ask import Ask, Tail, Tool, automatic_cache, stops_of
from .errors import Trouble, required
from .pictures import pictures
from .reading import as_count, as_dict, as_text, dicts, text_inside, weigh
from .wire import Request

MISSING = "Missing required parameter: '{name}'."
NO_MODEL = "you must provide a model parameter"
CODE = "missing_required_parameter"


def read(request: Request) -> Ask:
    """Reads a Chat Completions request, with the checks that come first at the real provider."""
    body = request.body
    model = required(body, "model", str, NO_MODEL)
    messages = required(body, "messages", list, MISSING, CODE)
    if not messages or not all(isinstance(as_dict(message).get("role"), str) for message in messages):
        raise Trouble(400, "Invalid 'messages': expected a non-empty array of messages with a role.", "messages")
    start = max((i + 1 for i, message in enumerate(messages) if message["role"] == "assistant"), default=0)
    ask = Ask(model, _tail(messages[start:]), bool(body.get("stream")))
    ask.tools = [tool for each in dicts(body.get("tools")) if (tool := _tool(each)) is not None]
    read_choice(ask, body.get("tool_choice"))
    ask.parallel = body.get("parallel_tool_calls") is not False
    ask.thinking = body.get("reasoning_effort") not in (None, "none")
    ask.summary = False
    form = as_dict(body.get("response_format"))
    ask.json = form.get("type") in ("json_object", "json_schema")
    ask.schema = as_dict(as_dict(form.get("json_schema")).get("schema")) or None
    ask.limit = as_count(body.get("max_completion_tokens")) or as_count(body.get("max_tokens"))
    ask.stops, ask.seed = stops_of(body.get("stop")), request.seed
    ask.include_usage = bool(as_dict(body.get("stream_options")).get("include_usage"))
    ask.logprobs = bool(body.get("logprobs"))
    before = weigh(messages[:start])
    ask.weight, ask.cache_read = before + weigh(messages[start:]) + weigh(body.get("tools")), automatic_cache(before)
    return ask


def _tool(tool: dict[str, Any]) -> Tool | None:
    custom = tool.get("type") == "custom"
    inner = as_dict(tool.get("custom" if custom else "function"))
    name = as_text(inner.get("name"))
    if not name:
        return None
    return Tool(name, {}, "custom") if custom else Tool(name, as_dict(inner.get("parameters")))


def read_choice(ask: Ask, choice: object) -> None:
    """Reads `tool_choice` in the ways of both OpenAI formats."""
    if isinstance(choice, dict):
        ask.choice = "any"
        inner = as_dict(choice.get("function") or choice.get("custom"))
        ask.wanted = as_text(choice.get("name")) or as_text(inner.get("name")) or None
    elif choice in ("none", "required"):
        ask.choice = "none" if choice == "none" else "any"


def _tail(messages: list[Any]) -> Tail:
    tail = Tail()
    for message in messages:
        content = message.get("content")
        tail.pictures += pictures(content)
        if message["role"] in ("tool", "function"):
            tail.result(text_inside(content))
        elif message["role"] == "user":
            texts = [content] if isinstance(content, str) else [as_text(part.get("text")) for part in dicts(content)]
            tail.texts += [text for text in texts if text]
    return tail
