"""What the provider's own tools did, written into the output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.openai_responses.places import Places
from ccproxy.lightllm.openai_responses.write_server_items import PREFIXES, STEPS, add_result, call_item, image_item

ORIGIN = WireFormat.OPENAI_RESPONSES
type Wire = dict[str, Any]


@dataclass(slots=True)
class Waiting:
    """A call of another format's tool, whose result goes into the same item."""

    place: int
    item: Wire


class ServerTools:
    """Items of the provider's tools, images and what nobody knows. Methods return the bytes they are worth.

    `leave` closes the message that is open: something else begins.
    """

    def __init__(self, places: Places, drops: Drops, leave: Callable[[], bytes]) -> None:
        self._places = places
        self._drops = drops
        self._leave = leave
        self._waiting: dict[str, Waiting] = {}

    def call(self, event: ev.ServerToolCall) -> bytes:
        """A call: this format's own with its result in it, another's until the result comes."""
        if event.raw is not None and event.origin is ORIGIN:
            return self.whole(event.raw)
        item = call_item(event)
        if item is None:
            self._drops.add("server_tool_blocks")
            return b""
        left, place = self._leave(), self._places.take()
        item = {"id": self._places.new_id(PREFIXES[item["type"]]), **item}
        self._waiting[event.id] = Waiting(place, item)
        return left + self._added(place, item)

    def result(self, event: ev.ServerToolResult) -> bytes:
        """What a tool brought. One of this format without an item is part of its call's."""
        if event.origin is ORIGIN:
            return b"" if event.raw is None else self.whole(event.raw)
        waiting = self._waiting.pop(event.call_id, None)
        if waiting is None:
            self._drops.add("server_tool_blocks")
            return b""
        add_result(waiting.item, event)
        return self._done(waiting.place, waiting.item)

    def media(self, event: ev.Media) -> bytes:
        """An image. One that a tool's item has shown already bears that item's id."""
        if self._places.has_id(event.id):
            return b""
        item = image_item(event)
        if item is None:
            self._drops.add("media")
            return b""
        return self.whole({"id": self._places.new_id("ig_", event.id), **item}, fresh=False)

    def unknown(self, event: ev.Unknown) -> bytes:
        """An item of this format that the house does not know."""
        if event.origin is ORIGIN and isinstance(event.raw.get("type"), str):
            return self.whole(event.raw)
        self._drops.add("unknown_block")
        return b""

    def close(self) -> bytes:
        """The answer has ended: results that have not come will not."""
        out = [self._done(waiting.place, waiting.item) for waiting in self._waiting.values()]
        self._waiting.clear()
        return b"".join(out)

    def whole(self, item: Wire, fresh: bool = True) -> bytes:
        """An item that comes in one piece."""
        if fresh:
            item = {**item, "id": self._places.new_id("item_", str(item.get("id") or ""), keep=True)}
        left, place = self._leave(), self._places.take()
        return left + self._added(place, item) + self._done(place, item)

    def _added(self, place: int, item: Wire) -> bytes:
        begun = {**item, "status": "in_progress"} if "status" in item else item
        begun = {**begun, "result": None} if item.get("type") == "image_generation_call" else begun
        return self._places.added(place, begun) + self._steps(place, item, STEPS.get(item["type"], ())[:1])

    def _done(self, place: int, item: Wire) -> bytes:
        steps = STEPS.get(item["type"], ())[1:]
        told = self._code(place, item)
        told += self._steps(place, item, steps[:-1] if item.get("status") == "failed" else steps)
        return told + self._places.done(place, item)

    def _steps(self, place: int, item: Wire, steps: tuple[str, ...]) -> bytes:
        kind, at = item.get("type"), {"item_id": item["id"], "output_index": place}
        return b"".join([self._places.frames.event(f"response.{kind}.{step}", **at) for step in steps])

    def _code(self, place: int, item: Wire) -> bytes:
        code, kind = item.get("code"), "response.code_interpreter_call_code"
        if item.get("type") != "code_interpreter_call" or not code:
            return b""
        at = {"item_id": item["id"], "output_index": place}
        delta = self._places.frames.event(f"{kind}.delta", **at, delta=code)
        return delta + self._places.frames.event(f"{kind}.done", **at, code=code)
