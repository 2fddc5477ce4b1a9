"""An HTTP/3 client: `python h3_get.py PORT PATH` prints the answer's body."""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import Any

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent

HOST = "www.example.test"


class Get(QuicConnectionProtocol):
    """One request."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._h3 = H3Connection(self._quic)
        self._body = b""
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def quic_event_received(self, event: QuicEvent) -> None:
        for h3_event in self._h3.handle_event(event):
            if isinstance(h3_event, DataReceived):
                self._body += h3_event.data
            if getattr(h3_event, "stream_ended", False) and not self.answer.done():
                self.answer.set_result(self._body)

    def ask(self, path: str) -> None:
        names = [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", HOST.encode()),
            (b":path", path.encode()),
        ]
        self._h3.send_headers(self._quic.get_next_available_stream_id(), names, end_stream=True)
        self.transmit()


async def main(port: int, path: str) -> None:
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, server_name=HOST, verify_mode=ssl.CERT_NONE)
    async with connect("127.0.0.1", port, configuration=configuration, create_protocol=Get) as client:
        assert isinstance(client, Get)
        client.ask(path)
        print((await asyncio.wait_for(client.answer, 20)).decode())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
