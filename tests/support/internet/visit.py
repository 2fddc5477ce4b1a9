"""A client of HTTP/3 and WebSocket: `python -m tests.support.internet.visit (h3|ws) URL [MESSAGE]`.

Prints what it got: the body, or the echo. Certificates are verified with the file that SSL_CERT_FILE names.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from typing import Any
from urllib.parse import urlsplit

from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent

SECONDS = 10.0


class Get(QuicConnectionProtocol):
    """One GET on one connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._h3 = H3Connection(self._quic)
        self._body = b""
        self.done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def ask(self, authority: str, path: str) -> None:
        """Sends the request."""
        stream = self._quic.get_next_available_stream_id()
        names = {":method": "GET", ":scheme": "https", ":authority": authority, ":path": path}
        fields = [(name.encode(), value.encode()) for name, value in names.items()]
        self._h3.send_headers(stream, fields, end_stream=True)
        self.transmit()

    def quic_event_received(self, event: QuicEvent) -> None:
        """Gathers the answer."""
        for h3_event in self._h3.handle_event(event):
            if isinstance(h3_event, DataReceived):
                self._body += h3_event.data
                if h3_event.stream_ended and not self.done.done():
                    self.done.set_result(self._body)


def get3(host: str, port: int, name: str, path: str, seconds: float, *, verify: bool = False) -> bytes:
    """The body of a GET over HTTP/3 from an address, by a name. Raises TimeoutError and ConnectionError."""
    return asyncio.run(asyncio.wait_for(_get3(host, port, name, path, verify), seconds))


async def _get3(host: str, port: int, name: str, path: str, verify: bool) -> bytes:
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, server_name=name)
    configuration.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    if verify:
        configuration.load_verify_locations(os.environ["SSL_CERT_FILE"])
    async with connect(host, port, configuration=configuration, create_protocol=Get) as client:
        assert isinstance(client, Get)
        client.ask(name, path)
        return await client.done


async def websocket(url: str, message: str) -> str:
    """The echo of a message over a WebSocket. Not by the synchronous client, which reads in one thread and writes in
    another: where nothing keeps these apart they spoil each other's TLS (python/cpython#134698, #143756)."""
    from websockets.asyncio.client import connect as connect_websocket

    async with connect_websocket(url, open_timeout=SECONDS) as connection:
        await connection.send(message)
        return str(await asyncio.wait_for(connection.recv(), SECONDS))


def main() -> None:
    """Does what the command line says."""
    kind, url, *message = sys.argv[1:]
    if kind == "ws":
        print(asyncio.run(websocket(url, *message)))
    else:
        parts = urlsplit(url)
        name = parts.hostname or ""
        sys.stdout.buffer.write(get3(name, parts.port or 443, name, parts.path, SECONDS, verify=True))


if __name__ == "__main__":
    main()
