"""HTTP/2, TLS profiles and SOCKS: a carrier on libcurl. Loads with its first request, or by `load`."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from ccproxy.exchange import HttpRequest, get_header
from ccproxy.transport.carrier import OnInterim, TransportError
from ccproxy.transport.native_pool import Limits
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.upstream import Upstream

if TYPE_CHECKING:
    from ccproxy.transport.curl.handles import Identity
    from ccproxy.transport.curl.lane import Lane


class CurlCarrier:
    """Implements `carrier.Carrier`. Connections are shared by the requests of one identity (`handles.Identity`)."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._lanes: dict[Identity, Lane] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._loaded = self._closed = False

    async def load(self) -> None:
        """Imports what the first request would have to wait for, in a thread."""
        await asyncio.to_thread(importlib.import_module, "ccproxy.transport.curl.lane")
        self._loaded = True

    async def send(
        self, upstream: Upstream, request: HttpRequest, on_interim: OnInterim | None = None, *, fresh: bool = False
    ) -> ResponseStream:
        """See `Carrier.send`. An upgraded connection (RFC 9110 §7.8) cannot go by this carrier."""
        if get_header(request.headers, b"upgrade") is not None:
            raise TransportError("protocol", f"a connection to {upstream.origin} by this way cannot be upgraded")
        if not self._loaded:
            await self.load()
        stream = self._lane(upstream).send(upstream, request, on_interim, fresh=fresh)
        try:
            await stream.head()
        except asyncio.CancelledError:
            stream.close()  # the client went away: so does the request
            raise
        return stream

    async def close(self) -> None:
        """Drops every connection; whoever waits for an answer gets an error."""
        self._closed = True
        lanes, self._lanes = list(self._lanes.values()), {}
        for lane in lanes:
            await lane.close(TransportError("reset", "ccproxy is stopping"))
        if self._closing:
            await asyncio.wait(self._closing)

    def _lane(self, upstream: Upstream) -> Lane:
        from ccproxy.transport.curl.handles import Identity
        from ccproxy.transport.curl.lane import Lane
        from ccproxy.transport.curl.profile import Profiles

        if self._closed:
            raise TransportError("connect", "ccproxy is stopping")
        identity = Identity.of(upstream)
        lane = self._lanes.get(identity)
        if lane is None:
            try:
                lane = self._lanes[identity] = Lane(identity, Profiles(), self._limits, self._idle)
            except OSError as error:
                raise TransportError("tls", f"the system's certificates cannot be read: {error}") from error
        return lane

    def _idle(self, identity: Identity, lane: Lane) -> None:
        if self._lanes.get(identity) is lane:
            del self._lanes[identity]
        task = asyncio.get_running_loop().create_task(lane.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
