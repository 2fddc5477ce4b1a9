"""Anthropic Messages: https://docs.anthropic.com/en/api/messages and …/messages-streaming."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from .ask import Ask, Tail, Tool
from .delivery import Frame
from .errors import Dialect, Trouble, required
from .plan import Plan, pieces
from .reading import as_count, as_dict, as_list, as_text, dicts, text_inside, weigh
from .reply import Headers
from .wire import HOLE, Format, Request, around, event

STOPS = {"end": "end_turn", "length": "max_tokens", "tool": "tool_use", "pause": "pause_turn"}
CHOICES = {"none": "none", "any": "any", "tool": "any"}
MISSING = "{name}: Field required"


def read(request: Request) -> Ask:
    """Reads a Messages request, with the checks that come first at the real provider."""
    body = request.body
    model = required(body, "model", str, MISSING)
    messages = required(body, "messages", list, MISSING)
    limit = as_count(required(body, "max_tokens", int, MISSING))
    if limit is None:
        raise Trouble(400, "max_tokens: Input should be greater than or equal to 1")
    if not messages:
        raise Trouble(400, "messages: at least one message is required")
    for index, message in enumerate(messages):
        if as_dict(message).get("role") not in ("user", "assistant", "system"):
            raise Trouble(400, f"messages.{index}.role: Input should be 'user' or 'assistant'")
    choice = as_dict(body.get("tool_choice"))
    form = as_dict(as_dict(body.get("output_config")).get("format") or body.get("output_format"))
    start = _tail_start(messages)
    ask = Ask(model, read_tail(messages[start:]), bool(body.get("stream")))
    ask.tools = [Tool(t["name"], t["input_schema"]) for t in dicts(body.get("tools")) if _callable(t)]
    ask.choice = "any" if choice.get("type") in ("any", "tool") else "none" if choice.get("type") == "none" else "auto"
    ask.wanted = as_text(choice.get("name")) or None
    ask.parallel = not choice.get("disable_parallel_tool_use")
    ask.thinking = as_dict(body.get("thinking")).get("type") in ("enabled", "adaptive")
    ask.json, ask.schema = form.get("type") == "json_schema", as_dict(form.get("schema")) or None
    ask.limit, ask.seed = limit, request.seed
    ask.stops = [stop for stop in as_list(body.get("stop_sequences")) if isinstance(stop, str) and stop]
    _count_prompt(ask, request, start)
    return ask


def _callable(tool: dict[str, Any]) -> bool:
    return isinstance(tool.get("name"), str) and isinstance(tool.get("input_schema"), dict)


def _tail_start(messages: list[Any]) -> int:
    return max((i + 1 for i, message in enumerate(messages) if as_dict(message).get("role") == "assistant"), default=0)


def read_tail(messages: list[Any]) -> Tail:
    """The user's texts and the tools' results after the last assistant message."""
    tail = Tail()
    for message in dicts(messages):
        content = message.get("content")
        if message.get("role") != "user":
            continue
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


def usage_of(plan: Plan, output: int) -> dict[str, Any]:
    """The usage object as it appears in messages."""
    usage, long = plan.usage, plan.ask.cache_ttl == "1h"
    split = {
        "ephemeral_5m_input_tokens": 0 if long else usage.cache_write,
        "ephemeral_1h_input_tokens": usage.cache_write if long else 0,
    }
    return {**counts(plan), "cache_creation": split, "output_tokens": output, "service_tier": "standard"}


def counts(plan: Plan) -> dict[str, int]:
    """The three input counts."""
    usage = plan.usage
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
    }


def _blocks(plan: Plan) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if plan.thinking:
        signature = base64.b64encode(b"simulated signature " + plan.ask.seed.encode() * 4).decode()
        blocks.append({"type": "thinking", "thinking": "".join(plan.thinking), "signature": signature})
    if plan.text:
        blocks.append({"type": "text", "text": "".join(plan.text)})
    for number, call in enumerate(plan.calls):
        block = {"type": "tool_use", "id": plan.ask.id("toolu_01", number), "name": call.tool.name}
        blocks.append({**block, "input": call.arguments})
    return blocks


def _message(plan: Plan, content: list[dict[str, Any]], stop: str | None, output: int) -> dict[str, Any]:
    return {
        "model": plan.ask.model,
        "id": plan.ask.id("msg_01"),
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": stop,
        "stop_sequence": plan.stop_sequence if stop else None,
        "stop_details": None,
        "usage": usage_of(plan, output),
    }


def buffered(plan: Plan) -> object:
    """The message as one object."""
    return _message(plan, _blocks(plan), STOPS.get(plan.stop, plan.stop), plan.usage.output)


def stream(plan: Plan) -> list[Frame]:
    """The message as events: message_start (start delta* stop)* message_delta message_stop."""
    frames = [Frame(event("message_start", {"type": "message_start", "message": _message(plan, [], None, 1)}))]
    for index, block in enumerate(_blocks(plan)):
        frames += _block_frames(plan, index, block)
        if index == 0:
            frames.insert(2, Frame(event("ping", {"type": "ping"})))
    delta = {"stop_reason": STOPS.get(plan.stop, plan.stop), "stop_sequence": plan.stop_sequence, "stop_details": None}
    usage = {**counts(plan), "output_tokens": plan.usage.output}
    frames.append(Frame(event("message_delta", {"type": "message_delta", "delta": delta, "usage": usage})))
    frames.append(Frame(event("message_stop", {"type": "message_stop"})))
    return frames


def _block_frames(plan: Plan, index: int, block: dict[str, Any]) -> list[Frame]:
    empty, kind, key, parts = _unfolded(plan, block)
    start = {"type": "content_block_start", "index": index, "content_block": empty}
    delta = {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: HOLE}}
    before, after = around(delta)
    before = b"event: content_block_delta\ndata: " + before
    after += b"\n\n"
    frames = [Frame(event("content_block_start", start))]
    frames += [Frame(before + orjson.dumps(part) + after, True) for part in parts]
    if block["type"] == "thinking":
        sign = {"type": "signature_delta", "signature": block["signature"]}
        frames.append(Frame(event("content_block_delta", {**delta, "delta": sign})))
    frames.append(Frame(event("content_block_stop", {"type": "content_block_stop", "index": index})))
    return frames


def _unfolded(plan: Plan, block: dict[str, Any]) -> tuple[dict[str, Any], str, str, list[str]]:
    """A block's empty start, the type and the field of its deltas, and their contents."""
    if block["type"] == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", "thinking", plan.thinking
    if block["type"] == "text":
        return {"type": "text", "text": ""}, "text_delta", "text", plan.text
    parts = ["", *pieces(orjson.dumps(block["input"]).decode())]
    return {**block, "input": {}}, "input_json_delta", "partial_json", parts


def failure(plan: Plan, sent: int) -> bytes:
    """The error event that ends a stream: the provider is overloaded."""
    error = {"type": "overloaded_error", "message": "Overloaded"}
    return event("error", {"type": "error", "error": error, "request_id": f"req_{plan.ask.seed}"})


def headers(ask: Ask) -> Headers:
    """The header fields of an answer, without those about its body."""
    organization = b"00000000-0000-4000-8000-000000000000"
    return [(b"request-id", f"req_{ask.seed}".encode()), (b"anthropic-organization-id", organization)]


FORMAT = Format(Dialect.ANTHROPIC, read, buffered, stream, failure, headers)
