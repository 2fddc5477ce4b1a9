"""OpenAI Chat Completions: https://platform.openai.com/docs/api-reference/chat; `reasoning_content` as of DeepSeek."""

from __future__ import annotations

from typing import Any

import orjson

from . import errors
from .delivery import Frame
from .dialect import Dialect
from .errors import Trouble
from .openai_chat_request import read
from .plan import Plan, pieces
from .toolbox import Call
from .wire import HOLE, Format, around, data

STOPS = {
    "end": "stop",
    "length": "length",
    "stop_sequence": "stop",
    "tool": "tool_calls",
    "refusal": "stop",
    "filter": "content_filter",
}
FINGERPRINT = "fp_simulator"


def usage_of(plan: Plan) -> dict[str, Any]:
    """The usage object."""
    usage = plan.usage
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.output,
        "total_tokens": usage.prompt + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _calls(plan: Plan) -> list[dict[str, Any]]:
    return [{"id": plan.ask.id("call_", number), **_inner(call)} for number, call in enumerate(plan.calls)]


def _inner(call: Call) -> dict[str, Any]:
    if call.tool.kind == "custom":
        return {"type": "custom", "custom": {"name": call.tool.name, "input": call.arguments}}
    arguments = orjson.dumps(call.arguments).decode()
    return {"type": "function", "function": {"name": call.tool.name, "arguments": arguments}}


def _logprobs(plan: Plan, parts: list[str]) -> dict[str, Any] | None:
    if not plan.ask.logprobs:
        return None
    content = [{"token": p, "logprob": -0.25, "bytes": list(p.encode()), "top_logprobs": []} for p in parts]
    return {"content": content, "refusal": None}


def _common(plan: Plan, kind: str) -> dict[str, Any]:
    return {
        "id": plan.ask.id("chatcmpl-"),
        "object": kind,
        "created": plan.ask.created,
        "model": plan.ask.model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }


def buffered(plan: Plan) -> object:
    """The completion as one object. A turn that calls tools has no content."""
    text = "".join(plan.text)
    spoken = not (plan.refusal or plan.calls)
    message: dict[str, Any] = {"role": "assistant", "content": text if spoken else None}
    message |= {"refusal": text if plan.refusal else None, "annotations": []}
    if plan.calls:
        message["tool_calls"] = _calls(plan)
    if plan.orders.think:
        message["reasoning_content"] = "".join(plan.thinking)
    choice = {"index": 0, "message": message, "logprobs": _logprobs(plan, plan.text) if spoken else None}
    choice["finish_reason"] = STOPS.get(plan.stop, plan.stop)
    return {**_common(plan, "chat.completion"), "choices": [choice], "usage": usage_of(plan)}


def stream(plan: Plan) -> list[Frame]:
    """The completion as chunks: role, deltas, finish_reason, usage if it was asked for, [DONE]."""
    common = _common(plan, "chat.completion.chunk")
    if plan.ask.include_usage:
        common["usage"] = None
    first: dict[str, Any] = {"role": "assistant", "content": None if plan.calls else "", "refusal": None}
    frames = [Frame(_chunk(common, first))]
    if plan.orders.think:
        frames += _deltas(common, {"reasoning_content": HOLE}, plan.thinking)
    if plan.calls:
        frames += _call_frames(plan, common)
    elif plan.ask.logprobs:
        frames += [Frame(_chunk(common, {"content": p}, None, _logprobs(plan, [p])), True) for p in plan.text]
    else:
        frames += _deltas(common, {"refusal" if plan.refusal else "content": HOLE}, plan.text)
    frames.append(Frame(_chunk(common, {}, STOPS.get(plan.stop, plan.stop))))
    if plan.ask.include_usage:
        frames.append(Frame(data({**common, "choices": [], "usage": usage_of(plan)})))
    frames.append(Frame(b"data: [DONE]\n\n"))
    return frames


def _call_frames(plan: Plan, common: dict[str, Any]) -> list[Frame]:
    frames: list[Frame] = []
    for index, call in enumerate(_calls(plan)):
        kind: str = call["type"]
        field = "input" if kind == "custom" else "arguments"
        opening = {"index": index, **call, kind: {**call[kind], field: ""}}
        frames.append(Frame(_chunk(common, {"tool_calls": [opening]})))
        more = {"tool_calls": [{"index": index, kind: {field: HOLE}}]}
        frames += _deltas(common, more, pieces(call[kind][field]))
    return frames


def _choice(delta: dict[str, Any], finish: str | None, logprobs: object) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}


def _chunk(common: dict[str, Any], delta: dict[str, Any], finish: str | None = None, logprobs: object = None) -> bytes:
    return data({**common, "choices": [_choice(delta, finish, logprobs)]})


def _deltas(common: dict[str, Any], delta: dict[str, Any], parts: list[str]) -> list[Frame]:
    before, after = around({**common, "choices": [_choice(delta, None, None)]})
    return [Frame(b"data: " + before + orjson.dumps(part) + after + b"\n\n", True) for part in parts]


def failure(plan: Plan, sent: int, trouble: Trouble) -> bytes:
    """The error object that ends a stream; no [DONE] follows."""
    return data(errors.body(Dialect.OPENAI, trouble, plan.ask.seed))


FORMAT = Format(Dialect.OPENAI, read, buffered, stream, failure, errors.BROKEN)
