"""Requests of our own, not of the gateway's clients: a credential is refreshed, an account is set up."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from ccproxy.auth import Posted, PostFailed
from ccproxy.exchange import DEFAULT_PORTS, Headers, HttpRequest, Origin
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.delivery import Delivery
from ccproxy.transport.transport import Transport

ANSWER_LIMIT = 1024 * 1024
"""Bytes, unless a caller says otherwise; no answer of a token endpoint is longer."""


class Poster:
    """Implements `auth.Post`. With `provider` it goes through that provider's proxy and trusts its certificates."""

    def __init__(self, transport: Transport, provider: str | None = None) -> None:
        self._transport, self._provider = transport, provider

    def of(self, provider: str) -> Poster:
        """The same for one provider."""
        return Poster(self._transport, provider)

    async def __call__(self, url: str, headers: Headers, body: bytes, seconds: float) -> Posted:
        """See `auth.Post`."""
        parts = urlsplit(url)
        origin = Origin(parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme])
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = framed(origin, HttpRequest("POST", target.encode("latin-1"), headers, body))
        return await self._answer(Delivery(origin, request, self._provider, once=True), seconds)

    async def call(self, origin: Origin, request: HttpRequest, seconds: float, limit: int = ANSWER_LIMIT) -> Posted:
        """Sends a call of the provider's API, with all that is configured for it; its headers lack host and length.

        Raises PostFailed, also for an answer of more than `limit` bytes.
        """
        return await self._answer(Delivery(origin, framed(origin, request), self._provider), seconds, limit)

    async def _answer(self, delivery: Delivery, seconds: float, limit: int = ANSWER_LIMIT) -> Posted:
        origin = delivery.origin
        try:
            async with asyncio.timeout(seconds):
                incoming = await self._transport.send(delivery)
                try:
                    answer = await incoming.read(limit)
                finally:
                    incoming.close()
        except TimeoutError:
            raise PostFailed(f"{origin} did not answer within {seconds:g} s") from None
        except TransportError as error:
            raise PostFailed(str(error)) from error
        if answer is None or len(answer) > limit:  # what comes all at once is not cut off
            raise PostFailed(f"{origin} sent more than {limit} bytes")
        return Posted(incoming.status, incoming.headers, answer)


def framed(origin: Origin, request: HttpRequest) -> HttpRequest:
    """The request with the fields that say where it goes and how long it is."""
    length = [(b"Content-Length", b"%d" % len(request.body))] if request.body or request.method == "POST" else []
    headers = [(b"Host", origin.authority.encode("ascii")), *request.headers, *length]
    return HttpRequest(request.method, request.target, headers, request.body)
