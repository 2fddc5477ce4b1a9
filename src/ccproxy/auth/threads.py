"""Work in a thread that is waited for, come what may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def in_thread[T](work: Callable[[], T]) -> T:
    """What `work` gives. Who is cancelled meanwhile goes on waiting and is cancelled then.

    So nobody gives up a lock, or loses one just taken, while a thread is still at it.
    """
    run = asyncio.get_running_loop().run_in_executor(None, work)
    cancelled: asyncio.CancelledError | None = None
    while not run.done():
        try:
            await asyncio.wait((run,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        run.exception()
        raise cancelled
    return run.result()
