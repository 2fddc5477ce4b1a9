"""An answer that is looked at before it goes on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Self

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import Headers, get_header
from ccproxy.transport.beginnings import FIRST_EVENT, OPENING, first_data, opens_error
from ccproxy.transport.carrier import Incoming, TransportError

LOOKED_AT = 1024 * 1024
"""Bytes, coded or not. What is longer is no error of capacity."""


class Held:
    """Implements `carrier.Incoming`: what has been looked at comes first, then the rest."""

    def __init__(self, incoming: Incoming) -> None:
        self._rest = incoming
        self._taken: list[bytes] = []
        self._error: TransportError | None = None
        self._ended = False
        self.size = 0
        """Bytes that have been looked at."""
        self.status, self.reason, self.headers = incoming.status, incoming.reason, incoming.headers
        self.http_version, self.reused = incoming.http_version, incoming.reused

    # -- looking at it

    async def more(self) -> bool:
        """Takes the next chunk; False at the end of the body. Raises TransportError where it breaks off."""
        try:
            chunk = await anext(self._rest, b"")
        except TransportError as error:
            self._error = error
            raise
        if chunk:
            self._taken.append(chunk)
            self.size += len(chunk)
        return bool(chunk)

    async def take_all(self, limit: int, seconds: float) -> bool:
        """Takes all of the body; False if it has more than `limit` bytes. It has broken off where it does, and where
        its end does not come within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while await self.more():
                    if self.size > limit:
                        return False
        except TransportError:
            pass
        except TimeoutError:
            self._rest.close()
            self._error = TransportError("idle_timeout", f"the answer did not end within {seconds:g} s")
        return True

    async def first_event(self, seconds: float) -> bytes:
        """The data of a stream's first event; empty if it is not whole within `seconds` of the first chunk, or long.

        Nobody has any use for a part of an event, so this keeps nobody waiting. Raises TransportError if not even a
        chunk comes.
        """
        return await self._find(first_data, FIRST_EVENT, seconds) or b""

    async def opens_error(self, seconds: float) -> bool:
        """True if the body begins as an error does that is JSON; as `first_event`, which may take a moment."""
        return await self._find(opens_error, OPENING, seconds) or False

    async def _find[T](self, find: Callable[[bytes, bool], T | None], limit: int, seconds: float) -> T | None:
        """What is found in the first `limit` bytes, given what is there of them and whether that is all."""
        more = await self.more()
        try:
            async with asyncio.timeout(seconds):
                while (found := find(self._read(limit), not more)) is None and more and self.size <= limit:
                    more = await self.more()
        except (TransportError, TimeoutError):
            return None
        return found

    @property
    def is_broken(self) -> bool:
        """True if the body has broken off, as far as that is known."""
        return self._error is not None

    def end(self) -> None:
        """Lets a body that has broken off end there, whatever the head says of its length."""
        self._error, self._ended = None, True
        self.headers = [each for each in self.headers if each[0].lower() != b"content-length"]

    @property
    def text(self) -> bytes:
        """What has been looked at, without its content coding; empty if it is not readable."""
        return self._read(sys.maxsize)

    def _read(self, size: int) -> bytes:
        coding = get_header(self.headers, b"content-encoding")
        try:
            return decode(self.beginning[:size], coding.decode("latin-1") if coding else None, LOOKED_AT)
        except CodingError:
            return b""

    @property
    def beginning(self) -> bytes:
        """What has been looked at, as it came."""
        return b"".join(self._taken)

    # -- giving it on

    @property
    def trailers(self) -> Headers:
        """See `Incoming.trailers`."""
        return self._rest.trailers

    @trailers.setter
    def trailers(self, fields: Headers) -> None:
        self._rest.trailers = fields

    @property
    def on_pressure(self) -> Callable[[bool], None] | None:
        """See `Incoming.on_pressure`."""
        return self._rest.on_pressure

    @on_pressure.setter
    def on_pressure(self, told: Callable[[bool], None] | None) -> None:
        self._rest.on_pressure = told

    @property
    def ready(self) -> bool:
        """See `Incoming.ready`."""
        return bool(self._taken) or self._ended or self._error is not None or self._rest.ready

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._taken:
            taken, self._taken = b"".join(self._taken), []
            return taken
        if self._error is not None:
            raise self._error.again()
        if self._ended:
            raise StopAsyncIteration
        return await anext(self._rest)

    async def read(self, limit: int = sys.maxsize) -> bytes | None:
        """See `Incoming.read`."""
        taken = self.beginning
        if len(taken) > limit:
            return None
        if self._error is not None:
            raise self._error.again()
        rest = await self._rest.read(limit - len(taken)) if not self._ended else b""
        if rest is None:
            return None
        self._taken = []
        return taken + rest

    def write(self, data: bytes) -> None:
        """See `Incoming.write`."""
        self._rest.write(data)

    def close(self) -> None:
        """See `Incoming.close`."""
        self._rest.close()
