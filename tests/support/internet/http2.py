"""HTTP/2 (RFC 9113)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tests.support.internet.pages import Asked, Header, Reply

READ_SIZE = 65536
type Take = Callable[[Asked, str], Reply]


class Connection:
    """One connection: requests are gathered, answered by a task each, and written as the peer's windows allow."""

    def __init__(self, writer: asyncio.StreamWriter, take: Take) -> None:
        config = h2.config.H2Configuration(client_side=False, header_encoding=None)
        self._h2 = h2.connection.H2Connection(config)
        self._writer, self._take = writer, take
        self._asked: dict[int, tuple[list[Header], bytearray]] = {}
        self._window = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Sends the preface."""
        self._h2.initiate_connection()
        self._flush()

    async def receive(self, data: bytes) -> None:
        """Takes what came."""
        for event in self._h2.receive_data(data):
            self._handle(event)
        self._flush()
        async with self._window:
            self._window.notify_all()

    def _handle(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._asked[event.stream_id] = (list(event.headers), bytearray())
        elif isinstance(event, h2.events.DataReceived):
            self._asked[event.stream_id][1].extend(event.data)
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            task = asyncio.create_task(self._answer(event.stream_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, stream: int) -> None:
        headers, body = self._asked.pop(stream)
        reply = self._take(asked_of("2", headers, bytes(body)), self._writer.get_extra_info("sockname")[0])
        try:
            self._h2.send_headers(stream, fields_of(reply))
            async for piece in reply.pieces:
                await self._send(stream, piece)
            self._h2.end_stream(stream)
            self._flush()
        except (h2.exceptions.ProtocolError, ConnectionError):
            pass

    async def _send(self, stream: int, data: bytes) -> None:
        while data:
            async with self._window:
                await self._window.wait_for(lambda: self._h2.local_flow_control_window(stream) > 0)
            size = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
            self._h2.send_data(stream, data[:size])
            data = data[size:]
            self._flush()
            await self._writer.drain()

    def _flush(self) -> None:
        self._writer.write(self._h2.data_to_send())

    def end(self) -> None:
        """Gives up what is still being answered."""
        for task in self._tasks:
            task.cancel()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Take) -> None:
    """One connection, until it ends."""
    connection = Connection(writer, take)
    connection.begin()
    try:
        while data := await reader.read(READ_SIZE):
            await connection.receive(data)
    except h2.exceptions.ProtocolError:
        pass
    finally:
        connection.end()


def asked_of(version: str, headers: list[Header], body: bytes) -> Asked:
    """A request from its pseudo-fields and fields."""
    pseudo = {name: value for name, value in headers if name.startswith(b":")}
    host = pseudo.get(b":authority", b"").decode("latin-1")
    scheme = pseudo[b":scheme"].decode("latin-1")
    return Asked(version, scheme, pseudo[b":method"], pseudo[b":path"], host, headers, body)


def fields_of(reply: Reply) -> list[Header]:
    """An answer's fields with the pseudo-field."""
    named = [(name.lower(), value) for name, value in reply.headers]
    length = [] if reply.length is None else [(b"content-length", b"%d" % reply.length)]
    return [(b":status", b"%d" % reply.status), *named, *length]
