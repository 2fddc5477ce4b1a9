"""A proxy's answer to CONNECT (RFC 9110 §9.3.6)."""

from __future__ import annotations

import asyncio
import re
from typing import cast

from ccproxy.exchange import Origin
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.failures import proxy_refusal, untouched
from ccproxy.transport.upstream import Proxy

ANSWER_LIMIT = 32 * 1024
"""Bytes of a head, interim answers included."""
REASON_LIMIT = 80
HEAD = re.compile(
    rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?\r\n"
    rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f\x7f]*\r\n)*\r\n"
)


class ProxyAnswer(asyncio.Protocol):
    """Waits for the proxy's leave; from then on the connection is the origin's."""

    def __init__(self, proxy: Proxy, origin: Origin) -> None:
        self._proxy, self._origin = proxy, origin
        self.transport: asyncio.Transport  # from `connection_made` on
        self._data = b""
        self._error: TransportError | None = None
        self._event = asyncio.Event()

    async def granted(self) -> None:
        """Returns once the tunnel is there. Raises TransportError."""
        await self._event.wait()
        if self._error is not None:
            raise self._error

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        try:
            if self._event.is_set() or self._read():
                self._end()
        except TransportError as error:
            self._end(error)

    def connection_lost(self, exc: Exception | None) -> None:
        why = f": {exc}" if exc else ""
        self._end(untouched(f"the proxy {self._proxy} closed the connection instead of making a tunnel{why}"))

    def _read(self) -> bool:
        """True once the tunnel is there."""
        while (end := self._data.find(b"\r\n\r\n") + 4) > 3:
            head, self._data = self._data[:end], self._data[end:]
            status, reason = self._parsed(head)
            if 200 <= status < 300:
                if self._data:
                    raise self._fault("it says more than it was asked")
                return True
            if not 100 <= status < 200 or status == 101:
                raise proxy_refusal(self._proxy, self._origin, status, reason)
        if len(self._data) > ANSWER_LIMIT:
            raise self._fault("its head does not end")
        return False

    def _parsed(self, head: bytes) -> tuple[int, str]:
        match = HEAD.fullmatch(head)
        if match is None:
            raise self._fault("it is no HTTP/1.1")
        return int(match[1]), (match[2] or b"")[:REASON_LIMIT].decode("latin-1").strip()

    def _end(self, error: TransportError | None = None) -> None:
        if self._event.is_set():
            self.transport.abort()  # nobody may speak before the handshake
        else:
            self._error = error
            self._event.set()

    def _fault(self, what: str) -> TransportError:
        return TransportError("connect", f"the proxy {self._proxy} does not answer CONNECT as it should: {what}")
