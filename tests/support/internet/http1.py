"""HTTP/1.1 read to the byte (RFC 9112), and the way to HTTP/2 and WebSocket."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.http import field_of, parse_head
from tests.support.internet import http2, websocket
from tests.support.internet.accounts import Accounts
from tests.support.internet.journal import Journal
from tests.support.internet.pages import Asked, Header, Reply, answer, whole
from tests.support.internet.providers import provided


class Web:
    """The web servers of this internet, with TLS and without. While `no_websocket` exists they refuse to upgrade."""

    def __init__(self, journal: Journal, no_websocket: Path) -> None:
        self._journal = journal
        self._no_websocket = no_websocket
        self._accounts = Accounts()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""
        tls = writer.get_extra_info("ssl_object")
        scheme = "https" if tls else "http"
        try:
            if tls and tls.selected_alpn_protocol() == "h2":
                await http2.serve(reader, writer, self.take)
            else:
                while await self._one(reader, writer, scheme):
                    pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def take(self, asked: Asked, to: str) -> Reply:
        """Writes a request down and answers it."""
        self._journal.note(
            "http",
            version=asked.version,
            scheme=asked.scheme,
            to=to,
            host=asked.host,
            method=asked.method.decode("latin-1"),
            target=asked.target.decode("latin-1"),
            headers=texts(asked.headers),
            size=len(asked.body),
        )
        return self._accounts.answer(asked) or provided(asked) or answer(asked)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, scheme: str) -> bool:
        """One exchange; whether another one may follow."""
        head = await reader.readuntil(b"\r\n\r\n")
        line, headers = parse_head(head)
        method, target, _ = line.split(b" ")
        host = (field_of(headers, "host") or b"").decode("latin-1")
        to = writer.get_extra_info("sockname")[0]
        if (field_of(headers, "upgrade") or b"").lower() == b"websocket":
            fields = texts(headers)
            self._journal.note(
                "websocket", scheme=scheme, to=to, host=host, target=target.decode("latin-1"), headers=fields
            )
            if self._no_websocket.exists():
                await send(writer, whole(426, b"text/plain", b"not by WebSocket"), method)
                return True
            asked = Asked("1.1", scheme, method, target, host, headers, b"", line)
            if refusal := self._accounts.answer(asked):
                await send(writer, refusal, method)
                return True
            await websocket.serve(reader, writer, head, self._journal, websocket.spoken_at(host, target))
            return False
        asked = Asked("1.1", scheme, method, target, host, headers, await body_of(reader, headers), line)
        await send(writer, self.take(asked, to), method)
        return (field_of(headers, "connection") or b"").lower() != b"close"


def texts(headers: list[Header]) -> list[list[str]]:
    """Fields as the journal has them."""
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]


async def body_of(reader: asyncio.StreamReader, headers: list[tuple[bytes, bytes]]) -> bytes:
    """A request's body, whichever way it is framed."""
    if (field_of(headers, "transfer-encoding") or b"").lower() != b"chunked":
        return await reader.readexactly(int(field_of(headers, "content-length") or 0))
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return body


async def send(writer: asyncio.StreamWriter, reply: Reply, method: bytes) -> None:
    """Writes an answer: with its length, or chunked where that is not known."""
    chunked = reply.length is None
    framing = (b"Transfer-Encoding", b"chunked") if chunked else (b"Content-Length", b"%d" % (reply.length or 0))
    lines = [b"HTTP/1.1 %d Odd Reason" % reply.status]
    lines += [name + b": " + value for name, value in [*reply.headers, framing]]
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
    if method != b"HEAD":
        async for piece in reply.pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked and piece else piece)
            await writer.drain()
        writer.write(b"0\r\n\r\n" if chunked else b"")
    await writer.drain()
