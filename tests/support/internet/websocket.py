"""A WebSocket (RFC 6455) that echoes every message."""

from __future__ import annotations

import asyncio

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tests.support.internet.journal import Journal

READ_SIZE = 65536


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, journal: Journal) -> None:
    """One connection whose opening request has been read already."""
    protocol = ServerProtocol()
    protocol.receive_data(head)
    while True:
        for event in protocol.events_received():
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
            elif isinstance(event, Frame):
                echo(protocol, event, journal)
        for data in protocol.data_to_send():
            writer.write(data)
        await writer.drain()
        if not (data := await reader.read(READ_SIZE)) or protocol.close_expected():
            return
        protocol.receive_data(data)


def echo(protocol: ServerProtocol, frame: Frame, journal: Journal) -> None:
    """Sends a message back; pings and closes are answered by the protocol."""
    if frame.opcode not in (Opcode.TEXT, Opcode.BINARY):
        return
    data = bytes(frame.data)
    journal.note("message", text=frame.opcode is Opcode.TEXT, data=data.decode("latin-1"))
    (protocol.send_text if frame.opcode is Opcode.TEXT else protocol.send_binary)(data)
