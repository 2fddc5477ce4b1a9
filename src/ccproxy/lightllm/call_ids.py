"""Ids of tool calls: clients find calls and results by them, so no two calls of an answer may share one."""

from __future__ import annotations

from collections.abc import Iterable

from ccproxy.lightllm.events import Event, ServerToolCall, ServerToolResult, ToolCallStart
from ccproxy.lightllm.ids import new_id


class CallIds:
    """The ids of one answer's calls. Some servers count calls anew in each chunk, or name a call after its tool."""

    __slots__ = ("_renamed", "_seen")

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._renamed: dict[str, str] = {}

    def settle(self, event: ToolCallStart | ServerToolCall | ServerToolResult) -> None:
        """Gives a call another id if one before it has the same; a result belongs to the last call of its id."""
        if isinstance(event, ServerToolResult):
            event.call_id = self._renamed.get(event.call_id, event.call_id)
            return
        if event.id in self._seen:
            known = event.id
            event.id = self._renamed[known] = new_id("call_")
        self._seen.add(event.id)


CALLS = frozenset({ToolCallStart, ServerToolCall, ServerToolResult})


def with_distinct_ids(events: Iterable[Event]) -> list[Event]:
    """The events of an answer; of calls that share an id, all but the first have new ones."""
    ids, out = CallIds(), list(events)
    for event in out:
        if type(event) in CALLS:
            ids.settle(event)  # type: ignore[arg-type]
    return out
