"""Writes the arguments of one tool call as deltas, in the form that the client's declaration of the tool wants."""

from __future__ import annotations

from typing import Any

import orjson

from ccproxy.lightllm.events import ToolCallStart
from ccproxy.lightllm.openai_chat.answers import free_text, tool_call


class CallWriter:
    """A call. Each method returns an entry of `tool_calls`, or None if nothing is due.

    Free text for a client that declared a function is wrapped as its argument `input`; arguments for a client that
    declared a custom tool are held back until the text is whole.
    """

    __slots__ = ("_custom", "_empty", "_held", "_number", "_start", "_wrapped")

    def __init__(self, number: int, start: ToolCallStart, declared_custom: bool) -> None:
        self._number = number
        self._start = start
        self._custom = declared_custom
        self._wrapped = start.custom and not declared_custom
        self._held: list[str] | None = [] if declared_custom and not start.custom else None
        self._empty = True

    def open(self) -> dict[str, Any]:
        """The first entry, with id and name."""
        first = '{"input":"' if self._wrapped else ""
        return {"index": self._number, **tool_call(self._start.id, self._start.name, first, self._custom)}

    def more(self, text: str) -> dict[str, Any] | None:
        """More arguments."""
        self._empty = False
        if self._held is not None:
            self._held.append(text)
            return None
        return self._entry(orjson.dumps(text)[1:-1].decode() if self._wrapped else text)

    def close(self) -> dict[str, Any] | None:
        """What makes the arguments whole. Clients parse them, so that none at all are an empty object."""
        if self._held is not None:
            return self._entry(free_text("".join(self._held)))
        if self._wrapped:
            return self._entry('"}')
        return self._entry("{}") if self._empty and not self._custom else None

    def _entry(self, text: str) -> dict[str, Any]:
        if self._custom:
            return {"index": self._number, "custom": {"input": text}}
        return {"index": self._number, "function": {"arguments": text}}
