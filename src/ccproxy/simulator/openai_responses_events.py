"""The events of an OpenAI Responses stream: https://platform.openai.com/docs/api-reference/responses-streaming."""

from __future__ import annotations

from typing import Any

from .delivery import Frame
from .plan import pieces
from .wire import event


class Events:
    """Numbers the events of one stream."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def add(self, kind: str, is_delta: bool = False, /, **fields: Any) -> None:
        """Appends an event."""
        value = {"type": kind, "sequence_number": len(self.frames), **fields}
        self.frames.append(Frame(event(kind, value), is_delta))


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
