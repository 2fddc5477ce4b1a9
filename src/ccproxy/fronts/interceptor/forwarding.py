"""Queries that are passed on to a name server as they are."""

from __future__ import annotations

import asyncio
import struct

from mitmproxy.dns import DNSMessage

PORT = 53
TRY_SECONDS = 2.0
TRIES = 2
LENGTH = struct.Struct("!H")


async def forward(query: DNSMessage, server: str, tcp: bool, port: int = PORT) -> DNSMessage:
    """A name server's answer. Raises OSError (TimeoutError is one), ValueError and struct.error."""
    exchange = _over_tcp if tcp else _over_udp
    answer = await exchange(query.packed, server, port)
    # What cannot be written again cannot be handed on.
    return DNSMessage.unpack(DNSMessage.unpack(answer).packed)


class _Socket(asyncio.DatagramProtocol):
    """Waits for a datagram that begins with a certain number."""

    def __init__(self, number: bytes) -> None:
        self._number = number
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data[:2] == self._number and not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _over_udp(packed: bytes, server: str, port: int) -> bytes:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: _Socket(packed[:2]), remote_addr=(server, port))
    try:
        for _ in range(TRIES):
            transport.sendto(packed)
            done, _ = await asyncio.wait([protocol.answer], timeout=TRY_SECONDS)
            if done:
                return protocol.answer.result()
        raise TimeoutError(f"the name server {server} does not answer")
    finally:
        protocol.answer.cancel()
        transport.close()


async def _over_tcp(packed: bytes, server: str, port: int) -> bytes:
    async with asyncio.timeout(TRIES * TRY_SECONDS):
        reader, writer = await asyncio.open_connection(server, port)
        try:
            writer.write(LENGTH.pack(len(packed)) + packed)
            (size,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
            return await reader.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError(f"the name server {server} hung up") from error
        finally:
            writer.close()
