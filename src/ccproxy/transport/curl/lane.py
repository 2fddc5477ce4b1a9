"""The requests of one identity: their handles, their connections, their time limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from curl_cffi import Curl, CurlError, CurlOpt

from ccproxy.exchange import HttpRequest
from ccproxy.transport.carrier import OnInterim, TransportError
from ccproxy.transport.curl.failures import said
from ccproxy.transport.curl.handles import Identity, new_handle, set_callbacks, set_request
from ccproxy.transport.curl.multi import Multi
from ccproxy.transport.curl.profile import Profiles
from ccproxy.transport.curl.transfer import Transfer
from ccproxy.transport.curl.trust import TrustFile
from ccproxy.transport.native_pool import LONGEST_TICK, SHORTEST_TICK, Limits
from ccproxy.transport.response_stream import ResponseStream
from ccproxy.transport.upstream import Timeouts, Upstream

SPARE_HANDLES = 64
"""A handle takes some 150 kB with its buffers."""


class Lane:
    """Open until it is closed, or has had nothing to do for as long as a connection is kept.

    Raises OSError if the certificates cannot be read.
    """

    def __init__(
        self, identity: Identity, profiles: Profiles, limits: Limits, on_idle: Callable[[Identity, Lane], None]
    ) -> None:
        self._identity, self._profiles, self._limits, self._on_idle = identity, profiles, limits, on_idle
        self._trust = TrustFile(identity.ca_file)
        self._multi = Multi(self._trust.path, limits.connections)
        self._spare: list[Curl] = []
        self._transfers: set[Transfer] = set()
        self._tick = min(LONGEST_TICK, max(SHORTEST_TICK, limits.keepalive / 4))
        self._loop = asyncio.get_running_loop()
        self._idle_since = self._loop.time()
        self._sweeper = self._loop.call_later(self._tick, self._sweep)

    @property
    def under_way(self) -> int:
        """Requests without a whole answer yet."""
        return len(self._transfers)

    def send(
        self, upstream: Upstream, request: HttpRequest, on_interim: OnInterim | None, *, fresh: bool
    ) -> ResponseStream:
        """Sends a request; the returned stream fills as the answer arrives. Raises TransportError."""
        curl = self._handle()
        transfer = Transfer(self, curl, upstream, request, on_interim)
        try:
            set_request(curl, upstream, request, fresh=fresh)
            set_callbacks(curl, transfer.header, transfer.body)
            self._multi.start(curl, transfer)
        except CurlError as error:
            raise TransportError("protocol", f"libcurl does not take the request: {said(error)}") from error
        self._transfers.add(transfer)
        self._watch(upstream.timeouts)
        return transfer.stream

    async def close(self, error: TransportError | None = None) -> None:
        """Closes all connections; whoever waits for an answer gets `error`."""
        self._sweeper.cancel()
        for transfer in list(self._transfers):
            transfer.expire(error or TransportError("reset", "the connection was closed"))
        await self._multi.close()  # type: ignore[no-untyped-call]
        while self._spare:
            self._spare.pop().close()
        self._trust.remove()

    # -- a transfer's side

    def stop(self, transfer: Transfer) -> None:
        """A request is broken off."""
        self._multi.stop(transfer.curl)
        self.done(transfer)

    def done(self, transfer: Transfer) -> None:
        """A request is over, one way or the other: its handle is free."""
        self._transfers.discard(transfer)
        self._idle_since = self._loop.time()
        curl = transfer.curl
        if transfer.paused or not transfer.patient or len(self._spare) >= SPARE_HANDLES:
            curl.close()
        else:
            curl.clean_handles_and_buffers()
            self._spare.append(curl)

    def kick(self) -> None:
        """A request may go on."""
        self._multi.kick()

    # -- handles and limits

    def _handle(self) -> Curl:
        if self._spare:
            return self._spare.pop()
        return new_handle(self._identity, self._profiles, self._trust.path, self._limits.keepalive)

    def _again(self, transfer: Transfer) -> None:
        """Begins a request anew that waits for a connection of another's to tell whether it can be shared: libcurl
        8.21 sometimes forgets the last one that waits, until the limit on connecting runs out."""
        transfer.patient = False
        self._multi.stop(transfer.curl)
        transfer.curl.setopt(CurlOpt.PIPEWAIT, 0)
        self._multi.start(transfer.curl, transfer)

    def _watch(self, timeouts: Timeouts) -> None:
        """Looks often enough for these limits too."""
        tick = max(SHORTEST_TICK, min(timeouts.first_byte, timeouts.idle) / 4)
        if tick < self._tick:
            self._tick = tick
            self._sweeper.cancel()
            self._sweeper = self._loop.call_later(tick, self._sweep)

    def _sweep(self) -> None:
        now = self._loop.time()
        if not self._transfers and now - self._idle_since > self._limits.keepalive:
            self._on_idle(self._identity, self)
            return
        for transfer in list(self._transfers):
            transfer.nudge()
            if transfer.stuck(now):
                self._again(transfer)
        if self._transfers:
            self._multi.kick()  # the binding's own clock runs libcurl without looking at what has ended
        for transfer in [each for each in self._transfers if each.stream.waiting]:
            if (error := transfer.overdue(now)) is not None:
                transfer.expire(error)
        self._sweeper = self._loop.call_later(self._tick, self._sweep)
