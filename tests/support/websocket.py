"""A WebSocket upstream (RFC 6455) that echoes and keeps what it saw."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

if TYPE_CHECKING:
    from websockets.http11 import Request


class EchoServer:
    """Sends every message back; the text `close 4001 why` makes it close with that code and reason."""

    def __init__(self) -> None:
        self.handshakes: list[Request] = []
        self.closes: list[tuple[int | None, str | None]] = []
        self._server = serve(
            self._handle,
            "127.0.0.1",
            0,
            select_subprotocol=lambda _, offered: offered[0] if offered else None,
            ping_interval=None,
        )
        self.port: int = self._server.socket.getsockname()[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Closes everything."""
        self._server.shutdown()

    def _handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.handshakes.append(connection.request)
        try:
            for message in connection:
                if isinstance(message, str) and message.startswith("close "):
                    _, code, reason = message.split(" ")
                    connection.close(int(code), reason)
                else:
                    connection.send(message)
        except ConnectionClosed:
            pass
        self.closes.append((connection.close_code, connection.close_reason))
