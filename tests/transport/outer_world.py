"""What `Outside` meets in tests: names as a test says they resolve, and loopback addresses that stand for others."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Self

import pytest
import trustme

from ccproxy.auth import OutsideError
from ccproxy.config import Config
from ccproxy.exchange import Origin
from ccproxy.transport.no_proxy import Address
from ccproxy.transport.outside import Outside
from ccproxy.transport.reaching import Allowed
from ccproxy.transport.ways import Ways
from tests.transport.peer import Peer, Serve

PUBLIC, PRIVATE = "127.0.0.1", "127.0.0.9"
"""Which of this machine's addresses stand for the internet, and for what nobody may reach."""
LIMIT, SECONDS = 1 << 20, 10.0


def is_allowed(address: Address) -> bool:
    """The stand-in for `is_public`."""
    return str(address) == PUBLIC


class World:
    """Names with what they resolve to: an answer for each time that they are looked up, the last one for ever."""

    def __init__(self, **names: Sequence[Sequence[str]]) -> None:
        self._names = {name.replace("_", "."): [list(answer) for answer in answers] for name, answers in names.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> list[str]:
        """Never asks a server: what is not known here may be an address in some notation that the system knows."""
        self.asked.append(host)
        answers = self._names.get(host)
        if answers is not None:
            return answers.pop(0) if len(answers) > 1 else answers[0]
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(entry[4][0]) for entry in found]

    def outside(self, allowed: Allowed = is_allowed, **transport: Any) -> Outside:
        """What is tested, where PUBLIC alone is the internet, with a configuration's `transport`."""
        ways = Ways(Config.model_validate({"transport": transport}), {})
        return Outside(ways, allowed=allowed, resolve=self.resolve)


class At(Peer):
    """A server at another address than the usual one."""

    def __init__(self, serve: Serve, host: str, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(serve, tls)
        self._place = (host, port)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, *self._place, ssl=self._tls)
        host, port = self._server.sockets[0].getsockname()[:2]
        self.origin = Origin("https" if self._tls else "http", host, port)
        return self


async def refused(outside: Outside, url: str, *, limit: int = LIMIT, seconds: float = SECONDS) -> str:
    """Why a URL is not fetched."""
    with pytest.raises(OutsideError) as caught:
        await outside.get(url, limit, seconds)
    return str(caught.value)


async def refused_post(outside: Outside, url: str, near: Origin, *, seconds: float = SECONDS) -> str:
    """Why nothing is sent to a URL."""
    with pytest.raises(OutsideError) as caught:
        await outside.post(url, [], b"body", seconds, near)
    return str(caught.value)


def to(location: str, status: int = 302) -> bytes:
    """An answer that redirects."""
    return b"HTTP/1.1 %d X\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % (status, location.encode())


def shows(leaf: trustme.LeafCert) -> ssl.SSLContext:
    """A server's context with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context
