"""Work in a thread: one that is waited for, come what may, or one that nobody is kept by."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future


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


def aside[T](work: Callable[[], T]) -> asyncio.Future[T]:
    """What `work` gives, in a thread that does not keep the process when it is to end. Do not cancel it."""
    done: Future[T] = Future()
    done.set_running_or_notify_cancel()

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001  whoever waits for it is told
            done.set_exception(error)

    threading.Thread(target=run, name="aside", daemon=True).start()
    given = asyncio.wrap_future(done)
    given.add_done_callback(lambda given: given.exception())  # or asyncio complains if nobody waits any more
    return given
