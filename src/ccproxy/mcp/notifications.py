"""Terminal events of MCP servers, kept until the conversation they belong to comes by.

A producer posts `{task_id, session_id, claude_session_id?, event}` to `/mcp/notify` and does not care what becomes of
it. Events are kept in memory, per task, bounded in number and age.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

MAX_TASKS = 1024
"""Tasks beyond this push out the one that was quiet longest."""


@dataclass(slots=True)
class Task:
    """The events of one task; the session it was first seen with stays its own."""

    session_id: str
    claude_session_id: str
    events: deque[Any] = field(default_factory=deque)
    dropped: int = 0
    touched: float = 0.0


class NotificationBuffer:
    """Takes events in and hands them out by session.

    Args:
        max_events: events of one task, the note about dropped ones included.
        ttl: seconds of silence after which a task is forgotten.
        clock: seconds, monotonic.
    """

    def __init__(self, max_events: int, ttl: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_events, self._ttl, self._clock = max_events, ttl, clock
        self._tasks: dict[str, Task] = {}

    def post(self, body: bytes) -> bool:
        """Takes a notification as it was posted; False if it is not one."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return False
        if not isinstance(document, dict) or "event" not in document:
            return False
        task_id, session_id = document.get("task_id"), document.get("session_id")
        claude_session_id = document.get("claude_session_id", "")
        if not all(isinstance(v, str) for v in (task_id, session_id, claude_session_id)):
            return False
        self._add(str(task_id), str(session_id), str(claude_session_id), document["event"])
        return True

    def take(self, session_id: str) -> dict[str, list[Any]]:
        """Removes and returns the events of a session's tasks, by task. Either of the two session ids fits."""
        self._expire()
        if not session_id:
            return {}  # many producers leave one of the two empty
        mine = [k for k, t in self._tasks.items() if session_id in (t.session_id, t.claude_session_id)]
        return {key: self._events(self._tasks.pop(key)) for key in mine}

    def __len__(self) -> int:
        self._expire()
        return sum(len(task.events) for task in self._tasks.values())

    def _add(self, task_id: str, session_id: str, claude_session_id: str, event: object) -> None:
        self._expire()
        task = self._tasks.pop(task_id, None) or Task(session_id, claude_session_id)
        self._tasks[task_id] = task
        task.touched = self._clock()
        task.events.append(event)
        while len(task.events) > self._max_events - (task.dropped > 0):
            task.events.popleft()
            task.dropped += 1
        if len(self._tasks) > MAX_TASKS:
            del self._tasks[next(iter(self._tasks))]

    def _expire(self) -> None:
        oldest = self._clock() - self._ttl
        for key in [k for k, t in self._tasks.items() if t.touched < oldest]:
            del self._tasks[key]

    def _events(self, task: Task) -> list[Any]:
        if not task.dropped:
            return list(task.events)
        note = {
            "type": "ccproxy_buffer_overflow",
            "dropped_events": task.dropped,
            "max_events": self._max_events,
        }
        return [note, *task.events]
