"""An HTTP/2 server over TLS on the test's own loop, which a test writes as a coroutine for each stream."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from typing import Self

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from ccproxy.exchange import Origin
from tests.support.http import Header


class Stream:
    """One request, and the means to answer it. `number` counts the requests of a connection from 0."""

    def __init__(self, connection: Connection, stream_id: int, fields: list[Header], number: int) -> None:
        self.connection, self.id, self.fields, self.number = connection, stream_id, fields, number
        self.body = b""
        self.ended, self.reset_by_client = asyncio.Event(), asyncio.Event()
        self.window = asyncio.Event()
        self.sent = 0

    @property
    def pseudo(self) -> dict[bytes, bytes]:
        """The pseudo header fields."""
        return {name: value for name, value in self.fields if name.startswith(b":")}

    @property
    def headers(self) -> list[Header]:
        """The other fields, as they came."""
        return [field for field in self.fields if not field[0].startswith(b":")]

    def head(self, status: int, *fields: Header, end: bool = False) -> None:
        """Sends a head, an interim one for 1xx."""
        self._do(lambda h: h.send_headers(self.id, [(b":status", b"%d" % status), *fields], end_stream=end))

    def trailers(self, *fields: Header) -> None:
        """Ends the answer with trailers."""
        self._do(lambda h: h.send_headers(self.id, list(fields), end_stream=True))

    async def data(self, data: bytes, *, end: bool = False) -> None:
        """Sends a piece of the body, as far as the client's windows let it."""
        h = self.connection.h2
        while data:
            size = min(h.local_flow_control_window(self.id), h.max_outbound_frame_size, len(data))
            if size <= 0:
                self.window.clear()
                await self.window.wait()
                continue
            piece, data = data[:size], data[size:]
            self._do(lambda h, piece=piece: h.send_data(self.id, piece))
            self.sent += size
            await self.connection.writer.drain()
        if end:
            self._do(lambda h: h.end_stream(self.id))

    def reset(self, code: int) -> None:
        """Resets the stream."""
        self._do(lambda h: h.reset_stream(self.id, code))

    async def answer(self, body: bytes = b"", *fields: Header) -> None:
        """A whole answer, once the request is there."""
        await self.ended.wait()
        self.head(200, *fields)
        await self.data(body, end=True)

    def _do(self, act: Callable[[h2.connection.H2Connection], None]) -> None:
        act(self.connection.h2)
        self.connection.flush()


type ServeStream = Callable[[Stream], Awaitable[None]]


class Connection:
    """One connection, from the server's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, serve: ServeStream) -> None:
        self.reader, self.writer, self._serve = reader, writer, serve
        config = h2.config.H2Configuration(client_side=False, header_encoding=None, normalize_inbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        self.streams: dict[int, Stream] = {}
        self.settings: dict[int, int] = {}
        self.closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    def flush(self) -> None:
        """Writes what h2 wants to be written."""
        if not self.writer.is_closing():
            self.writer.write(self.h2.data_to_send())

    async def run(self) -> None:
        """Reads until the client closes."""
        self.h2.initiate_connection()
        self.flush()
        with contextlib.suppress(ConnectionError, ssl.SSLError, h2.exceptions.ProtocolError):
            while data := await self.reader.read(65536):
                for event in self.h2.receive_data(data):
                    self._happened(event)
                self.flush()
        self.closed = True
        for task in list(self._tasks):
            task.cancel()
        self.writer.close()

    def _happened(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            fields = [(bytes(name), bytes(value)) for name, value in event.headers]
            stream = self.streams[event.stream_id] = Stream(self, event.stream_id, fields, len(self.streams))
            task = asyncio.get_running_loop().create_task(self._answer(stream))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif isinstance(event, h2.events.DataReceived):
            self.streams[event.stream_id].body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.streams[event.stream_id].ended.set()
        elif isinstance(event, h2.events.StreamReset):
            self.streams[event.stream_id].reset_by_client.set()
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.settings |= {int(code): change.new_value for code, change in event.changed_settings.items()}
        elif isinstance(event, h2.events.WindowUpdated):
            for stream in self.streams.values():
                stream.window.set()

    async def _answer(self, stream: Stream) -> None:
        with contextlib.suppress(ConnectionError, h2.exceptions.ProtocolError):
            await self._serve(stream)


class H2Peer:
    """Serves every stream of every connection by a coroutine."""

    def __init__(self, serve: ServeStream, tls: ssl.SSLContext) -> None:
        self._serve, self._tls = serve, tls
        tls.set_alpn_protocols(["h2", "http/1.1"])
        self.connections: list[Connection] = []

    @property
    def streams(self) -> list[Stream]:
        """All requests that have come."""
        return [stream for connection in self.connections for stream in connection.streams.values()]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, ssl=self._tls, backlog=512)
        self.origin = Origin("https", "127.0.0.1", self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self.connections:
            connection.writer.transport.abort()
        await asyncio.sleep(0.02)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._serve)
        self.connections.append(connection)
        await connection.run()
