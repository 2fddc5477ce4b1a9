"""Sending a request again, where that is right: whoever comes after sees the last attempt only.

Three reasons, each before a byte of the answer has gone on: a connection that failed before the answer began (once, on
another connection); 401 on a credential of ours (once, with a renewed one); a status that the provider's policy names.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Literal

from ccproxy.exchange import Attempt, Failure, Headers, get_header
from ccproxy.transport.carrier import Carrier, Incoming, TransportError
from ccproxy.transport.delivery import Delivery, NotRenewed, with_credential
from ccproxy.transport.leftovers import remains, secrets, without
from ccproxy.transport.upstream import Upstream

FIRST_PAUSE = 0.5
"""Seconds before the second attempt, doubled for each after it, where the provider names no time."""
RECONNECTABLE = frozenset({"connect", "reset"})
"""Failures that another connection may not have. Not those of TLS, and no time limits: they would only run twice."""

type Next = Literal["return", "again"]


class Sending:
    """Sends one delivery until its answer is final."""

    def __init__(self, carrier: Carrier, upstream: Upstream, delivery: Delivery) -> None:
        self._carrier, self._upstream, self._delivery = carrier, upstream, delivery
        self._fresh, self._renewed = delivery.once, False
        self._asked = 0
        """How often the provider has answered with a status that its policy names."""

    async def run(self) -> Incoming:
        """The final answer. Raises TransportError if none began."""
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
        if self._renewed and credential is not None and credential.accepted is not None and incoming.status < 400:
            credential.accepted(credential.fields)
        return incoming

    def _may_reconnect(self, error: TransportError) -> bool:
        return error.untouched and error.kind in RECONNECTABLE and not self._fresh

    def _may_want_another(self, status: int) -> bool:
        return self._is_refused(status) or status in self._upstream.retry.statuses

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
                attempt.headers = [(name, without(hidden, value)) for name, value in incoming.headers]
                attempt.body = without(hidden, await remains(incoming))
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
        wait = pause(incoming.headers, self._asked)
        if self._asked >= policy.attempts:
            return False
        if wait > policy.max_delay:
            attempt.note = f"not sent again: the provider asks for a pause of {wait:.0f} s"
            return False
        attempt.note = f"to be sent again in {wait:.1f} s, as the provider's retry policy says"
        await asyncio.sleep(wait)
        attempt.note = f"sent again after {wait:.1f} s, as the provider's retry policy says"
        return True


def pause(headers: Headers, number: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait after answer `number`: what `retry-after` says (RFC 9110 §10.2.3), or longer each time."""
    said = retry_after((get_header(headers, b"retry-after") or b"").decode("latin-1").strip())
    if said is not None:
        return said
    full: float = FIRST_PAUSE * 2 ** (number - 1)
    return full * (0.5 + chance() / 2)


def retry_after(text: str) -> float | None:
    """The seconds of a `retry-after` field; None if it says none."""
    if text.replace(".", "", 1).isdigit() and text.isascii():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
