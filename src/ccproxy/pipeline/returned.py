"""What a response hook returned, whatever way it was written: a function, a generator, either of them async."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from inspect import isawaitable
from typing import Any

from ccproxy.pipeline.families import KINDS


async def gathered(returned: Any, patience: float) -> Any:
    """What is neither nothing nor an event, waited for where it has to be: None, an event, or a list.

    Raises TypeError for what can be none of these, TimeoutError where it takes longer than `patience` seconds, and
    whatever the hook raises.
    """
    if isawaitable(returned) or hasattr(returned, "__aiter__"):
        returned = await _awaited(returned, patience)
    if returned is None or type(returned) in KINDS:
        return returned
    if isinstance(returned, str | bytes | dict) or not isinstance(returned, Iterable):
        raise TypeError(f"it returned {returned!r:.80}, which is no event")
    return list(returned)


async def _awaited(returned: Any, patience: float) -> Any:
    limit = asyncio.timeout(patience)
    try:
        async with limit:
            return await returned if isawaitable(returned) else [one async for one in returned]
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise TimeoutError(f"it took longer than {patience:g} s") from error
