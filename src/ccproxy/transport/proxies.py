"""Upstream proxies: by URL, and as the environment names them (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import unquote, urlsplit

from ccproxy.exchange import Origin
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.no_proxy import Exceptions, is_this_machine
from ccproxy.transport.upstream import Proxy, ProxyScheme

PORTS: Mapping[str, int] = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
    "http": ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"),
}
"""By the origin's scheme, the first that is not empty counts. Lower case goes before upper case, as with curl."""
CGI = "REQUEST_METHOD"
"""Where this is set, HTTP_PROXY is not the user's: it is a client's header `Proxy` (RFC 3875 §4.1.18)."""


def parse_proxy(url: str) -> Proxy:
    """The proxy of a URL that the configuration has checked."""
    parts = urlsplit(url)
    scheme = cast(ProxyScheme, parts.scheme)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Proxy(scheme, parts.hostname or "", parts.port or PORTS[scheme], user, password)


class EnvironmentProxies:
    """What the environment says, read once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {
            name: value.strip()
            for name in {name for names in VARIABLES.values() for name in names}
            if (value := environ.get(name)) and not (name == "HTTP_PROXY" and environ.get(CGI))
        }
        self._direct = Exceptions(environ.get("no_proxy") or environ.get("NO_PROXY") or "")

    def for_origin(self, origin: Origin) -> Proxy | None:
        """The proxy for an origin, if there is to be one. Addresses of this machine are reached directly.

        Raises:
            TransportError: if the variable that counts does not hold a proxy's URL.
        """
        name = next((name for name in VARIABLES.get(origin.scheme, ()) if self._environ.get(name)), None)
        if name is None or is_this_machine(origin.host) or self._direct.hold(origin):
            return None
        return proxy_of(name, self._environ[name])


def proxy_of(name: str, value: str) -> Proxy:
    """The proxy that a variable names; without a scheme it is an http proxy. Raises TransportError.

    The error does not repeat the value, which may hold a password.
    """
    url = value if "://" in value else f"http://{value}"
    try:
        proxy = parse_proxy(url)
    except (ValueError, KeyError):
        proxy = None
    if proxy is None or not proxy.host or not (proxy.host.isascii() and proxy.host.isprintable()) or " " in proxy.host:
        example = "a proxy's URL such as http://127.0.0.1:3128"
        raise TransportError("connect", f"the environment variable {name} should hold {example}")
    return proxy
