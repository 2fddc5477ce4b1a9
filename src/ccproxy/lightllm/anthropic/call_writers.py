"""Calls of a client's tools, as the events of a stream."""

from __future__ import annotations

from orjson import dumps

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.anthropic.block_writers import BlockWriter
from ccproxy.lightllm.anthropic.frames import SUFFIX, block_start, delta_prefix
from ccproxy.lightllm.arguments import arguments_object
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.ids import safe_id


class CallWriter(BlockWriter):
    """A call of a client's tool. Its input must be an object: pieces pass from the first brace on.

    What begins otherwise is held back to its end and wrapped. What begins as an object and does not end as one, as
    where the model ran out of tokens, passes as it is, as it does from the API itself.
    """

    def __init__(self, event: ev.ToolCallStart, index: int, drops: Drops) -> None:
        super().__init__(event, index, drops)
        self.opened = True
        self._prefix = delta_prefix(index, "input_json_delta", "partial_json")
        self._start = {"type": "tool_use", "id": safe_id(event.id), "name": event.name, "input": {}}
        self._passing = False
        self._pieces: list[str] = []

    def begin(self) -> bytes:
        return block_start(self.index, self._start)

    def add(self, event: ev.ArgumentsDelta) -> bytes:
        if self._passing:
            return self._prefix + dumps(event.json) + SUFFIX
        self._pieces.append(event.json)
        if not event.json.isspace() and self._is_object():
            self._passing = True
            return self._piece("".join(self._pieces))
        return b""

    def end(self) -> bytes:
        if self._passing:
            return super().end()
        value = arguments_object("".join(self._pieces).strip(), self._drops)
        return (self._piece(dumps(value).decode()) if value else b"") + super().end()

    def _is_object(self) -> bool:
        first = next((piece for piece in self._pieces if piece and not piece.isspace()), "")
        return first.lstrip().startswith("{")

    def _piece(self, text: str) -> bytes:
        return self._prefix + dumps(text) + SUFFIX


class CustomCallWriter(CallWriter):
    """A call whose input is text: the member `input` of an object, escaped piece by piece."""

    def begin(self) -> bytes:
        return super().begin() + self._piece('{"input":"')

    def add(self, event: ev.ArgumentsDelta) -> bytes:
        return self._piece(dumps(event.json)[1:-1].decode())

    def end(self) -> bytes:
        return self._piece('"}') + BlockWriter.end(self)


def call_writer(event: ev.ToolCallStart, index: int, drops: Drops) -> CallWriter:
    """The writer for a call, by the kind of its tool."""
    return (CustomCallWriter if event.custom else CallWriter)(event, index, drops)
