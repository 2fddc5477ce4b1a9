"""A server on the test's own loop, which a test writes as a coroutine for each connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Self

import uvloop

from ccproxy.exchange import HttpRequest, Origin
from ccproxy.transport.upstream import Timeouts, Upstream
from tests.support.http import Header, field_of, parse_head

SECONDS = 20
"""No test takes longer."""


def run_on(loop: str, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a test on `asyncio` or `uvloop`; what a loop would only log is a failure."""
    problems: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
        async with asyncio.timeout(SECONDS):
            await main()

    factory = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}[loop]
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(watched())
    assert not problems, problems


def get(target: bytes = b"/", method: str = "GET", body: bytes = b"") -> HttpRequest:
    """A request as the gateway hands it to a carrier."""
    headers: list[Header] = [(b"Host", b"x")]
    if body:
        headers.append((b"Content-Length", b"%d" % len(body)))
    return HttpRequest(method, target, headers, body)


def ok(body: bytes = b"", *fields: bytes) -> bytes:
    """A whole answer."""
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (
        b"".join(field + b"\r\n" for field in fields),
        len(body),
        body,
    )


@dataclass
class Seen:
    """A request as it came."""

    line: bytes
    headers: list[Header]
    body: bytes = b""

    @property
    def target(self) -> bytes:
        """The request-target."""
        return self.line.split(b" ")[1]


class Link:
    """One connection, from the server's side. `number` counts them from 0."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.reader, self.writer, self.number = reader, writer, number

    async def head(self) -> Seen:
        """Reads a request's head. Raises ConnectionError once the peer has closed."""
        try:
            data = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            raise ConnectionError("closed") from None
        return Seen(*parse_head(data))

    async def request(self) -> Seen:
        """Reads a whole request."""
        seen = await self.head()
        seen.body = await self.reader.readexactly(int(field_of(seen.headers, "content-length") or 0))
        return seen

    async def send(self, *pieces: bytes, pause: float = 0.0) -> None:
        """Writes pieces, each for itself."""
        for piece in pieces:
            if self.writer.is_closing():
                raise ConnectionError("closed")
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(pause)

    async def closed(self) -> None:
        """Waits until the peer closes."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self) -> None:
        """Aborts with a TCP reset, unless it is closed already."""
        if self.writer.is_closing():
            return
        sock = self.writer.get_extra_info("socket")
        with socket.socket(fileno=socket.dup(sock.fileno())) as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


type Serve = Callable[[Link], Awaitable[None]]


class Peer:
    """Serves every connection by one coroutine; closes it when that ends."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None = None) -> None:
        self._serve, self._tls = serve, tls
        self.links: list[Link] = []
        self.ended = 0
        """Connections whose coroutine is through."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, ssl=self._tls, backlog=512)
        port = self._server.sockets[0].getsockname()[1]
        self.origin = Origin("https" if self._tls else "http", "127.0.0.1", port)
        return self

    @property
    def upstream(self) -> Upstream:
        """The way to it, with the usual limits."""
        return Upstream(self.origin)

    def within(self, connect: float = 10.0, first_byte: float = 600.0, idle: float = 300.0) -> Upstream:
        """The way to it, with limits in seconds."""
        return Upstream(self.origin, timeouts=Timeouts(connect, first_byte, idle))

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for link in self.links:
            link.writer.transport.abort()
        await asyncio.sleep(0.02)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(reader, writer, len(self.links))
        self.links.append(link)
        with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            await self._serve(link)
        self.ended += 1
        writer.close()


def always(*answer: bytes, pause: float = 0.0) -> Serve:
    """Answers every request with the same pieces."""

    async def serve(link: Link) -> None:
        while True:
            await link.request()
            await link.send(*answer, pause=pause)

    return serve


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Waits until something has come about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for is not ours to signal
            await asyncio.sleep(0.005)
