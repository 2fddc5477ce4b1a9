"""The time in which hooks hear of an answer before its head has left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccproxy.pipeline.response import ResponseRun
    from ccproxy.transport.carrier import Incoming


@asynccontextmanager
async def hearing(run: ResponseRun, incoming: Incoming) -> AsyncIterator[None]:
    """Where something goes wrong, what became of the hooks is noted, and the provider is not left waiting."""
    try:
        yield
    except BaseException:
        incoming.close()
        run.settle()
        raise
