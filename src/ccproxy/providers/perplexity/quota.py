"""How much an account may still ask for."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ccproxy.auth.clock import Clock
from ccproxy.providers.perplexity.headers import Reason

if TYPE_CHECKING:
    from ccproxy.providers.perplexity.service import Service
    from ccproxy.providers.perplexity.site import Site

PATH = "/rest/rate-limit/all"
KEPT_SECONDS = 60.0
ASK_SECONDS = 10.0
COUNTS = ("remaining_pro", "remaining_research", "remaining_labs", "remaining_agentic_research")
"""Questions that are left: to Pro models this week, of Deep Research this month, of two kinds more."""
OF_SOURCES = ("monthly_limit", "remaining")


class Quotas:
    """One account's, asked for at most once a minute. To be used from one event loop.

    Args:
        site: which is asked.
        clock: what the minute is measured by.
    """

    def __init__(self, site: Site, clock: Clock | None = None) -> None:
        self._site, self._clock = site, clock or Clock()
        self._kept: dict[str, Any] = {}
        self._until = -math.inf
        self._turn = asyncio.Lock()

    async def read(self, *, refresh: bool = False) -> dict[str, Any]:
        """See `quota`; with `refresh` in any case as of now. A failure is not kept. Raises SiteError."""
        async with self._turn:
            if refresh or self._clock.steady() >= self._until:
                document = await self._site.ask_object("GET", PATH, reason=Reason.SIDEBAR, seconds=ASK_SECONDS)
                self._kept, self._until = checked(document), self._clock.steady() + KEPT_SECONDS
            return self._kept


async def quota(service: Service, *, refresh: bool = False) -> dict[str, Any]:
    """What is left, as the site tells it, at most a minute ago.

    `COUNTS` by their names; `model_specific_limits`: of models that have limits of their own, by name;
    `sources.source_to_limit`: by name `monthly_limit` and `remaining`. Numbers are None where nothing is told.
    Raises SiteError.
    """
    return await service.quotas.read(refresh=refresh)


def checked(document: Mapping[str, Any]) -> dict[str, Any]:
    """What of an answer can be relied on."""
    limits = _object(_object(document, "sources"), "source_to_limit")
    sources = {
        name: {key: _count(limit.get(key)) for key in OF_SOURCES}
        for name, limit in limits.items()
        if isinstance(limit, dict)
    }
    return {
        **{name: _count(document.get(name)) for name in COUNTS},
        "model_specific_limits": _object(document, "model_specific_limits"),
        "sources": {"source_to_limit": sources},
    }


def _object(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _count(value: object) -> int | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return int(value)
