"""How each provider is reached: what the configuration and the environment say, put together once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from ccproxy.config import Config
from ccproxy.config.providers import Provider
from ccproxy.config.values import DIRECT
from ccproxy.config.vendors import GeminiCapacity
from ccproxy.exchange import Origin
from ccproxy.fingerprint.store import FingerprintStore
from ccproxy.transport.no_proxy import is_this_machine
from ccproxy.transport.proxies import EnvironmentProxies, parse_proxy
from ccproxy.transport.upstream import CapacityPolicy, Proxy, RetryPolicy, Timeouts, Upstream

REMEMBERED = 1024
"""Origins; a jail's clients can name any number."""


class Ways:
    """The ways of a configuration."""

    def __init__(self, config: Config, environ: Mapping[str, str] = os.environ) -> None:
        self._providers, self._general = config.providers, config.transport
        self._port, self._capacity = config.port, capacity_policy(config.gemini_capacity)
        self._environment = EnvironmentProxies(environ)
        self._fingerprints = FingerprintStore(config.base_dir)
        self._known: dict[tuple[str | None, Origin, bool], Upstream] = {}

    def upstream(self, provider: str | None, origin: Origin, *, plain: bool = False) -> Upstream:
        """The way to an origin with the settings of a provider; None for those that count for all.

        `plain`: only through its proxy and with its certificates. The rest is about its API.
        """
        found = self._known.get((provider, origin, plain))
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            made = self._made(self._providers.get(provider or ""), origin)
            found = self._known[provider, origin, plain] = plainly(made) if plain else made
        return found

    def need_libcurl(self) -> bool:
        """True if a provider asks for HTTP/2, for a TLS profile or for SOCKS."""
        proxies = [self._general.proxy, *(provider.proxy for provider in self._providers.values())]
        return any(proxy is not None and proxy.startswith("socks") for proxy in proxies) or any(
            provider.http2 or provider.fingerprint_profile is not None for provider in self._providers.values()
        )

    def _made(self, provider: Provider | None, origin: Origin) -> Upstream:
        general = self._general
        profile = provider.fingerprint_profile if provider is not None else None
        ca_file = (provider.ca_file if provider is not None else None) or general.ca_file
        return Upstream(
            origin,
            proxy=self._proxy(provider, origin),
            ca_file=str(ca_file) if ca_file else None,
            profile=profile,
            fingerprint=self._fingerprints.find(profile) if profile is not None else None,
            http2=provider.http2 if provider is not None else False,
            timeouts=self._timeouts(provider),
            retry=self._retry(provider),
            capacity=self._capacity if provider is not None and provider.is_code_assist else None,
        )

    def _proxy(self, provider: Provider | None, origin: Origin) -> Proxy | None:
        own, general = provider.proxy if provider is not None else None, self._general.proxy
        if own is not None:
            return None if own == DIRECT else parse_proxy(own)
        if general == DIRECT or is_this_machine(origin.host):
            return None
        if general is not None:
            return parse_proxy(general)
        found = self._environment.for_origin(origin)
        return None if found is not None and self._is_us(found) else found

    def _is_us(self, proxy: Proxy) -> bool:
        """True for our own listener: the shell that the daemon was started in was meant for clients."""
        return proxy.port == self._port and is_this_machine(proxy.host)

    def _timeouts(self, provider: Provider | None) -> Timeouts:
        general = self._general
        own = provider.timeouts if provider is not None else None
        return Timeouts(
            connect=(own and own.connect_seconds) or general.connect_timeout_seconds,
            first_byte=(own and own.first_byte_seconds) or general.first_byte_timeout_seconds,
            idle=(own and own.idle_seconds) or general.idle_timeout_seconds,
        )

    def _retry(self, provider: Provider | None) -> RetryPolicy:
        if provider is None:
            return RetryPolicy()
        retry = provider.retry
        return RetryPolicy(frozenset(retry.statuses), retry.attempts, retry.max_delay_seconds)


def capacity_policy(settings: GeminiCapacity) -> CapacityPolicy | None:
    """What `gemini_capacity` says; None if it is switched off."""
    if not settings.enabled:
        return None
    return CapacityPolicy(
        statuses=frozenset(settings.retry_status_codes),
        fallback_models=tuple(settings.fallback_models),
        attempts=settings.sticky_retry_attempts,
        max_delay=settings.sticky_retry_max_delay_seconds,
        terminal_delay=settings.terminal_delay_threshold_seconds,
        budget=settings.total_retry_budget_seconds,
    )


def plainly(upstream: Upstream) -> Upstream:
    """The same without what the API is reached by besides."""
    return replace(
        upstream, profile=None, fingerprint=None, http2=False, timeouts=Timeouts(), retry=RetryPolicy(), capacity=None
    )
