"""Threads at a provider that daemons before this one have gone on with, out of the archive."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ccproxy.exchange import Exchange
    from ccproxy.flows.archive.reader import ArchiveReader
    from ccproxy.providers.perplexity.turns import Turn
    from ccproxy.providers.provider import ProviderMap

MOST_TURNS = 2000
"""Turns that are looked at, the newest ones."""
LONGEST_TURN = 3600.0
"""Seconds that a turn may have taken: a flow is found by when it began, and a thread is forgotten after its end."""

logger = logging.getLogger(__name__)


async def recall(providers: ProviderMap, archive: Path) -> None:
    """Has all providers that keep threads remember those that they knew. The archive is read beside the event loop."""
    for name, provider in providers.items():
        if provider.perplexity is None:
            continue
        memory = provider.perplexity.memory
        turns = await asyncio.to_thread(turns_in, archive, name, time.time() - memory.ttl - LONGEST_TURN)
        memory.restore(turns, time.time())
        if turns:
            logger.info("provider %r: threads that are remembered from before: %d", name, len(memory))


def turns_in(archive: Path, provider: str, since: float) -> list[Turn]:
    """What the turns of a provider left behind, the newest first; nothing where there is no archive. Blocks."""
    from ccproxy.flows.archive.reader import ArchiveError, ArchiveReader
    from ccproxy.flows.selection import Selection

    try:
        with ArchiveReader(archive) as reader:
            found = reader.summaries(Selection(provider=provider, since=since, limit=MOST_TURNS))
            turns = [turn_of(reader, summary["id"]) for summary in reversed(found)]
    except ArchiveError as error:
        logger.debug("no former threads: %s", error)
        return []
    return [turn for turn in turns if turn is not None and turn.thread.get("provider") == provider]


def turn_of(reader: ArchiveReader, id: str) -> Turn | None:
    """What is known of a flow's thread; None where it has none, or cannot be read. Raises ArchiveError."""
    from ccproxy.flows.archive.reader import FlowDamaged, FlowMissing
    from ccproxy.providers.perplexity.turns import Turn, may_have_moved

    try:
        exchange: Exchange = reader.exchange(id)
    except (FlowDamaged, FlowMissing):
        return None
    if not exchange.thread:
        return None
    finished = exchange.timings.finished or exchange.timings.started
    return Turn(exchange.thread, finished, exchange.system_hash, moved=may_have_moved(exchange))
