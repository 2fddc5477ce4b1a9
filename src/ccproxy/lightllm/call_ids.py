"""Ids of tool calls: clients find calls and results by them, so no two calls of an answer may share one."""

from __future__ import annotations

from collections.abc import Iterable

from ccproxy.lightllm.events import Event, ToolCallStart
from ccproxy.lightllm.ids import new_id


class CallIds:
    """The ids of one answer's calls. Some servers count calls anew in each chunk, or name a call after its tool."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def settle(self, call: ToolCallStart) -> None:
        """Gives a call another id if one before it has the same."""
        if call.id in self._seen:
            call.id = new_id("call_")
        self._seen.add(call.id)


def with_distinct_ids(events: Iterable[Event]) -> list[Event]:
    """The events of an answer; of calls that share an id, all but the first have new ones."""
    ids, out = CallIds(), list(events)
    for event in out:
        if type(event) is ToolCallStart:
            ids.settle(event)
    return out
