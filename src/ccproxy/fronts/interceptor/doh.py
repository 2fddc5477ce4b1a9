"""Which names a DNS query inside an HTTP request asks for (RFC 8484, and the JSON kind of two large resolvers)."""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from mitmproxy.dns import DNSMessage

if TYPE_CHECKING:
    from mitmproxy.http import Request

MESSAGE, JSON = "application/dns-message", "application/dns-json"


class Unreadable(Exception):
    """It is a query, and cannot be read on its way."""


def asked(request: Request) -> list[str]:
    """The names that a request asks for; none if it is no query. Raises Unreadable."""
    kinds = ",".join(request.headers.get(name, "") for name in ("content-type", "accept")).lower()
    query = parse_qs(request.data.path.partition(b"?")[2].decode("latin-1"))
    if MESSAGE in request.headers.get("content-type", "").lower():
        raise Unreadable
    if "dns" in query and (MESSAGE in kinds or _is_dns_path(request)):
        return _names(query["dns"][-1])
    if "name" in query and (JSON in kinds or request.path.startswith("/resolve?")):
        return query["name"]
    return []


def _is_dns_path(request: Request) -> bool:
    return request.path.startswith("/dns-query")


def _names(text: str) -> list[str]:
    try:
        message = DNSMessage.unpack(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, struct.error) as error:
        raise Unreadable from error
    return [question.name for question in message.questions]
