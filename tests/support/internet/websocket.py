"""A WebSocket (RFC 6455) that echoes every message, or speaks for an LLM provider."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tests.support.internet import providers
from tests.support.internet.journal import Journal

READ_SIZE = 65536
type Speak = Callable[[bytes], Iterator[str]]


def spoken_at(host: str, target: bytes) -> Speak | None:
    """Who speaks at an address; None: the echo."""
    path = target.partition(b"?")[0]
    return providers.spoken if host in providers.HOSTS and path.endswith(b"/responses") else None


async def serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, journal: Journal, speak: Speak | None
) -> None:
    """One connection whose opening request has been read already."""
    protocol = ServerProtocol()
    protocol.receive_data(head)
    while True:
        for event in protocol.events_received():
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
            elif isinstance(event, Frame):
                reply(protocol, event, journal, speak)
        for data in protocol.data_to_send():
            writer.write(data)
        await writer.drain()
        if protocol.close_expected() or not (data := await reader.read(READ_SIZE)):
            return
        protocol.receive_data(data)


def reply(protocol: ServerProtocol, frame: Frame, journal: Journal, speak: Speak | None) -> None:
    """Answers a message; pings and closes are answered by the protocol."""
    if frame.opcode not in (Opcode.TEXT, Opcode.BINARY):
        return
    data = bytes(frame.data)
    journal.note("message", text=frame.opcode is Opcode.TEXT, data=data.decode("latin-1"))
    if speak is not None:
        for text in speak(data):
            protocol.send_text(text.encode())
        return
    (protocol.send_text if frame.opcode is Opcode.TEXT else protocol.send_binary)(data)
