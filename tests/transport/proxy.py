"""An HTTP proxy on the test's own loop: tunnels by CONNECT, and forwards requests in absolute-form."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from typing import Self
from urllib.parse import urlsplit

from ccproxy.transport.upstream import Proxy
from tests.support.http import field_of, parse_head
from tests.transport.peer import Seen


class TestProxy:
    """Asks for `user:password` where that is given; answers CONNECT with `said` where that is given."""

    __test__ = False

    def __init__(self, tls: ssl.SSLContext | None = None, login: str = "", said: bytes | None = None) -> None:
        self._tls, self._login, self._said = tls, login, said
        self.seen: list[Seen] = []
        self.open = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.02)

    def proxy(self, login: str = "") -> Proxy:
        """The proxy as an upstream names it."""
        user, _, password = login.partition(":")
        return Proxy("https" if self._tls else "http", "127.0.0.1", self.port, user, password)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self._writers.append(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await self._serve(reader, writer)
        finally:
            self.open -= 1
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = await read_head(reader)
        self.seen.append(seen)
        if self._said is not None:
            writer.write(self._said)
            await reader.read()
        elif self._login and field_of(seen.headers, "proxy-authorization") != basic(self._login):
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await reader.read()
        elif seen.line.startswith(b"CONNECT "):
            host, _, port = seen.target.rpartition(b":")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await exchange(reader, writer, host.decode().removesuffix("."), int(port), b"")
        else:
            await self._forward(seen, reader, writer)

    async def _forward(self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        url = urlsplit(seen.target.decode())
        line = seen.line.replace(seen.target, (url.path or "*").encode())
        fields = b"".join(b"%b: %b\r\n" % h for h in seen.headers if h[0].lower() != b"proxy-authorization")
        await exchange(reader, writer, url.hostname or "", url.port or 80, line + b"\r\n" + fields + b"\r\n")


async def read_head(reader: asyncio.StreamReader) -> Seen:
    """A request's head. Raises IncompleteReadError once the peer has closed."""
    return Seen(*parse_head(await reader.readuntil(b"\r\n\r\n")))


def basic(login: str) -> bytes:
    """The credentials as a field's value (RFC 7617)."""
    return b"Basic " + base64.b64encode(login.encode())


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, begin: bytes
) -> None:
    """Passes bytes both ways until either side closes."""
    there, back = await asyncio.open_connection(host, port)
    back.write(begin)

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()

    ways = [asyncio.create_task(copy(reader, back)), asyncio.create_task(copy(there, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        back.transport.abort()
