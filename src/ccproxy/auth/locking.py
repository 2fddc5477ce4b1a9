"""Holding several locks for a while, without holding up the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from ccproxy.auth.source import CredentialError
from ccproxy.auth.threads import in_thread

FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.03
"""Seconds between tries."""
TOUCH_SECONDS = 2.0


class Lock(Protocol):
    """A lock among processes. Its methods may block for as long as a file system does."""

    path: Path

    def take(self) -> bool:
        """One try to get it."""

    def touch(self) -> None:
        """Shows others that it is still held."""

    def release(self) -> None:
        """Gives it up; nothing if it is not held."""


@asynccontextmanager
async def holding(locks: Sequence[Lock], seconds: float) -> AsyncIterator[None]:
    """Takes locks in their order and gives them up in reverse. Raises CredentialError if that takes too long."""
    deadline = time.monotonic() + seconds
    touching = asyncio.create_task(_touch(locks)) if locks else None
    try:
        for lock in locks:
            await _take(lock, deadline, seconds)
        yield
    finally:
        if touching is not None:
            touching.cancel()
        await in_thread(lambda: _release(locks))


async def _take(lock: Lock, deadline: float, seconds: float) -> None:
    pause = FIRST_PAUSE
    while not await in_thread(lock.take):
        if time.monotonic() > deadline:
            raise CredentialError(f"another program has kept {lock.path} locked for more than {seconds:g} s")
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _touch(locks: Sequence[Lock]) -> None:
    while True:
        await asyncio.sleep(TOUCH_SECONDS)
        for lock in locks:
            await in_thread(lock.touch)


def _release(locks: Sequence[Lock]) -> None:
    for lock in reversed(locks):
        lock.release()
