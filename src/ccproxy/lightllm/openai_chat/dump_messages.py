"""A conversation as messages of Chat Completions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.messages import ModelRequest, ModelResponse, SystemPromptPart, ToolReturnPart, UserPromptPart

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.openai_chat.dump_content import content_of, content_parts, result_items
from ccproxy.lightllm.openai_chat.dump_media import outer
from ccproxy.lightllm.openai_chat.dump_turn import Turn, tool_id
from ccproxy.lightllm.openai_chat.models import model_of

OWN = WireFormat.OPENAI
NO_RESULT = "(no result)"
"""Stands for a result that the conversation does not hold: OpenAI refuses calls without one."""


def dump_messages(call: ModelCall) -> list[dict[str, Any]]:
    """The `messages` of a request."""
    writer = MessagesWriter(call)
    for message in call.messages:
        if isinstance(message, ModelResponse):
            writer.response(message)
        else:
            writer.request(message)
    return writer.messages()


class MessagesWriter:
    """Puts messages in order: results of tools come right after the turn that calls them."""

    def __init__(self, call: ModelCall) -> None:
        self._call = call
        self._own = call.origin is OWN
        self._model = model_of(call.model)
        self._entries: list[dict[str, Any] | Turn] = []
        self._turns: dict[str, Turn] = {}  # by the ids of the calls in them
        self._open: Turn | None = None  # the turn that the next response goes on with

    def response(self, message: ModelResponse) -> None:
        """Takes what a model said. Responses in a row are one turn, but for a client's own messages."""
        turn = self._open
        if turn is None:
            turn = Turn(self._call, self._model)
            self._entries.append(turn)
        turn.add(message)
        for id in turn.unanswered:
            self._turns[id] = turn
        self._open = None if self._own else turn

    def request(self, message: ModelRequest) -> None:
        """Takes what a model is told."""
        for part in message.parts:
            handler = PARTS.get(type(part))
            if handler is not None:
                handler(self, part, message)

    def messages(self) -> list[dict[str, Any]]:
        """All messages in order."""
        found: list[dict[str, Any]] = []
        for entry in self._entries:
            if not isinstance(entry, Turn):
                found.append(entry)
                continue
            message = entry.message()
            if message is not None:
                found.append(message)
            if not self._own:
                ids = entry.unanswered.values()
                missing = [{"role": "tool", "tool_call_id": id, "content": NO_RESULT} for id in ids]
                found += [*entry.results, *missing, *entry.media_messages()]
        return found or [{"role": "user", "content": ""}]

    def _append(self, message: dict[str, Any]) -> None:
        self._entries.append(message)
        self._open = None

    def _system(self, part: SystemPromptPart, message: ModelRequest) -> None:
        metadata = part.metadata or {}
        block = {"type": "text", "text": part.content, **outer(metadata, self._call)}
        last = self._entries[-1] if self._entries else None
        if self._own and metadata.get("joined") and isinstance(last, dict):
            content = last["content"]
            last["content"] = [{"type": "text", "text": content}] if isinstance(content, str) else content
            last["content"].append(block)
            return
        role = metadata.get("role", "system") if self._own else "system"
        self._append({"role": role, "content": content_of([block]), **outer(metadata.get("message"), self._call)})

    def _user(self, part: UserPromptPart, message: ModelRequest) -> None:
        parts = content_parts(part.content, self._call)
        if parts or self._own:
            self._append({"role": "user", "content": content_of(parts), **outer(message.metadata, self._call)})

    def _result(self, part: ToolReturnPart, message: ModelRequest) -> None:
        parts = content_parts(result_items(part.content), self._call)
        metadata = part.metadata if isinstance(part.metadata, dict) else {}
        beside = outer(metadata, self._call)
        if self._own:
            self._append(_own_result(part, parts, metadata, beside))
            return
        if part.outcome == "failed":
            self._call.drops.add("is_error")
        turn = self._turns.get(part.tool_call_id)
        if turn is not None:
            turn.result(part, parts)
            self._open = None
        elif parts:
            self._call.drops.add("unmatched_result")
            self._append({"role": "user", "content": content_of(parts)})


def _own_result(
    part: ToolReturnPart, parts: list[dict[str, Any]], metadata: dict[str, Any], beside: dict[str, Any]
) -> dict[str, Any]:
    if metadata.get("form") == "function":
        return {"role": "function", "name": part.tool_name, "content": content_of(parts), **beside}
    return {
        "role": "tool",
        "tool_call_id": tool_id(part.tool_call_id, own=True),
        "content": content_of(parts),
        **beside,
    }


PARTS: dict[type, Callable[[MessagesWriter, Any, ModelRequest], None]] = {
    SystemPromptPart: MessagesWriter._system,
    UserPromptPart: MessagesWriter._user,
    ToolReturnPart: MessagesWriter._result,
}
"""What a request is made of; formats read nothing else."""
