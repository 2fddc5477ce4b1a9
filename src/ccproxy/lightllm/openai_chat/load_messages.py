"""The conversation of a Chat Completions request as pydantic-ai messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    SystemPromptPart,
    ToolReturnPart,
    UserPromptPart,
)

from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_chat.load_assistant import NO_TIME, load_assistant
from ccproxy.lightllm.openai_chat.load_content import load_content
from ccproxy.lightllm.openai_chat.members import details, listed, member, text_of

MESSAGE = ("role", "content")


def load_messages(messages: Any) -> list[ModelMessage]:
    """The conversation of a request's `messages`. Raises InvalidCall."""
    if not isinstance(messages, list):
        raise InvalidCall("messages: a list is expected", "messages")
    conversation = Conversation()
    for number, message in enumerate(messages):
        conversation.read(message, f"messages[{number}]")
    return conversation.end()


class Conversation:
    """Reads one message after the other; those that are no model's go together into one ModelRequest."""

    def __init__(self) -> None:
        self._messages: list[ModelMessage] = []
        self._parts: list[ModelRequestPart] = []  # of the request that is not whole yet
        self._names: dict[str, str] = {}  # of tools, by the ids of their calls
        self._unanswered: list[str] = []  # ids of calls that have no result yet

    def read(self, message: Any, place: str) -> None:
        """Takes the next message. Raises InvalidCall."""
        role = text_of(member(message, place), "role", place)
        if not role:
            raise InvalidCall(f"{place}.role: a role is expected", f"{place}.role")
        ROLES.get(role, Conversation._user)(self, message, place)

    def end(self) -> list[ModelMessage]:
        """All that was read."""
        self._close_request()
        return self._messages

    def _close_request(self) -> None:
        if self._parts:
            self._messages.append(ModelRequest(parts=self._parts))
            self._parts = []

    def _system(self, message: dict[str, Any], place: str) -> None:
        beside = details(message, MESSAGE)
        common: dict[str, Any] = {"message": beside} if beside else {}
        if message["role"] != "system":
            common["role"] = message["role"]
        content = message.get("content")
        blocks = [content] if isinstance(content, str) else listed(content, f"{place}.content")
        for number, block in enumerate(blocks):
            metadata = {**common, "joined": True} if number else common
            text = block
            if not isinstance(block, str):
                where = f"{place}.content[{number}]"
                text = text_of(member(block, where), "text", where)
                metadata = {**metadata, **details(block, ("type", "text"))}
            self._parts.append(SystemPromptPart(text, metadata=metadata or None, timestamp=NO_TIME))

    def _user(self, message: dict[str, Any], place: str) -> None:
        part = UserPromptPart(load_content(message.get("content"), f"{place}.content"), timestamp=NO_TIME)
        if len(message) == 2 and message["role"] == "user":
            self._parts.append(part)
            return
        self._close_request()
        metadata = details(message, ("content",) if message["role"] != "user" else MESSAGE)
        self._messages.append(ModelRequest(parts=[part], metadata=metadata or None))

    def _assistant(self, message: dict[str, Any], place: str) -> None:
        self._close_request()
        assistant = load_assistant(message, place, len(self._messages))
        self._names.update(assistant.calls)
        self._unanswered = list(assistant.calls)
        self._messages.append(assistant.response)

    def _tool(self, message: dict[str, Any], place: str) -> None:
        id = text_of(message, "tool_call_id", place) or (self._unanswered[0] if self._unanswered else "")
        self._result(message, id, details(message, (*MESSAGE, "tool_call_id")), place)

    def _function(self, message: dict[str, Any], place: str) -> None:
        name = text_of(message, "name", place)
        id = next((id for id in self._unanswered if self._names[id] == name), "")
        self._result(message, id, {**details(message, MESSAGE), "form": "function"}, place)

    def _result(self, message: dict[str, Any], id: str, metadata: dict[str, Any], place: str) -> None:
        if id in self._unanswered:
            self._unanswered.remove(id)
        content = message.get("content")
        if not isinstance(content, str):
            content = load_content(content, f"{place}.content")
        name = self._names.get(id) or text_of(message, "name", place)
        self._parts.append(ToolReturnPart(name, content, id, metadata=metadata or None, timestamp=NO_TIME))


ROLES: dict[str, Callable[[Conversation, dict[str, Any], str], None]] = {
    "system": Conversation._system,
    "developer": Conversation._system,
    "user": Conversation._user,
    "assistant": Conversation._assistant,
    "tool": Conversation._tool,
    "function": Conversation._function,
}
"""Any other role is a user's, with its name kept."""
