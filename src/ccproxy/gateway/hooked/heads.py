"""The header section of an answer that was written anew in its own format."""

from __future__ import annotations

from ccproxy.exchange import Headers
from ccproxy.gateway.seal import client_headers
from ccproxy.lightllm.drops import Drops

OF_BYTES = frozenset(
    {b"content-length", b"content-encoding", b"content-md5", b"content-digest", b"repr-digest", b"digest", b"etag"}
)
"""Fields that speak of the bytes as the provider sent them."""


def changed_headers(headers: Headers, drops: Drops) -> Headers:
    """A provider's fields without those that are true no longer, and what was left out."""
    kept = [header for header in client_headers(headers) if header[0].lower() not in OF_BYTES]
    return [*kept, (b"x-ccproxy-dropped", drops.header().encode("ascii", "replace"))] if drops else kept
