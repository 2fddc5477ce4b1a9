"""Answers onto a client's connection, no faster than the client reads them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

from ccproxy.exchange import Headers, HttpRequest
from ccproxy.fronts.response_head import CONTINUE, Framing, field_lines, render, render_interim, render_upgrade
from ccproxy.gateway.reply import Body, BodyBroken, Reply, Tunnel

LINGER = 2.0
"""Seconds in which a client that is still sending may read the answer that ends its connection."""


class ClientWriter:
    """Writes replies to one transport. The methods that write a reply say whether the connection may go on."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._paused = False
        self._drained: asyncio.Future[None] | None = None

    def pause(self) -> None:
        """The client does not read: no more for now."""
        self._paused = True

    def resume(self) -> None:
        """The client reads again, or is gone."""
        self._paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def proceed(self) -> None:
        """Tells a client that waits for leave to send its body (RFC 9110 §10.1.1)."""
        self._transport.write(CONTINUE)

    def answer(self, reply: Reply, body: bytes, request: HttpRequest, keep_alive: bool) -> bool:
        """A body at once."""
        framing = Framing(reply, request.method, request.http_version, keep_alive)
        head = render(reply, framing, request.http_version)
        self._transport.write(head if framing.bodiless else head + body)
        return framing.keep_alive

    def interim(self, status: int, reason: bytes, headers: Headers) -> None:
        """An interim answer of the provider (RFC 9110 §15.2), at once. For clients that know HTTP/1.1."""
        if not self._transport.is_closing():
            self._transport.write(render_interim(status, reason, headers))

    async def stream(
        self, reply: Reply, body: Body, request: HttpRequest, keep_alive: bool, *, trailers: bool = False
    ) -> bool:
        """A body in chunks, each as soon as it is there; what is there at the same time shares a packet. Its trailers
        come behind it, if wanted and if there is a place for them."""
        framing = Framing(reply, request.method, request.http_version, keep_alive)
        unsent = render(reply, framing, request.http_version)
        try:
            if not body.ready:
                self._transport.write(unsent)
                unsent = b""
            async for chunk in body:
                if chunk:  # an empty one would end a chunked body
                    unsent += b"%x\r\n%b\r\n" % (len(chunk), chunk) if framing.chunked else chunk
                if body.ready or not unsent:
                    continue
                self._transport.write(unsent)
                unsent = b""
                if self._paused:
                    await self._drain()
            if framing.chunked:
                unsent += b"0\r\n%b\r\n" % field_lines(body.trailers if trailers else [])
            self._transport.write(unsent)
        except BodyBroken:
            self._transport.write(unsent)  # all that came
            self._break_off(framing)
            return False
        finally:
            body.close()
        return framing.keep_alive

    def _break_off(self, framing: Framing) -> None:
        """The one way to tell a client that what it has is not the whole; without framing, only a reset says so."""
        if not (framing.chunked or framing.length_known):
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def tunnel(self, reply: Reply, tunnel: Tunnel) -> None:
        """The provider's side of an upgraded connection, until it hangs up."""
        try:
            self._transport.write(render_upgrade(reply))
            async for data in tunnel:
                self._transport.write(data)
                if self._paused:
                    await self._drain()
        finally:
            tunnel.close()
            self._transport.close()

    def linger(self) -> None:
        """Ends the connection so that a client which is still sending can read the answer (RFC 9112 §9.6)."""
        if not self._transport.is_closing():
            with contextlib.suppress(OSError, RuntimeError):
                self._transport.write_eof()
            asyncio.get_running_loop().call_later(LINGER, self._transport.abort)

    async def _drain(self) -> None:
        self._drained = asyncio.get_running_loop().create_future()
        try:
            await self._drained
        finally:
            self._drained = None
