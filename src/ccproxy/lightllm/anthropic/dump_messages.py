"""pydantic-ai's messages, written as `system` and `messages`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.messages import (
    FilePart,
    ModelRequest,
    ModelResponse,
    NativeToolCallPart,
    NativeToolReturnPart,
    SystemPromptPart,
    TextContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.anthropic.dump_content import Block, ContentWriter
from ccproxy.lightllm.arguments import arguments_object
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.events import Opaque
from ccproxy.lightllm.ids import safe_id
from ccproxy.lightllm.server_tools import rule_of
from ccproxy.lightllm.signatures import sealed

NATIVE = WireFormat.ANTHROPIC


class MessageWriter:
    """Writes messages one after the other.

    For a client of this very format every message comes out as it was; for others, adjacent ones of a role are one.
    """

    def __init__(self, call: ModelCall) -> None:
        self.system: list[Block] = []
        self.messages: list[Block] = []
        self._own = call.origin is NATIVE
        self._drops = call.drops
        self._content = ContentWriter(self._own, call.drops)
        self._open: Block | None = None
        """The message of this format that further parts of a message belong to."""

    def write(self, message: Any) -> None:
        """One message."""
        self._open = None
        role = "assistant" if isinstance(message, ModelResponse) else "user"
        start = len(self.messages)
        for part in message.parts:
            writer = PARTS.get(type(part))
            if writer is None:
                self._drops.add("unknown_block")
            else:
                writer(self, part, role)
        if self._own and isinstance(message, ModelRequest | ModelResponse):
            self._restore(message, role, start)

    def _restore(self, message: ModelRequest | ModelResponse, role: str, start: int) -> None:
        """An own message again with the members that it had beside its content; an empty one, too."""
        if not message.parts:
            self.messages.append({"role": role, "content": []})
        fields = (message.metadata or {}).get("fields")
        if fields and len(self.messages) > start:
            self.messages[-1] |= fields

    def _add(self, role: str, blocks: list[Block]) -> None:
        if not blocks:
            return
        last = self.messages[-1] if self.messages and not self._own else self._open
        if last is not None and last["role"] == role:
            last["content"] += blocks
            return
        self._open = {"role": role, "content": blocks}
        self.messages.append(self._open)

    def _system(self, part: SystemPromptPart, role: str) -> None:
        metadata = part.metadata or {}
        blocks = self._content.text(part.content, metadata)
        in_list = self._own and metadata.get("role") is not None
        if self.messages or in_list:
            self._add("system" if in_list else role, blocks)
        else:
            self.system += blocks

    def _user(self, part: UserPromptPart, role: str) -> None:
        content = part.content
        if self._own and isinstance(content, list) and content and isinstance(content[0], TextContent):
            role = (content[0].metadata or {}).get("role", role)
        self._add(role, self._content.blocks(content))

    def _tool_return(self, part: ToolReturnPart, role: str) -> None:
        id = part.tool_call_id if self._own else safe_id(part.tool_call_id)
        block: Block = {"type": "tool_result", "tool_use_id": id}
        content = part.content
        written: Any = content if self._own and isinstance(content, str) else self._content.blocks(content)
        if written:
            block["content"] = written
        if part.outcome == "failed":
            block["is_error"] = True
        if part.metadata:
            block |= self._content.members(part.metadata)
        self._add(role, [block])

    def _text(self, part: TextPart, role: str) -> None:
        self._add(role, self._content.text(part.content, part.provider_details))

    def _thinking(self, part: ThinkingPart, role: str) -> None:
        signature = part.signature
        if not self._own and (not signature or part.provider_name != NATIVE):
            for rule in ("thinking",) * bool(part.content) + ("signature",) * bool(signature):
                self._drops.add(rule)
            return
        if signature and part.provider_name and part.provider_name != NATIVE:
            signature = sealed(Opaque(WireFormat(part.provider_name), signature), NATIVE)
        block: Block = {"type": "redacted_thinking", "data": signature or ""}
        if part.id != "redacted_thinking":
            block = {"type": "thinking", "thinking": part.content}
            if signature is not None:
                block["signature"] = signature
        if self._own and part.provider_details:
            block |= self._content.members(part.provider_details)
        self._add(role, [block])

    def _tool_call(self, part: ToolCallPart, role: str) -> None:
        details = part.provider_details
        arguments = part.args
        if details and details.get("custom"):
            given: Any = {"input": arguments if isinstance(arguments, str) else ""}
        else:
            given = arguments if isinstance(arguments, dict) else arguments_object(arguments, self._drops)
        id = part.tool_call_id if self._own else safe_id(part.tool_call_id)
        block: Block = {"type": "tool_use", "id": id, "name": part.tool_name, "input": given}
        if details:
            block |= self._content.members(details)
        self._add(role, [block])

    def _native(self, part: NativeToolCallPart | NativeToolReturnPart, role: str) -> None:
        raw = (part.provider_details or {}).get("raw")
        if raw is not None and part.provider_name == NATIVE:
            self._add(role, [raw])
        elif (rule := rule_of(part)) is not None:
            self._drops.add(rule)

    def _file(self, part: FilePart, role: str) -> None:
        self._drops.add("media")


PARTS: dict[type, Callable[[MessageWriter, Any, str], None]] = {
    SystemPromptPart: MessageWriter._system,
    UserPromptPart: MessageWriter._user,
    ToolReturnPart: MessageWriter._tool_return,
    TextPart: MessageWriter._text,
    ThinkingPart: MessageWriter._thinking,
    ToolCallPart: MessageWriter._tool_call,
    NativeToolCallPart: MessageWriter._native,
    NativeToolReturnPart: MessageWriter._native,
    FilePart: MessageWriter._file,
}
