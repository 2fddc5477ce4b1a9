"""The reverse front in the test's own loop, between clients that are written byte by byte and real servers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ccproxy.assembly import House
from ccproxy.config import Config
from ccproxy.exchange import Exchange
from ccproxy.fronts.reverse import ReverseFront
from tests.support.http import Header, field_of, parse_head
from tests.transport.peer import Peer

KEY = b"x-api-key: sk-ant-oat-ccproxy-p\r\n"
HOST = b"Host: x\r\n"


def post(body: bytes = b"{}", *fields: bytes, target: bytes = b"/v1/messages") -> bytes:
    """A request to the provider `p`."""
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"POST %b HTTP/1.1\r\n%b%b%bContent-Length: %d\r\n\r\n%b" % (target, HOST, KEY, lines, len(body), body)


def ask(target: bytes, *fields: bytes, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    """A request without a body."""
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"%b %b HTTP/%b\r\n%b%b%b\r\n" % (method, target, version, HOST, KEY, lines)


HEALTH = ask(b"/health")


@dataclass
class Answer:
    """An answer as a client reads it."""

    status: int
    headers: list[Header]
    body: bytes
    chunked: bool

    def field(self, name: str) -> bytes | None:
        """The first value of a field."""
        return field_of(self.headers, name)


class Visitor:
    """One client connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *pieces: bytes, pause: float = 0.0) -> None:
        """Writes pieces, each for itself, as long as the other side listens."""
        for piece in pieces:
            if self.writer.is_closing():
                return
            self.writer.write(piece)
            if pause:
                await asyncio.sleep(pause)

    async def answer(self, method: str = "GET") -> Answer:
        """Reads one final answer. Raises IncompleteReadError where it breaks off."""
        while True:
            line, headers = parse_head(await self.reader.readuntil(b"\r\n\r\n"))
            status = int(line.split(b" ")[1])
            if status >= 200 or status == 101:
                break
        chunked = field_of(headers, "transfer-encoding") == b"chunked"
        length = field_of(headers, "content-length")
        if method == "HEAD" or status in (101, 204, 304):
            body = b""
        elif chunked:
            body = await self._chunks()
        else:
            body = await self.reader.readexactly(int(length)) if length is not None else await self.reader.read()
        return Answer(status, headers, body, chunked)

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)
        return body

    async def ends(self) -> bool:
        """True if nothing more comes and the connection is closed in order or by a reset."""
        try:
            return await self.reader.read() == b""
        except ConnectionError:
            return True

    def leave(self) -> None:
        """Closes the connection."""
        self.writer.transport.abort()


class Served:
    """A front with a house behind it. Its provider `p` is a peer, `sim` the simulator."""

    def __init__(self, peer: Peer | None = None, **config: Any) -> None:
        url = str(peer.origin) if peer is not None else "http://127.0.0.1:9"
        providers: Mapping[str, Any] = {"p": {"type": "anthropic", "base_url": url}, "sim": {"type": "simulator"}}
        self.config = Config.model_validate({"providers": providers} | config)
        self._visitors: list[Visitor] = []

    async def __aenter__(self) -> Self:
        self.house = House(self.config)
        self.front = ReverseFront(self.house.gateway, self.config.listener)
        self.port = await self.front.start("127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        for visitor in self._visitors:
            visitor.leave()
        await self.front.stop(0)
        await self.house.transport.close()
        self.house.recorder.flush()
        await asyncio.sleep(0.02)

    async def visit(self, *data: bytes) -> Visitor:
        """Connects and sends."""
        visitor = Visitor(*await asyncio.open_connection("127.0.0.1", self.port))
        self._visitors.append(visitor)
        await visitor.send(*data)
        return visitor

    async def one(self, data: bytes, method: str = "GET") -> Answer:
        """One request on a connection of its own."""
        visitor = await self.visit(data)
        with contextlib.closing(visitor.writer):
            return await visitor.answer(method)

    @property
    def records(self) -> list[Exchange]:
        """All exchanges, oldest first."""
        return self.house.store.list()
