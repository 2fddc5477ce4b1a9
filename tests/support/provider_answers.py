"""Answers of providers in each of the four formats, as small as they can be: text, calls of tools, errors, ends.

Written by hand after the providers' documentation, so that nothing here is ours to get wrong in the same way twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

USAGE = (11, 5)
"""Tokens in and out of every answer here."""
ID = {"anthropic": "msg_up1", "openai": "chatcmpl-up1", "openai_responses": "resp_up1", "gemini": "up1"}
MODEL = "up-model"
STOPS = {
    "done": {"anthropic": "end_turn", "openai": "stop", "openai_responses": "completed", "gemini": "STOP"},
    "length": {
        "anthropic": "max_tokens",
        "openai": "length",
        "openai_responses": "max_output_tokens",
        "gemini": "MAX_TOKENS",
    },
}
"""How each format says why an answer ended."""


def event(data: Any, name: str | None = None) -> bytes:
    """One server-sent event."""
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(data).encode() + b"\n\n"


def named(data: dict[str, Any]) -> bytes:
    """An event that is called after its type."""
    return event(data, data["type"])


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    """A chunk of Chat Completions."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": ID["openai"], "object": "chat.completion.chunk", "created": 1_700_000_000, "model": MODEL}
    return event({**head, "choices": [choice], **more})


def part(parts: list[dict[str, Any]], finish: str | None = None, **more: Any) -> bytes:
    """A chunk of Gemini's."""
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
    if finish is not None:
        candidate["finishReason"] = finish
    return event({"candidates": [candidate], "modelVersion": MODEL, "responseId": ID["gemini"], **more})


def anthropic_message(content: list[dict[str, Any]], stop: str | None, taken: int = USAGE[0], out: int = 1) -> Any:
    """A message of Anthropic's."""
    head = {"id": ID["anthropic"], "type": "message", "role": "assistant", "model": MODEL, "stop_sequence": None}
    return head | {"content": content, "stop_reason": stop, "usage": {"input_tokens": taken, "output_tokens": out}}


def anthropic_start() -> bytes:
    """The event that begins a message."""
    return named({"type": "message_start", "message": anthropic_message([], None)})


def anthropic_block(index: int, block: dict[str, Any], deltas: Sequence[dict[str, Any]] = ()) -> list[bytes]:
    """The events of one block."""
    events = [{"type": "content_block_start", "content_block": block}]
    events += [{"type": "content_block_delta", "delta": delta} for delta in deltas]
    return [named(each | {"index": index}) for each in (*events, {"type": "content_block_stop"})]


def anthropic_end(stop: str = "end_turn") -> list[bytes]:
    """The events that end a message."""
    delta = {"stop_reason": stop, "stop_sequence": None}
    usage = {"output_tokens": USAGE[1]}
    return [named({"type": "message_delta", "delta": delta, "usage": usage}), named({"type": "message_stop"})]


def chat_usage() -> dict[str, int]:
    """Usage as Chat has it."""
    return {"prompt_tokens": USAGE[0], "completion_tokens": USAGE[1], "total_tokens": sum(USAGE)}


def chat_end(finish: str = "stop") -> list[bytes]:
    """The chunks that end an answer of Chat."""
    return [chunk({}, finish), chunk({}, choices=[], usage=chat_usage()), b"data: [DONE]\n\n"]


def gemini_usage() -> dict[str, int]:
    """Usage as Gemini has it."""
    return {"promptTokenCount": USAGE[0], "candidatesTokenCount": USAGE[1], "totalTokenCount": sum(USAGE)}


def response(output: list[dict[str, Any]], status: str = "completed", reason: str | None = None) -> dict[str, Any]:
    """A response object."""
    head = {"id": ID["openai_responses"], "object": "response", "created_at": 1_700_000_000, "model": MODEL}
    usage = {"input_tokens": USAGE[0], "output_tokens": USAGE[1], "total_tokens": sum(USAGE)}
    details = {"reason": reason} if reason else None
    state = {"status": status, "error": None, "incomplete_details": details, "tools": [], "tool_choice": "auto"}
    return head | state | {"parallel_tool_calls": True, "output": output, "usage": usage if output else None}


def response_message(text: str) -> dict[str, Any]:
    """A message item."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content}


def _anthropic(pieces: Sequence[str], end: str) -> list[bytes]:
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    return [
        anthropic_start(),
        *anthropic_block(0, {"type": "text", "text": ""}, deltas),
        *anthropic_end(STOPS[end]["anthropic"]),
    ]


def _chat(pieces: Sequence[str], end: str) -> list[bytes]:
    head = chunk({"role": "assistant", "content": ""})
    return [head, *(chunk({"content": piece}) for piece in pieces), *chat_end(STOPS[end]["openai"])]


def _responses(pieces: Sequence[str], end: str) -> list[bytes]:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    empty = {"type": "output_text", "text": "", "annotations": []}
    item = response_message("".join(pieces))
    reason = STOPS["length"]["openai_responses"] if end == "length" else None
    status = "incomplete" if reason else "completed"
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": response([], "in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"content": []}},
        {"type": "response.content_part.added", "part": empty, **place},
        *({"type": "response.output_text.delta", "delta": piece, **place} for piece in pieces),
        {"type": "response.output_text.done", "text": "".join(pieces), **place},
        {"type": "response.content_part.done", "part": item["content"][0], **place},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": f"response.{status}", "response": response([item], status, reason)},
    ]
    return [named(each | {"sequence_number": number}) for number, each in enumerate(events)]


def _gemini(pieces: Sequence[str], end: str) -> list[bytes]:
    chunks = [part([{"text": piece}]) for piece in pieces[:-1]]
    return [*chunks, part([{"text": pieces[-1]}], STOPS[end]["gemini"], usageMetadata=gemini_usage())]


_STREAMS: dict[str, Callable[[Sequence[str], str], list[bytes]]] = {
    "anthropic": _anthropic,
    "openai": _chat,
    "openai_responses": _responses,
    "gemini": _gemini,
}


def stream_of(format: str, pieces: Sequence[str] = ("Hello", " there"), end: str = "done") -> list[bytes]:
    """A whole stream of text, one event an element. `end` is a key of STOPS."""
    return _STREAMS[format](pieces, end)


def body_of(format: str, text: str = "Hello there", end: str = "done") -> dict[str, Any]:
    """The same as a body."""
    stop = STOPS[end][format]
    match format:
        case "anthropic":
            found: dict[str, Any] = anthropic_message([{"type": "text", "text": text}], stop, out=USAGE[1])
            return found
        case "openai":
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": stop}
            head = {"id": ID[format], "object": "chat.completion", "created": 1_700_000_000, "model": MODEL}
            return head | {"choices": [choice], "usage": chat_usage()}
        case "openai_responses":
            item = response_message(text)
            return response([item], "incomplete", stop) if end == "length" else response([item])
        case _:
            candidate = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}, "finishReason": stop}
            return {"candidates": [candidate], "usageMetadata": gemini_usage(), "modelVersion": MODEL}


def error_of(format: str, status: int, message: str) -> dict[str, Any]:
    """An error body."""
    match format:
        case "anthropic":
            return {"type": "error", "error": {"type": "api_error", "message": message}, "request_id": "req_1"}
        case "gemini":
            return {"error": {"code": status, "message": message, "status": "UNKNOWN"}}
        case _:
            return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}


def error_event_of(format: str, message: str) -> bytes:
    """What says in mid-stream that an answer has failed."""
    match format:
        case "anthropic":
            return named({"type": "error", "error": {"type": "overloaded_error", "message": message}})
        case "openai_responses":
            error = {"code": "server_error", "message": message}
            return named({"type": "response.failed", "response": response([], "failed") | {"error": error}})
        case _:
            return event(error_of(format, 503, message))
