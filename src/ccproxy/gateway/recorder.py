"""Keeping the record: what passes is noted in memory at once, and said in the log a little later.

Nothing here waits. Log lines are written in batches, so that a burst of requests costs no more than a few lines.
"""

from __future__ import annotations

import asyncio
import logging
import time

from ccproxy.exchange import Exchange, Failure, HttpResponse
from ccproxy.flows.store import FlowStore
from ccproxy.flows.told_errors import one_line, shown

logger = logging.getLogger(__name__)

BODY_LIMIT = 16 * 1024 * 1024
"""Bytes of one body that are kept."""
LOG_INTERVAL = 0.1
LINES_PER_BATCH = 5
MOST_KIND = 60
"""Characters of a failure's kind, which may be a provider's own word."""


class Recorder:
    """Writes down what happens to exchanges."""

    def __init__(self, store: FlowStore, body_limit: int = BODY_LIMIT) -> None:
        self._store, self.body_limit = store, body_limit
        self._unsaid: list[Exchange] = []
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, exchange: Exchange) -> None:
        """The request is whole; from now on the exchange can be seen."""
        self._store.begin(exchange)

    def keep(self, response: HttpResponse, kept: int, chunk: bytes) -> int:
        """Notes a piece of a body; returns how many bytes are kept so far."""
        room = self.body_limit - kept
        if len(chunk) <= room:
            response.chunks.append(chunk)
            return kept + len(chunk)
        if room:
            response.chunks.append(chunk[:room])
        response.dropped += len(chunk) - room
        return self.body_limit

    def finish(self, exchange: Exchange, failure: Failure | None = None) -> None:
        """Nothing more will happen to this exchange."""
        if exchange.done:
            return
        if failure is not None:
            exchange.failure = failure
        clear(exchange)
        exchange.timings.finished = time.time()
        for response in (exchange.provider_response, exchange.response):
            if response is not None and len(response.chunks) > 1:
                response.chunks = [b"".join(response.chunks)]
        self._store.finish(exchange)
        self._unsaid.append(exchange)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOG_INTERVAL, self.flush)

    def flush(self) -> None:
        """Says in the log what has finished since the last time: all failures, and the first few of the rest."""
        self._timer = None
        unsaid, self._unsaid = self._unsaid, []
        shown = [e for e in unsaid if e.failure is not None][:LINES_PER_BATCH]
        shown += [e for e in unsaid if e.failure is None][:LINES_PER_BATCH]
        for exchange in sorted(shown, key=lambda e: e.timings.finished or 0.0):
            logger.log(logging.INFO if exchange.failure is None else logging.WARNING, "%s", line(exchange))
        if rest := len(unsaid) - len(shown):
            logger.info("... and %d more in the same %g s", rest, LOG_INTERVAL)


def clear(exchange: Exchange) -> None:
    """Takes out of what others said went wrong what no log and no list may repeat: credentials, line ends, length.

    The client has been told in their own words; these are for the record, of which everything else is made.
    """
    if (failure := exchange.failure) is not None:
        exchange.failure = Failure(shown(failure.kind, exchange, MOST_KIND), shown(failure.message, exchange))
    for attempt in exchange.attempts:
        if attempt.note:
            attempt.note = shown(attempt.note, exchange)
    for result in exchange.hooks:
        if result.outcome == "failed":
            result.reason = shown(result.reason, exchange)


def line(exchange: Exchange) -> str:
    """One exchange in one line. Query strings stay out: they may carry keys."""
    route, times = exchange.route, exchange.timings
    asked = f"{exchange.request.method} {one_line(exchange.request.path)}"
    to = f" -> {route.provider or route.origin or 'local'}" if route is not None else ""
    status = exchange.response.status if exchange.response is not None else "-"
    took = f"{((times.finished or times.started) - times.started) * 1000:.0f} ms"
    why = reason(exchange)
    return f"{exchange.id[:8]} {asked}{to} {status} {took}{f' ({why})' if why else ''}"


def reason(exchange: Exchange) -> str:
    """Why it failed, or why a refusal of the provider was the last word; empty if there is nothing to say."""
    if exchange.failure is not None:
        return f"{exchange.failure.kind}: {exchange.failure.message}"
    return exchange.attempts[-1].note if exchange.attempts else ""
