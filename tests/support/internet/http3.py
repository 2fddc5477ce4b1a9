"""HTTP/3 (RFC 9114)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aioquic.asyncio import QuicConnectionProtocol, serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, QuicEvent

from tests.support.internet.http2 import Take, asked_of, fields_of
from tests.support.internet.pages import Header


class Quic(QuicConnectionProtocol):
    """One connection."""

    take: Take

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._h3: H3Connection | None = None
        self._asked: dict[int, tuple[list[Header], bytearray]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def quic_event_received(self, event: QuicEvent) -> None:
        """Takes what came."""
        if isinstance(event, ProtocolNegotiated):
            self._h3 = H3Connection(self._quic)
        if self._h3 is not None:
            for h3_event in self._h3.handle_event(event):
                self._handle(h3_event)

    def _handle(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            self._asked[event.stream_id] = (list(event.headers), bytearray())
        elif isinstance(event, DataReceived):
            self._asked[event.stream_id][1].extend(event.data)
        if isinstance(event, HeadersReceived | DataReceived) and event.stream_ended:
            task = asyncio.create_task(self._answer(event.stream_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, stream: int) -> None:
        headers, body = self._asked.pop(stream)
        reply = self.take(asked_of("3", headers, bytes(body)), "")
        assert self._h3 is not None
        self._h3.send_headers(stream, fields_of(reply))
        async for piece in reply.pieces:
            self._h3.send_data(stream, piece, end_stream=False)
            self.transmit()
        self._h3.send_data(stream, b"", end_stream=True)
        self.transmit()


async def listen(host: str, port: int, certificate: tuple[Path, Path], take: Take) -> None:
    """Serves from now on."""
    configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    configuration.load_cert_chain(*certificate)
    answering = type("Answering", (Quic,), {"take": staticmethod(take)})
    await serve(host, port, configuration=configuration, create_protocol=answering)
