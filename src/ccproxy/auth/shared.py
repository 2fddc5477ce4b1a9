"""One run of a piece of work for all who ask for it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine


class Shared[T]:
    """To be used from one event loop."""

    def __init__(self) -> None:
        self._run: asyncio.Task[T] | None = None

    def begin(self, work: Callable[[], Coroutine[None, None, T]]) -> asyncio.Task[T]:
        """The run under way, or a new one. Nobody has to wait for it."""
        run = self._run
        if run is None or run.done():
            run = self._run = asyncio.create_task(work())
            run.add_done_callback(_look_at)
        return run

    async def join(self, work: Callable[[], Coroutine[None, None, T]]) -> T:
        """What the run under way gives, or a new one. Who is cancelled leaves it running."""
        run = self.begin(work)
        await asyncio.wait((run,))  # unlike `await run`, leaves it running if we are cancelled
        return run.result()

    async def settled(self) -> None:
        """Returns when nothing is under way."""
        if self._run is not None and not self._run.done():
            await asyncio.wait((self._run,))


def _look_at(run: asyncio.Task[object]) -> None:
    """So that asyncio does not complain about a failure that nobody waited for any more."""
    if not run.cancelled():
        run.exception()
