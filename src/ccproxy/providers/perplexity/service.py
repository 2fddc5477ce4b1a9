"""All that a provider of type `perplexity_pro` has beside its answers, in one place."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from ccproxy.auth import Fetched, OutsideError
from ccproxy.providers.perplexity.memory import ThreadMemory
from ccproxy.providers.perplexity.quota import Quotas
from ccproxy.providers.perplexity.site import Site

if TYPE_CHECKING:
    from ccproxy.auth import Posted
    from ccproxy.auth.clock import Clock
    from ccproxy.config.vendors import Perplexity
    from ccproxy.exchange import Headers, Origin
    from ccproxy.providers.code_assist_setup import Call
    from ccproxy.providers.provider import Provider

__all__ = ["Fetched", "Outside", "OutsideError", "Service"]


class Outside(Protocol):
    """Requests to places that neither the user nor the configuration has named. Implemented by `transport.outside`."""

    def get(self, url: str, limit: int, seconds: float) -> Awaitable[Fetched]:
        """What a client's URL names: from public addresses only, `limit` bytes at most. Raises OutsideError."""
        ...

    def post(self, url: str, headers: Headers, body: bytes, seconds: float, near: Origin) -> Awaitable[Posted]:
        """Sends something to where the provider `near` says: by https, to a public address, or to the provider's own
        host. Raises OutsideError."""
        ...


class Service:
    """What hooks, routes and commands ask for. To be used from one event loop.

    Args:
        provider: whose it is.
        settings: `pplx`.
        call: the way to the provider; None for those who have no business there.
        outside: the way to all other places.
        clock: what time is measured by for which something is kept.
    """

    def __init__(
        self,
        provider: Provider,
        settings: Perplexity,
        call: Call | None = None,
        outside: Outside | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.provider, self.settings, self.outside = provider, settings, outside
        self.site = Site(provider, call)
        self.quotas = Quotas(self.site, clock)
        self.memory = ThreadMemory(settings.thread.ttl_seconds)
