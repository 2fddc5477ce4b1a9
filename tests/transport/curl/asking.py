"""What all tests of this carrier need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ccproxy.exchange import HttpRequest
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.native_pool import Limits
from ccproxy.transport.upstream import Upstream
from tests.support.http import Header
from tests.transport.peer import get


@asynccontextmanager
async def carrier(limits: Limits | None = None) -> AsyncIterator[CurlCarrier]:
    """A carrier that is closed in the end."""
    curl = CurlCarrier(limits)
    try:
        yield curl
    finally:
        await curl.close()


async def ask(curl: CurlCarrier, upstream: Upstream, request: HttpRequest | None = None) -> bytes | None:
    """The body of one answer."""
    return await (await curl.send(upstream, request or get())).read()


async def refused(curl: CurlCarrier, upstream: Upstream, request: HttpRequest | None = None) -> TransportError:
    """The error of one request."""
    with pytest.raises(TransportError) as caught:
        await ask(curl, upstream, request)
    return caught.value


def post(body: bytes, *fields: Header) -> HttpRequest:
    """A request with a body."""
    return HttpRequest("POST", b"/", [(b"Host", b"x"), (b"Content-Length", b"%d" % len(body)), *fields], body)
