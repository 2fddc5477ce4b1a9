"""Where a captured request was meant to go: never ccproxy itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from ccproxy.exchange import DEFAULT_PORTS, Exchange, HttpRequest, Origin, WireFormat, get_header
from ccproxy.shaping.reducing.address import NOWHERE

PUBLIC: Mapping[WireFormat | None, str] = {
    WireFormat.ANTHROPIC: "api.anthropic.com",
    WireFormat.OPENAI: "api.openai.com",
    WireFormat.OPENAI_RESPONSES: "api.openai.com",
    WireFormat.GEMINI: "generativelanguage.googleapis.com",
}
"""The hosts that the vendors document, for requests that went to none but ccproxy. Nothing is ever sent there for it:
a shape's origin is told, its path and query count."""


def origin_of(ex: Exchange) -> str:
    """Such as `https://api.anthropic.com`: in a jail what the client meant, elsewhere where it was routed, else what it
    called its host; the vendor's own if all of these are ccproxy."""
    routed = ex.route.origin if ex.route else None
    if ex.front == "reverse" and ex.destination is None and routed and routed.scheme in {"http", "https"}:
        return str(routed)
    for origin in (ex.destination, routed, _told(ex.request)):
        if origin and origin.scheme in {"http", "https"} and not _is_ours(origin.host):
            return str(origin)
    return f"https://{PUBLIC.get(ex.format, NOWHERE)}"


def _told(request: HttpRequest) -> Origin | None:
    """The origin that the Host field tells."""
    host = (get_header(request.headers, b"host") or b"").decode("latin-1")
    try:
        parts = urlsplit(f"https://{host}/")
        return Origin("https", parts.hostname, parts.port or DEFAULT_PORTS["https"]) if parts.hostname else None
    except ValueError:
        return None


def _is_ours(host: str) -> bool:
    """Whether it is an address of this machine, on which ccproxy listens."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.lower().rstrip(".").rpartition(".")[2] in {"", "localhost", "localdomain"}
    return address.is_loopback or address.is_unspecified or address.is_link_local
