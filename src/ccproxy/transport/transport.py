"""The way out: for each request the way, the carrier, and as many attempts as it takes."""

from __future__ import annotations

from ccproxy.exchange import HttpRequest, get_header
from ccproxy.transport.carrier import Carrier, Incoming
from ccproxy.transport.clock import Clock
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.delivery import Delivery
from ccproxy.transport.retry import Sending
from ccproxy.transport.upstream import Upstream
from ccproxy.transport.walking import Walking
from ccproxy.transport.ways import Ways

SOCKS = "socks"


class Transport:
    """Sends deliveries.

    Args:
        ways: how each provider is reached.
        native: HTTP/1.1 by asyncio and OpenSSL.
        curl: HTTP/2, TLS profiles, SOCKS.
        embedded: the provider in this process.
        clock: what pauses between attempts go by.
    """

    def __init__(
        self, ways: Ways, native: Carrier, curl: CurlCarrier, embedded: Carrier, clock: Clock | None = None
    ) -> None:
        self._ways, self._clock = ways, clock or Clock()
        self._native, self._curl, self._embedded = native, curl, embedded

    async def send(self, delivery: Delivery) -> Incoming:
        """The final answer to a request, its body still to come. Raises TransportError if none began."""
        upstream = self._ways.upstream(delivery.provider, delivery.origin, plain=delivery.once)
        carrier = self._carrier(upstream, delivery.request)
        sending = Sending(carrier, upstream, delivery, self._clock)
        if upstream.capacity is not None and delivery.walk is not None:
            return await Walking(sending, upstream.capacity, delivery, delivery.walk, self._clock).run()
        return await sending.run()

    async def load(self) -> None:
        """Imports what the first request to one of the providers would have to wait for."""
        if self._ways.need_libcurl():
            await self._curl.load()

    async def close(self) -> None:
        """Closes all connections."""
        for carrier in (self._native, self._curl, self._embedded):
            await carrier.close()

    def _carrier(self, upstream: Upstream, request: HttpRequest) -> Carrier:
        if upstream.origin.scheme == "simulator":
            return self._embedded
        if upstream.proxy is not None and upstream.proxy.scheme.startswith(SOCKS):
            return self._curl
        if upstream.fingerprint is not None and upstream.fingerprint.of_openssl:
            return self._native  # whose TLS is OpenSSL's too
        if upstream.profile is not None:
            return self._curl
        by_http2 = upstream.http2 and get_header(request.headers, b"upgrade") is None  # WebSockets are HTTP/1.1's
        return self._curl if by_http2 else self._native
