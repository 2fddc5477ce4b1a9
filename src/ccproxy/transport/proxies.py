"""Upstream proxies: by URL, and as the environment names them (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import unquote, urlsplit

from ccproxy.exchange import Origin
from ccproxy.transport.upstream import Proxy, ProxyScheme

PORTS: Mapping[str, int] = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}


def parse_proxy(url: str) -> Proxy:
    """The proxy of a URL that the configuration has checked."""
    parts = urlsplit(url)
    scheme = cast(ProxyScheme, parts.scheme)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Proxy(scheme, parts.hostname or "", parts.port or PORTS[scheme], user, password)


class EnvironmentProxies:
    """What the environment says, read once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def for_origin(self, origin: Origin) -> Proxy | None:
        """The proxy for an origin, if there is to be one. Addresses of this machine are reached directly."""
        return None
