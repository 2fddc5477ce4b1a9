"""Why an answer ends before it is complete, where that is not the provider's doing: its client goes, or ccproxy does.

Both times the task that works on it is cancelled. Of ccproxy's end a client that is still there is told.
"""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakSet

from ccproxy.exchange import Failure
from ccproxy.lightllm.events import WireError

CLIENT_GONE = Failure("client_disconnected", "the client closed its connection before the answer was complete")
SHUTDOWN = Failure("shutdown", "ccproxy is stopping")
SHUTDOWN_STATUS = 503
STOPPING = WireError(SHUTDOWN_STATUS, SHUTDOWN.message, code=SHUTDOWN.kind)
"""What a client is told in mid-answer."""

_cut: WeakSet[asyncio.Task[Any]] = WeakSet()


def cut(task: asyncio.Task[Any]) -> None:
    """Ends the work on an answer because ccproxy ends."""
    _cut.add(task)
    task.cancel()


def may_tell() -> bool:
    """Whether who is being cancelled may still answer: it was cut, and its client has not gone since."""
    task = asyncio.current_task()
    return task is not None and task in _cut and task.cancelling() == 1


def why() -> Failure:
    """Why the answer that the current task works on is not complete."""
    return SHUTDOWN if asyncio.current_task() in _cut else CLIENT_GONE
