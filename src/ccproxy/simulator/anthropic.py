"""Anthropic Messages: https://docs.anthropic.com/en/api/messages and …/messages-streaming."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from . import errors
from .anthropic_request import read
from .delivery import Frame
from .dialect import Dialect
from .errors import Trouble
from .plan import Plan, pieces
from .wire import HOLE, Format, around, event

SERVICE = {"service_tier": "standard", "inference_geo": "not_available"}
STOPS = {"end": "end_turn", "length": "max_tokens", "tool": "tool_use", "filter": "refusal", "pause": "pause_turn"}


def usage_of(plan: Plan, output: int) -> dict[str, Any]:
    """The usage object as it appears in messages."""
    usage, long = plan.usage, plan.ask.cache_ttl == "1h"
    split = {
        "ephemeral_5m_input_tokens": 0 if long else usage.cache_write,
        "ephemeral_1h_input_tokens": usage.cache_write if long else 0,
    }
    return {**counts(plan), "cache_creation": split, "output_tokens": output, **SERVICE}


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


def failure(plan: Plan, sent: int, trouble: Trouble) -> bytes:
    """The error event that ends a stream."""
    return event("error", errors.body(Dialect.ANTHROPIC, trouble, plan.ask.seed))


FORMAT = Format(Dialect.ANTHROPIC, read, buffered, stream, failure, Trouble(529, "Overloaded"))
