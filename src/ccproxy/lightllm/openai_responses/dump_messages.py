"""pydantic-ai messages as the items of a Responses `input`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic_ai.messages import (
    FilePart,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    NativeToolCallPart,
    NativeToolReturnPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.openai_responses.dump_calls import CallWriter
from ccproxy.lightllm.openai_responses.dump_parts import PartWriter
from ccproxy.lightllm.openai_responses.reasoning import dump_thinking

OWN = WireFormat.OPENAI_RESPONSES

type Item = dict[str, Any]


class ItemWriter:
    """Writes messages one after the other."""

    def __init__(self, call: ModelCall) -> None:
        self.instructions: list[str] = []
        self.items: list[Item] = []
        self._call = call
        self._own = call.origin is OWN
        self._parts = PartWriter(call, self._own)
        self._calls = CallWriter(call, self._parts)
        self._images: list[Any] = []  # made by the model; they follow the turn
        self._system_item: Any = None  # the item of `input` that the last system prompt was part of
        self._texts: list[Item] | None = None  # the parts of the assistant's message that was written last
        self._text_item: Any = None  # the item of `input` that it was
        self._head = True

    def write(self, messages: Sequence[ModelMessage]) -> None:
        """All messages."""
        for message in messages:
            if isinstance(message, ModelRequest):
                for part in message.parts:
                    self._write(part)
            elif isinstance(message, ModelResponse):
                self._turn(message)

    def _turn(self, message: ModelResponse) -> None:
        start = len(self.items)
        for part in message.parts:
            self._write(part)
        if not self._own:
            self._finish_turn(start)

    def _finish_turn(self, start: int) -> None:
        """What the API wants of a turn that it did not make itself."""
        if len(self.items) > start and self.items[-1]["type"] == "reasoning":
            self.items.pop()  # refused without the item that it led to
            self._call.drops.add("signature")
        self.items += list(self._calls.missing_outputs(self.items[start:]))
        if self._images:
            self.items.append({"type": "message", "role": "user", "content": self._parts.parts(self._images)})
            self._images = []

    def _write(self, part: Any) -> None:
        handler = HANDLERS.get(type(part))
        if handler is None:
            self._call.drops.add("unknown_block")
            return
        handler(self, part)

    def _system(self, part: SystemPromptPart) -> None:
        metadata = part.metadata or {}
        if "cache_control" in metadata:
            self._call.drops.add("cache_control")
        role, item = metadata.get("role"), metadata.get("item")
        if self._head and not (self._own and role):
            self.instructions.append(part.content)
            return
        fields = metadata.get("fields", {}) if self._own else {}
        if item is not None and item == self._system_item:
            _append(self.items[-1], part.content, fields)
            return
        head = self._head
        content = [{"type": "input_text", "text": part.content, **fields}] if fields else part.content
        self._add({"type": "message", "role": role or "system", "content": content})
        self._head, self._system_item = head, item

    def _user(self, part: UserPromptPart) -> None:
        content = self._parts.content(part.content)
        if content or self._own:
            self._add({"type": "message", "role": "user", "content": content})

    def _add(self, item: Item) -> None:
        self.items.append(item)
        self._head, self._system_item, self._texts = False, None, None

    def _text(self, part: TextPart) -> None:
        details = part.provider_details or {}
        if "cache_control" in details:
            self._call.drops.add("cache_control")
        if details.get("refusal"):
            piece: Item = {"type": "refusal", "refusal": part.content}
        elif part.content or self._own:
            piece = {"type": "output_text", "text": part.content, "annotations": []}
            piece |= details.get("part", {}) if self._own else {}
        else:
            return
        place = details.get("item")
        if self._texts is not None and (not self._own or (place and place == self._text_item)):
            self._texts.append(piece)
            return
        item: Item = {"type": "message", "role": "assistant", "content": [piece]}
        if self._own:
            item |= {"id": part.id, "status": details.get("status", "completed")} if part.id else {}
            item |= {"phase": details["phase"]} if "phase" in details else {}
            item |= details.get("fields", {})
        self._add(item)
        self._texts, self._text_item = item["content"], place

    def _thinking(self, part: ThinkingPart) -> None:
        item = dump_thinking(part, self._call)
        if item is not None:
            self._add(item)

    def _tool_call(self, part: ToolCallPart) -> None:
        self._add(self._calls.call(part))

    def _tool_return(self, part: ToolReturnPart) -> None:
        if part.outcome == "failed" and not self._own:
            self._call.drops.add("is_error")
        self._add(self._calls.output(part))

    def _native(self, part: NativeToolCallPart | NativeToolReturnPart) -> None:
        raw = (part.provider_details or {}).get("raw")
        if raw is not None and self._own and part.provider_name == OWN:
            self._add(raw)
        else:
            self._call.drops.add("server_tool_blocks" if part.tool_name != "unknown" else "unknown_block")

    def _file(self, part: FilePart) -> None:
        raw = (part.provider_details or {}).get("raw")
        if raw is not None and self._own and part.provider_name == OWN:
            self._add(raw)
        else:
            self._images.append(part.content)


def _append(item: Item, text: str, fields: Item) -> None:
    """Adds a part to a system message that several parts came from."""
    if isinstance(item["content"], str):
        item["content"] = [{"type": "input_text", "text": item["content"]}]
    item["content"].append({"type": "input_text", "text": text, **fields})


HANDLERS: dict[type, Callable[[ItemWriter, Any], None]] = {
    SystemPromptPart: ItemWriter._system,
    UserPromptPart: ItemWriter._user,
    ToolReturnPart: ItemWriter._tool_return,
    TextPart: ItemWriter._text,
    ThinkingPart: ItemWriter._thinking,
    ToolCallPart: ItemWriter._tool_call,
    NativeToolCallPart: ItemWriter._native,
    NativeToolReturnPart: ItemWriter._native,
    FilePart: ItemWriter._file,
}
