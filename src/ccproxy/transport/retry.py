"""Sending a request again, where that is right: whoever comes after sees the last attempt only.

Three reasons, each before a byte of the answer has gone on: a connection that failed before the answer began (once, on
another connection); 401 on a credential of ours (once, with a renewed one); a status that the provider's policy names.
"""

from __future__ import annotations

import time

from ccproxy.exchange import Attempt, Failure, Headers
from ccproxy.transport.carrier import Carrier, Incoming, TransportError
from ccproxy.transport.clock import Clock
from ccproxy.transport.delivery import Delivery, NotRenewed, with_credential
from ccproxy.transport.leftovers import remains, secrets, tell
from ccproxy.transport.pauses import pause, spoken
from ccproxy.transport.upstream import Upstream

RECONNECTABLE = frozenset({"connect", "reset"})
"""Failures that another connection may not have. Not those of TLS, and no time limits: they would only run twice."""


class Sending:
    """Sends one delivery until its answer is final. May be run again: a credential is renewed only once."""

    def __init__(self, carrier: Carrier, upstream: Upstream, delivery: Delivery, clock: Clock | None = None) -> None:
        self._carrier, self._upstream, self._delivery = carrier, upstream, delivery
        self._clock = clock or Clock()
        self._statuses = upstream.retry.statuses
        if delivery.walk is not None and upstream.capacity is not None:
            self._statuses -= upstream.capacity.statuses  # which are not ours to judge then (`walking`)
        self._renewed = False

    async def run(self) -> Incoming:
        """The final answer. Raises TransportError if none began."""
        self._fresh = self._delivery.once
        self._asked = 0
        """How often the provider has answered with a status that its policy names."""
        while True:
            attempt = Attempt()
            self._delivery.attempts.append(attempt)
            try:
                incoming = await self._send(attempt)
            except TransportError as error:
                if not self._may_reconnect(error):
                    raise
                self._fresh = True
                attempt.note = "sent again on another connection"
                continue
            if not self._may_want_another(incoming.status) or not await self._wants_another(incoming, attempt):
                return incoming

    async def _send(self, attempt: Attempt) -> Incoming:
        delivery = self._delivery

        def on_interim(status: int, reason: bytes, headers: Headers) -> None:
            attempt.interim.append((status, headers))
            if delivery.on_interim is not None:
                delivery.on_interim(status, reason, headers)

        try:
            incoming = await self._carrier.send(self._upstream, delivery.request, on_interim, fresh=self._fresh)
        except TransportError as error:
            attempt.failure, attempt.reused = Failure(error.kind, str(error)), error.stale
            raise
        finally:
            attempt.ended = time.time()
        attempt.status, attempt.reused = incoming.status, incoming.reused
        credential = delivery.credential
        if incoming.status < 400 and credential is not None and (self._renewed or credential.doubted):
            credential.was_accepted()
        return incoming

    def _may_reconnect(self, error: TransportError) -> bool:
        return error.untouched and error.kind in RECONNECTABLE and not self._fresh

    def _may_want_another(self, status: int) -> bool:
        return self._is_refused(status) or status in self._statuses

    def _is_refused(self, status: int) -> bool:
        return status == 401 and self._delivery.credential is not None

    async def _wants_another(self, incoming: Incoming, attempt: Attempt) -> bool:
        """Prepares for another attempt, if there is to be one."""
        hidden = secrets(self._delivery.credential)
        try:
            if self._is_refused(incoming.status):
                again = await self._renew(attempt)
            else:
                again = await self._pause(incoming, attempt)
            if again:
                tell(attempt, incoming.headers, await remains(incoming), hidden)
        except BaseException:
            incoming.close()
            raise
        return again

    async def _renew(self, attempt: Attempt) -> bool:
        delivery, credential = self._delivery, self._delivery.credential
        assert credential is not None
        if self._renewed:
            attempt.note = "the renewed credential was refused too"
            return False
        self._renewed = True
        try:
            fields = await credential.renew(credential.fields)
        except NotRenewed as error:
            attempt.note = f"the credential was not renewed: {error}"
            return False
        delivery.request.headers = with_credential(delivery.request.headers, credential.fields, fields)
        credential.fields = fields
        attempt.note = "sent again with a renewed credential"
        return True

    async def _pause(self, incoming: Incoming, attempt: Attempt) -> bool:
        policy = self._upstream.retry
        self._asked += 1
        wait = pause(incoming.headers, self._asked, self._clock.chance)
        if self._asked >= policy.attempts:
            return False
        if wait > policy.max_delay:
            attempt.note = f"not sent again: the provider asks for a pause of {wait:.0f} s"
            return False
        attempt.note = f"to be sent again in {spoken(wait)}, as the provider's retry policy says"
        await self._clock.sleep(wait)
        attempt.note = f"sent again after {spoken(wait)}, as the provider's retry policy says"
        return True
