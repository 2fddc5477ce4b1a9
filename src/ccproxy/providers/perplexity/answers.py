"""What is made of answers of the web application, as far as they are all alike."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson

from ccproxy.auth import Posted
from ccproxy.codings import decode
from ccproxy.exchange import get_header
from ccproxy.providers.perplexity.refusals import unusable

CODINGS = b"gzip, deflate, br, zstd"
"""As a browser's `Accept-Encoding`; none asks for `identity`."""
AT_ONCE = 64 * 1024
"""Bytes that are decoded on the event loop; more go to a thread."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})


async def decoded(answer: Posted, limit: int) -> bytes:
    """The body without its content codings, `limit` bytes at most. Raises CodingError."""
    coding = get_header(answer.headers, b"content-encoding")
    if coding is None or len(answer.body) <= AT_ONCE:
        return decode(answer.body, coding.decode("latin-1") if coding else None, limit)
    return await asyncio.to_thread(decode, answer.body, coding.decode("latin-1"), limit)


def read(body: bytes, asked: str) -> Any:
    """The document of an answer. Raises SiteError 502 if it is none."""
    try:
        return orjson.loads(body)
    except ValueError:
        raise unusable(f"Perplexity answered {asked} with something that is no JSON") from None


def read_object(body: bytes, asked: str) -> dict[str, Any]:
    """The object of an answer. Raises SiteError 502 if it is none."""
    document = read(body, asked)
    if not isinstance(document, dict):
        raise unusable(f"Perplexity answered {asked} with something that is no JSON object")
    return document


def redirected(answer: Posted, home: str, target: bytes) -> bytes:
    """The request-target that a redirect leads to, from another of the same site.

    Raises SiteError 502 for one that leads to another site: the session must not go there.
    """
    location = (get_header(answer.headers, b"location") or b"").decode("latin-1")
    try:
        parts = urlsplit(urljoin(home + target.decode("latin-1"), location))
    except ValueError:
        parts = urlsplit("")
    if f"{parts.scheme}://{parts.netloc}" != home:
        raise unusable("Perplexity redirects to another site")
    return ((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).encode("latin-1")
