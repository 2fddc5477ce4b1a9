"""Proxies on the test's own loop: HTTP (CONNECT and absolute form) and SOCKS 5 (RFC 1928, RFC 1929)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self

from ccproxy.transport.upstream import Proxy, ProxyScheme
from tests.support.http import Header, field_of, parse_head


class ProxyPeer:
    """Forwards every connection to `target`, whatever it is asked for; with a status it refuses instead."""

    def __init__(self, target: int, scheme: ProxyScheme, refusal: int = 0) -> None:
        self._target, self._scheme, self._refusal = target, scheme, refusal
        self.asked: list[bytes] = []
        """What for: the request line, or host:port."""
        self.credentials: list[bytes] = []
        self.headers: list[list[Header]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.02)

    def proxy(self, username: str = "", password: str = "") -> Proxy:
        """How to reach it."""
        return Proxy(self._scheme, "127.0.0.1", self._server.sockets[0].getsockname()[1], username, password)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            speak = self._socks if self._scheme.startswith("socks") else self._http
            if (first := await speak(reader, writer)) is not None:
                await self._join(reader, writer, first)
        writer.close()

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        data = await reader.readuntil(b"\r\n\r\n")
        line, headers = parse_head(data)
        self.asked.append(line)
        self.headers.append(headers)
        self.credentials.append(field_of(headers, "proxy-authorization") or b"")
        if self._refusal:
            writer.write(b"HTTP/1.1 %d No\r\nX-Proxy: 1\r\nContent-Length: 0\r\n\r\n" % self._refusal)
            await writer.drain()
            return None
        if not line.startswith(b"CONNECT"):
            return data
        writer.write(b"HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n")
        return b""

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        with_password = 2 in methods
        writer.write(b"\x05\x02" if with_password else b"\x05\x00")
        if with_password:
            name = await reader.readexactly((await reader.readexactly(2))[1])
            word = await reader.readexactly((await reader.readexactly(1))[0])
            self.credentials.append(name + b":" + word)
            writer.write(b"\x01\x00")
        *_, kind = await reader.readexactly(4)
        length = (await reader.readexactly(1))[0] if kind == 3 else 4
        host = await reader.readexactly(length)
        port = int.from_bytes(await reader.readexactly(2))
        self.asked.append((host if kind == 3 else b".".join(b"%d" % part for part in host)) + b":%d" % port)
        writer.write(b"\x05%c\x00\x01\0\0\0\0\0\0" % self._refusal)
        await writer.drain()
        return None if self._refusal else b""

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        back.write(first)
        await asyncio.gather(copy(reader, back), copy(there, writer))


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Passes on what comes until it ends."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
