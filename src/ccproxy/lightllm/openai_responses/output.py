"""The output of a response as it is written: blocks become items, in the order in which they open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.openai_responses.declared import declared_tools
from ccproxy.lightllm.openai_responses.frames import Frames
from ccproxy.lightllm.openai_responses.places import Places, Wire
from ccproxy.lightllm.openai_responses.write_calls import Call, ShellCall, TextCall
from ccproxy.lightllm.openai_responses.write_message import Message, Refusal, Text
from ccproxy.lightllm.openai_responses.write_reasoning import Reasoning
from ccproxy.lightllm.openai_responses.write_tools import ServerTools
from ccproxy.lightllm.signatures import sealed

ORIGIN = WireFormat.OPENAI_RESPONSES


class Output:
    """The items of one response. Methods for events return the bytes that they are worth."""

    def __init__(self, frames: Frames, asked: Asked) -> None:
        self.refused = False
        self.status = "completed"
        """Of a message that the end of the answer closes."""
        self._frames = frames
        self._places = Places(frames)
        self._drops = asked.drops
        self._tools = ServerTools(self._places, asked.drops, self._leave)
        self._blocks: dict[int, Any] = {}
        self._message: Message | None = None
        self._declared = declared_tools(asked.document)
        self._by_name = {tool.name: tool for tool in self._declared.values()}

    def items(self) -> list[Wire]:
        """The items that are done."""
        return self._places.items()

    def close(self) -> bytes:
        """Closes what is open: the answer has ended."""
        out = [self._stop(block) for block in self._blocks.values()]
        self._blocks.clear()
        return b"".join([*out, self._leave(self.status), self._tools.close()])

    def open_text(self, event: ev.TextStart) -> bytes:
        """A text opens: a part of the message, if one is open."""
        opened, message = self._in_message(event.own)
        part = self._blocks[event.index] = Text(message, self._drops)
        return opened + message.add(part)

    def open_refusal(self, event: ev.RefusalStart) -> bytes:
        """A refusal opens."""
        self.refused = True
        opened, message = self._in_message(event.own)
        part = self._blocks[event.index] = Refusal(message)
        return opened + message.add(part)

    def _in_message(self, own: Wire | None) -> tuple[bytes, Message]:
        """The message that a part belongs to, and what it takes to open it: the one that is open, or the provider's."""
        given = own.get("id", "") if own else ""
        if self._message is not None and given in ("", self._message.given):
            return b"", self._message
        left, id = self._leave(), self._places.new_id("msg_", given, keep=True)
        message = self._message = Message(self._frames, self._places.take(), id, own)
        return left + self._places.added(message.place, message.item("in_progress")), message

    def _leave(self, status: str = "completed") -> bytes:
        message, self._message = self._message, None
        if message is None:
            return b""
        message.left = True
        return self._places.done(message.place, message.item(status)) if message.whole else b""

    def open_thinking(self, event: ev.ThinkingStart) -> bytes:
        """Thinking opens."""
        left = self._leave()
        item = self._blocks[event.index] = self._reasoning(event.id)
        return left + self._places.added(item.place, item.item())

    def _reasoning(self, id: str = "") -> Reasoning:
        return Reasoning(self._frames, self._places.take(), self._places.new_id("rs_", id))

    def open_call(self, event: ev.ToolCallStart) -> bytes:
        """A call opens, as the kind of tool that the client declared."""
        left = self._leave()
        call = self._blocks[event.index] = self._call(event)
        return left + self._places.added(call.place, call.item("in_progress"))

    def _call(self, event: ev.ToolCallStart) -> Call | ShellCall:
        declared = self._declared.get(event.name) or self._by_name.get(event.name)
        kind = "custom" if event.custom else declared.kind if declared is not None else "function"
        prefix, type_ = CALL_TYPES[kind]
        own = event.own or {}
        id = self._places.new_id(prefix, own.get("id", ""), keep=True)
        call_id = self._places.new_id("call_", event.id, keep=True)
        item: Wire = {"id": id, "type": type_, "status": "completed", "call_id": call_id}
        if kind == "local_shell":
            return ShellCall(self._places.take(), item)
        item["name"] = declared.name if declared is not None else event.name
        namespace = own.get("namespace") or (declared.namespace if declared is not None else None)
        if namespace is not None:
            item["namespace"] = namespace
        if kind == "custom" and not event.custom:
            return TextCall(self._frames, self._places.take(), item)
        return Call(self._frames, self._places.take(), item, "input" if event.custom else "arguments")

    def text(self, event: ev.TextDelta | ev.RefusalDelta) -> bytes:
        """More text or refusal."""
        out: bytes = self._blocks[event.index].delta(event.text)
        return out

    def arguments(self, event: ev.ArgumentsDelta) -> bytes:
        """More of a call."""
        out: bytes = self._blocks[event.index].delta(event.json)
        return out

    def thinking(self, event: ev.ThinkingDelta) -> bytes:
        """More thinking."""
        out: bytes = self._blocks[event.index].delta(event.text, event.part, event.raw)
        return out

    def citation(self, event: ev.CitationDelta) -> bytes:
        """A source of a text."""
        out: bytes = self._blocks[event.index].cite(event.citation)
        return out

    def logprobs(self, event: ev.LogprobsDelta) -> bytes:
        """Log-probabilities of a text."""
        out: bytes = self._blocks[event.index].log(event.tokens)
        return out

    def signature(self, event: ev.Signature) -> bytes:
        """The state of a block of thinking, which goes out when the block is whole."""
        self._blocks[event.index].sealed = sealed(event.opaque, ORIGIN)
        return b""

    def stop(self, event: ev.BlockStop) -> bytes:
        """A block is whole."""
        return self._stop(self._blocks.pop(event.index))

    def _stop(self, block: Any) -> bytes:
        out: bytes = block.stop()
        if not isinstance(block, Text | Refusal):
            return out + self._places.done(block.place, block.item())
        message = block.message
        return out + (self._places.done(message.place, message.item("completed")) if message.whole else b"")

    def redacted(self, event: ev.Redacted) -> bytes:
        """Thinking that cannot be read."""
        left = self._leave()
        item = self._reasoning()
        added = self._places.added(item.place, item.item())
        item.sealed = sealed(event.opaque, ORIGIN)
        return left + added + self._stop(item)

    def server_call(self, event: ev.ServerToolCall) -> bytes:
        """A call of the provider's own tool."""
        return self._tools.call(event)

    def server_result(self, event: ev.ServerToolResult) -> bytes:
        """What the provider's own tool brought."""
        return self._tools.result(event)

    def media(self, event: ev.Media) -> bytes:
        """An image."""
        return self._tools.media(event)

    def unknown(self, event: ev.Unknown) -> bytes:
        """A block that the house does not know."""
        return self._tools.unknown(event)


CALL_TYPES = {
    "function": ("fc_", "function_call"),
    "custom": ("ctc_", "custom_tool_call"),
    "local_shell": ("lsh_", "local_shell_call"),
}
"""The beginning of an item's id and its type, by the kind of tool."""

BLOCK_EVENTS: Mapping[type, Callable[[Output, Any], bytes]] = {
    ev.TextDelta: Output.text,
    ev.RefusalDelta: Output.text,
    ev.ArgumentsDelta: Output.arguments,
    ev.ThinkingDelta: Output.thinking,
    ev.CitationDelta: Output.citation,
    ev.LogprobsDelta: Output.logprobs,
    ev.Signature: Output.signature,
    ev.TextStart: Output.open_text,
    ev.RefusalStart: Output.open_refusal,
    ev.ThinkingStart: Output.open_thinking,
    ev.ToolCallStart: Output.open_call,
    ev.BlockStop: Output.stop,
    ev.Redacted: Output.redacted,
    ev.ServerToolCall: Output.server_call,
    ev.ServerToolResult: Output.server_result,
    ev.Media: Output.media,
    ev.Unknown: Output.unknown,
}
