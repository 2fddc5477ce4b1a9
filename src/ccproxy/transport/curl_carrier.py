"""HTTP/2, TLS profiles and SOCKS: a carrier on curl_cffi. Loads with its first request."""

from __future__ import annotations

from ccproxy.exchange import HttpRequest
from ccproxy.transport.carrier import Incoming, OnInterim, TransportError
from ccproxy.transport.upstream import Upstream


class CurlCarrier:
    """Implements `carrier.Carrier`."""

    async def send(
        self, upstream: Upstream, request: HttpRequest, on_interim: OnInterim | None = None, *, fresh: bool = False
    ) -> Incoming:
        """See `Carrier.send`."""
        raise TransportError("protocol", "this carrier is not built yet")

    async def close(self) -> None:
        """Closes all connections."""
