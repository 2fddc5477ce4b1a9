"""The events of a Responses stream that tell of items: one function each, from the event to what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.openai_responses.read_items import Call, Items, Reasoning, Wire
from ccproxy.lightllm.openai_responses.read_message import Message

type Events = Iterable[ev.Event]

TEXTS = frozenset({"output_text", "text", "refusal"})
"""Kinds of content parts that are shown; `reasoning_text` parts belong to reasoning items."""


def text_delta(items: Items, wire: Wire) -> Events:
    """`response.output_text.delta`: nine events of ten, so the common case comes first."""
    known = items.by_key
    item = known.get(wire.get("item_id")) or known.get(wire.get("output_index"))
    if type(item) is not Message:
        item = items.of(wire, "message")
    delta = wire.get("delta")
    part = item.parts.get(wire.get("content_index") or 0)
    if part is None or part.refusal or not part.open or not delta or type(delta) is not str or wire.get("logprobs"):
        return _text_slowly(item, wire)
    part.told += len(delta)
    return (ev.TextDelta(part.index, delta),)


def _text_slowly(item: Message, wire: Wire) -> Events:
    key = _number(wire, "content_index")
    out = item.text(key, _said(wire, "delta"), False)
    if tokens := wire.get("logprobs"):
        out += item.logprobs(key, tokens)
    return out


def _said(wire: Wire, name: str) -> str:
    """Words; what is no text counts as missing."""
    value = wire.get(name)
    return value if isinstance(value, str) else ""


def _number(wire: Wire, name: str) -> int:
    """The number of a part, from 0."""
    value = wire.get(name)
    return value if isinstance(value, int) else 0


def _added(items: Items, wire: Wire) -> Events:
    given = wire.get("item")
    if not isinstance(given, dict):
        return ()
    return items.new(given, wire.get("output_index")).begin(given)


def _done(items: Items, wire: Wire) -> Events:
    given = wire.get("item")
    item = items.ending(given, wire.get("output_index")) if isinstance(given, dict) else None
    return () if item is None else item.finish(wire["item"])


def _text_done(items: Items, wire: Wire) -> Events:
    item: Message = items.of(wire, "message")
    return item.rest(_number(wire, "content_index"), _said(wire, "text"), False)


def _refusal_delta(items: Items, wire: Wire) -> Events:
    item: Message = items.of(wire, "message")
    return item.text(_number(wire, "content_index"), _said(wire, "delta"), True)


def _refusal_done(items: Items, wire: Wire) -> Events:
    item: Message = items.of(wire, "message")
    return item.rest(_number(wire, "content_index"), _said(wire, "refusal"), True)


def _annotation(items: Items, wire: Wire) -> Events:
    item: Message = items.of(wire, "message")
    return item.annotation(_number(wire, "content_index"), wire.get("annotation"))


def _part_added(items: Items, wire: Wire) -> Events:
    part = wire.get("part")
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in TEXTS:
        return ()
    item: Message = items.of(wire, "message")
    out: list[ev.Event] = []
    item.part(_number(wire, "content_index"), kind == "refusal", out)
    return out


def _part_done(items: Items, wire: Wire) -> Events:
    part = wire.get("part")
    if not isinstance(part, dict):
        return ()
    if part.get("type") not in TEXTS:
        return _thought(items, wire, True, part.get("text")) if part.get("type") == "reasoning_text" else ()
    item: Message = items.of(wire, "message")
    return item.finish_part(_number(wire, "content_index"), part)


def _summary_delta(items: Items, wire: Wire) -> Events:
    item: Reasoning = items.of(wire, "reasoning")
    return item.text(_number(wire, "summary_index"), _said(wire, "delta"), False)


def _thinking_delta(items: Items, wire: Wire) -> Events:
    item: Reasoning = items.of(wire, "reasoning")
    return item.text(_number(wire, "content_index"), _said(wire, "delta"), True)


def _summary_done(items: Items, wire: Wire) -> Events:
    part = wire.get("part")
    return _thought(items, wire, False, part.get("text") if isinstance(part, dict) else wire.get("text"))


def _thinking_done(items: Items, wire: Wire) -> Events:
    return _thought(items, wire, True, wire.get("text"))


def _thought(items: Items, wire: Wire, raw: bool, whole: Any) -> Events:
    item: Reasoning = items.of(wire, "reasoning")
    key = _number(wire, "content_index" if raw else "summary_index")
    return item.rest(key, whole, raw) if isinstance(whole, str) else ()


def _arguments_delta(items: Items, wire: Wire) -> Events:
    call: Call = items.of(wire, "function_call")
    return call.arguments(_said(wire, "delta"))


def _arguments_done(items: Items, wire: Wire) -> Events:
    call: Call = items.of(wire, "function_call")
    return [*call.begin({"name": wire.get("name"), "call_id": wire.get("call_id")}), *call.rest(wire.get("arguments"))]


def _input_delta(items: Items, wire: Wire) -> Events:
    call: Call = items.of(wire, "custom_tool_call")
    return call.arguments(_said(wire, "delta"))


def _input_done(items: Items, wire: Wire) -> Events:
    call: Call = items.of(wire, "custom_tool_call")
    return call.rest(wire.get("input"))


ITEM_EVENTS: Mapping[str, Callable[[Items, Wire], Events]] = {
    "response.output_text.delta": text_delta,
    "response.output_text.done": _text_done,
    "response.output_text.annotation.added": _annotation,
    "response.refusal.delta": _refusal_delta,
    "response.refusal.done": _refusal_done,
    "response.output_item.added": _added,
    "response.output_item.done": _done,
    "response.content_part.added": _part_added,
    "response.content_part.done": _part_done,
    "response.reasoning_summary_text.delta": _summary_delta,
    "response.reasoning_summary_text.done": _summary_done,
    "response.reasoning_summary_part.done": _summary_done,
    "response.reasoning_text.delta": _thinking_delta,
    "response.reasoning_text.done": _thinking_done,
    "response.function_call_arguments.delta": _arguments_delta,
    "response.function_call_arguments.done": _arguments_done,
    "response.custom_tool_call_input.delta": _input_delta,
    "response.custom_tool_call_input.done": _input_done,
}
"""Progress of the provider's own tools is not among them: what they did stands in their items when these are done."""
