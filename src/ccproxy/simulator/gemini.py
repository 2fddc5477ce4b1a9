"""Google generateContent (https://ai.google.dev/api/generate-content), alone and in a Code Assist envelope."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from . import errors, extras
from .delivery import Frame
from .dialect import Dialect
from .errors import Trouble
from .gemini_request import read, read_wrapped
from .plan import Plan
from .wire import Format

STOPS = {
    "end": "STOP",
    "length": "MAX_TOKENS",
    "stop_sequence": "STOP",
    "tool": "STOP",
    "refusal": "SAFETY",
    "filter": "SAFETY",
}
CREDITS = {"remainingCredits": [{"creditType": "GOOGLE_ONE_AI", "creditAmount": "100"}]}
"""What the last chunk of Code Assist's answers has beside the response."""


def usage_of(plan: Plan, output: int) -> dict[str, Any]:
    """The usageMetadata object; `output` counts the tokens so far, without the thoughts."""
    usage = plan.usage
    metadata: dict[str, Any] = {
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": output,
        "totalTokenCount": usage.prompt + output + usage.reasoning,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.prompt}],
    }
    if usage.reasoning:
        metadata["thoughtsTokenCount"] = usage.reasoning
    if usage.cache_read:
        metadata["cachedContentTokenCount"] = usage.cache_read
    return metadata


def _signature(plan: Plan) -> str:
    return base64.b64encode(b"simulated thought " + plan.ask.seed.encode() * 2).decode()


def _call_parts(plan: Plan) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for number, call in enumerate(plan.calls):
        part: dict[str, Any] = {"functionCall": {"name": call.tool.name, "args": call.arguments}}
        part["functionCall"]["id"] = plan.ask.id("", number)[8:]
        parts.append(part)
    if parts and plan.thinking:
        parts[0]["thoughtSignature"] = _signature(plan)
    return parts


def _response(plan: Plan, parts: list[dict[str, Any]], finish: str | None, output: int) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
        candidate |= extras.google_grounding(plan.orders, "" if plan.calls else "".join(plan.text))
    answer = {"candidates": [candidate], "usageMetadata": usage_of(plan, output)}
    return _enveloped(plan, answer, beside=CREDITS if finish else {})


def _enveloped(plan: Plan, value: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
    """The answer, in Code Assist's envelope if it came in one; `beside` are members that others need not know."""
    value |= {"modelVersion": plan.ask.model, "responseId": plan.ask.id("sim")}
    return {**beside, "response": value, "traceId": plan.ask.seed[:16]} if plan.ask.wrapped else value


def _blocked(plan: Plan) -> dict[str, Any]:
    """What a refused prompt gets: no candidate at all."""
    feedback = {"blockReason": "PROHIBITED_CONTENT"}
    return _enveloped(plan, {"promptFeedback": feedback, "usageMetadata": usage_of(plan, 0)}, CREDITS)


def buffered(plan: Plan) -> object:
    """The response as one object."""
    if plan.refusal:
        return _blocked(plan)
    parts: list[dict[str, Any]] = []
    if plan.thinking:
        parts.append({"text": "".join(plan.thinking), "thought": True})
    parts += extras.google_code(plan.orders)
    if plan.text and not plan.calls:
        parts.append({"text": "".join(plan.text)})
        if plan.thinking:
            parts[-1]["thoughtSignature"] = _signature(plan)
    output = plan.usage.output - plan.usage.reasoning
    parts += _call_parts(plan) + extras.google_picture(plan.orders)
    return _response(plan, parts, STOPS.get(plan.stop, plan.stop), output)


def stream(plan: Plan) -> list[Frame]:
    """The response as chunks, each a whole GenerateContentResponse; the last one says why it ended."""
    if plan.refusal:
        return _framed(plan, [(orjson.dumps(_blocked(plan)), False)])
    chunks = _texts(plan, {"thought": True}, plan.thinking, counted=False)
    chunks += _singly(plan, extras.google_code(plan.orders))
    chunks += _singly(plan, _call_parts(plan)) if plan.calls else _texts(plan, {}, plan.text, counted=True)
    chunks += _singly(plan, extras.google_picture(plan.orders))
    last: dict[str, Any] = {"text": ""}
    if plan.thinking and not plan.calls:
        last["thoughtSignature"] = _signature(plan)
    output = plan.usage.output - plan.usage.reasoning
    chunks.append((orjson.dumps(_response(plan, [last], STOPS.get(plan.stop, plan.stop), output)), False))
    return _framed(plan, chunks)


def _singly(plan: Plan, parts: list[dict[str, Any]]) -> list[tuple[bytes, bool]]:
    """A chunk for each part."""
    return [(orjson.dumps(_response(plan, [part], None, 0)), True) for part in parts]


def _texts(plan: Plan, part: dict[str, Any], pieces: list[str], counted: bool) -> list[tuple[bytes, bool]]:
    """A chunk for each piece; the usage grows with the pieces that count as output."""
    return [
        (orjson.dumps(_response(plan, [{"text": piece, **part}], None, number if counted else 0)), True)
        for number, piece in enumerate(pieces, 1)
    ]


def _framed(plan: Plan, chunks: list[tuple[bytes, bool]]) -> list[Frame]:
    if plan.ask.framing == "sse":
        return [Frame(b"data: " + chunk + b"\r\n\r\n", delta) for chunk, delta in chunks]
    frames = [Frame((b",\r\n" if i else b"[") + chunk, delta) for i, (chunk, delta) in enumerate(chunks)]
    return [*frames, Frame(b"]")]


def failure(plan: Plan, sent: int, trouble: Trouble) -> bytes:
    """The error that ends a stream: an event or the last element of the array. No envelope is around it."""
    value = orjson.dumps(errors.body(Dialect.GOOGLE, trouble, plan.ask.seed))
    if plan.ask.framing == "sse":
        return b"data: " + value + b"\r\n\r\n"
    return (b",\r\n" if sent else b"[") + value + b"]"


OVERLOADED = Trouble(503, "The model is overloaded. Please try again later.")
FORMAT = Format(Dialect.GOOGLE, read, buffered, stream, failure, OVERLOADED)
WRAPPED = Format(Dialect.GOOGLE, read_wrapped, buffered, stream, failure, OVERLOADED)
