"""A carrier without a network: the provider is a function in this process, such as the simulator."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Protocol, Self

from ccproxy.exchange import Headers, HttpRequest, Origin, reason_phrase
from ccproxy.transport.carrier import OnInterim, TransportError
from ccproxy.transport.upstream import Upstream


class Step(Protocol):
    """A piece of a scripted reply, due `delay` seconds after the one before.

    Its attribute `data` is sent; a step without one breaks the connection.
    """

    @property
    def delay(self) -> float: ...


class Script(Protocol):
    """A scripted reply."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Headers: ...

    @property
    def events(self) -> Sequence[Step]: ...


type Respond = Callable[[str, bytes, Headers, bytes], Script]
"""Answers (method, request-target, headers, body)."""


class EmbeddedIncoming:
    """Implements `transport.Incoming` over a scripted reply."""

    def __init__(self, origin: Origin, script: Script) -> None:
        self.status, self.headers = script.status, script.headers
        self.reason, self.http_version = reason_phrase(script.status), "1.1"
        self.reused = False
        self.trailers: Headers = []
        self.on_pressure: Callable[[bool], None] | None = None
        self._origin, self._steps = origin, script.events
        self._at, self._due = 0, 0.0
        """The step that comes next, and when, by the loop's clock: whoever gives up waiting may come back for it."""

    @property
    def ready(self) -> bool:
        """Never known beforehand."""
        return False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while self._at < len(self._steps):
            step = self._steps[self._at]
            await self._until(step)
            data = _data(step)
            if data is None:
                raise TransportError("reset", f"{self._origin} closed the connection in the middle of its answer")
            self._at, self._due = self._at + 1, 0.0
            if data:
                return data
        raise StopAsyncIteration

    async def read(self, limit: int = sys.maxsize) -> bytes | None:
        """The whole body, which is in this process already."""
        return b"".join([chunk async for chunk in self])

    def write(self, data: bytes) -> None:
        """Nothing is ever upgraded here."""
        raise TransportError("protocol", "the embedded provider has no WebSocket")

    def close(self) -> None:
        """Nothing is held."""

    async def _until(self, step: Step) -> None:
        if step.delay and self._at:  # the delay of the first step lies behind us
            now = asyncio.get_running_loop().time()
            self._due = self._due or now + step.delay
            await asyncio.sleep(self._due - now)


class EmbeddedCarrier:
    """Implements `transport.Carrier` by calling a function."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    async def send(
        self, upstream: Upstream, request: HttpRequest, on_interim: OnInterim | None = None, *, fresh: bool = False
    ) -> EmbeddedIncoming:
        """Plays the reply. Its head comes with the first step; one that breaks before is an error, as on a network."""
        script = self._respond(request.method, request.target, request.headers, request.body)
        for first in script.events[:1]:
            if first.delay:
                await asyncio.sleep(first.delay)
            if _data(first) is None:
                message = f"{upstream.origin} closed the connection without an answer"
                raise TransportError("reset", message, untouched=True)
        return EmbeddedIncoming(upstream.origin, script)

    async def close(self) -> None:
        """Nothing is held."""


def _data(step: Step) -> bytes | None:
    data: bytes | None = getattr(step, "data", None)
    return data
