"""Reading an Anthropic Messages request: https://docs.anthropic.com/en/api/messages."""

from __future__ import annotations

from typing import Any, Literal

import orjson

from .ask import Ask, Tail, Tool, stops_of
from .errors import Trouble, required
from .pictures import pictures
from .reading import as_count, as_dict, as_list, as_text, dicts, text_inside, weigh
from .wire import Request

CHOICES: dict[str, Literal["none", "any"]] = {"none": "none", "any": "any", "tool": "any"}
MISSING = "{name}: Field required"


def read(request: Request) -> Ask:
    """Reads a Messages request, with the checks that come first at the real provider."""
    body = request.body
    model = required(body, "model", str, MISSING)
    messages = required(body, "messages", list, MISSING)
    limit = as_count(required(body, "max_tokens", int, MISSING))
    if limit is None:
        raise Trouble(400, "max_tokens: Input should be greater than or equal to 1")
    _check_messages(messages)
    form = as_dict(as_dict(body.get("output_config")).get("format") or body.get("output_format"))
    start = _tail_start(messages)
    ask = Ask(model, _tail(messages[start:]), bool(body.get("stream")))
    ask.tools = [Tool(t["name"], t["input_schema"]) for t in dicts(body.get("tools")) if _callable(t)]
    _read_choice(ask, as_dict(body.get("tool_choice")))
    ask.thinking = as_dict(body.get("thinking")).get("type") in ("enabled", "adaptive")
    ask.json, ask.schema = form.get("type") == "json_schema", as_dict(form.get("schema")) or None
    ask.limit, ask.seed = limit, request.seed
    ask.stops = stops_of(body.get("stop_sequences"))
    _count_prompt(ask, request, start)
    return ask


def _check_messages(messages: list[Any]) -> None:
    """Checks the roles; `system` is one of them, since Claude Code sends such messages in the middle."""
    if not messages:
        raise Trouble(400, "messages: at least one message is required")
    for index, message in enumerate(messages):
        if as_dict(message).get("role") not in ("user", "assistant", "system"):
            raise Trouble(400, f"messages.{index}.role: Input should be 'user' or 'assistant'")


def _read_choice(ask: Ask, choice: dict[str, Any]) -> None:
    ask.choice = CHOICES.get(as_text(choice.get("type")), "auto")
    ask.wanted = as_text(choice.get("name")) or None
    ask.parallel = not choice.get("disable_parallel_tool_use")


def _callable(tool: dict[str, Any]) -> bool:
    return isinstance(tool.get("name"), str) and isinstance(tool.get("input_schema"), dict)


def _tail_start(messages: list[Any]) -> int:
    return max((i + 1 for i, message in enumerate(messages) if as_dict(message).get("role") == "assistant"), default=0)


def _tail(messages: list[Any]) -> Tail:
    """The user's texts and the tools' results after the last assistant message."""
    tail = Tail()
    for message in dicts(messages):
        content = message.get("content")
        if message.get("role") != "user":
            continue
        tail.pictures += pictures(content)
        if isinstance(content, str):
            tail.texts.append(content)
        for block in dicts(content):
            if block.get("type") == "tool_result":
                tail.result(text_inside(block.get("content")))
            elif isinstance(block.get("text"), str):
                tail.texts.append(block["text"])
    return tail


def _count_prompt(ask: Ask, request: Request, start: int) -> None:
    """Weighs the prompt. What lies before the last cache marker is cached: read if a turn went before, else written."""
    body = request.body
    messages = as_list(body.get("messages"))
    sections = [body.get("tools"), body.get("system"), *messages]
    weights = [weigh(section) for section in sections]
    ask.weight = sum(weights)
    if not request.has_markers:
        return
    marked = [index for index, section in enumerate(sections) if b'"cache_control":{' in orjson.dumps(section)]
    ask.cache_ttl = "1h" if any(b'"ttl":"1h"' in orjson.dumps(sections[index]) for index in marked) else "5m"
    end = marked[-1] + 1 if marked else 0
    old = min(end, start + 2) if start else 0
    ask.cache_read, ask.cache_write = sum(weights[:old]), sum(weights[old:end])
