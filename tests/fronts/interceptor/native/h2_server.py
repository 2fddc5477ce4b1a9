"""An HTTP/2 upstream over TLS that keeps what it saw and answers what the test scripted."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, Event, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError

type Fields = list[tuple[bytes, bytes]]


@dataclass
class Seen:
    headers: Fields
    body: bytes = b""


@dataclass
class Answer:
    headers: Fields = field(default_factory=lambda: [(b":status", b"200")])
    body: bytes = b""
    reset: int | None = None
    """The error code of a RST_STREAM in place of an answer."""
    hang_up: bool = False
    """Whether the connection ends instead."""


type Script = Callable[[Seen], Answer]


class H2Server:
    def __init__(self, script: Script, context: ssl.SSLContext) -> None:
        context.set_alpn_protocols(["h2"])
        self.script, self._context = script, context
        self.requests: list[Seen] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError, ProtocolError):
            sock = self._context.wrap_socket(plain, server_side=True)
            connection = H2Connection(
                H2Configuration(client_side=False, header_encoding=None, normalize_inbound_headers=False)
            )
            connection.initiate_connection()
            open_streams: dict[int, Seen] = {}
            left: dict[int, bytes] = {}
            while True:
                sock.sendall(connection.data_to_send())
                data = sock.recv(65536)
                if not data:
                    return
                for event in connection.receive_data(data):
                    if self._heard(connection, event, open_streams, left):
                        sock.close()
                        return
                for stream in list(left):
                    self._send(connection, stream, left)

    def _heard(
        self, connection: H2Connection, event: Event, open_streams: dict[int, Seen], left: dict[int, bytes]
    ) -> bool:
        """True if the connection is to end."""
        if isinstance(event, RequestReceived):
            open_streams[event.stream_id] = Seen([(bytes(name), bytes(value)) for name, value in event.headers])
        elif isinstance(event, DataReceived):
            open_streams[event.stream_id].body += event.data
            connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded):
            seen = open_streams.pop(event.stream_id)
            self.requests.append(seen)
            return self._answer(connection, event.stream_id, self.script(seen), left)
        return isinstance(event, ConnectionTerminated)

    def _answer(self, connection: H2Connection, stream: int, answer: Answer, left: dict[int, bytes]) -> bool:
        if answer.hang_up:
            return True
        if answer.reset is not None:
            connection.reset_stream(stream, answer.reset)
            return False
        connection.send_headers(stream, answer.headers)
        left[stream] = answer.body
        return False

    def _send(self, connection: H2Connection, stream: int, left: dict[int, bytes]) -> None:
        while (body := left[stream]) and (room := connection.local_flow_control_window(stream)) > 0:
            piece = body[: min(room, connection.max_outbound_frame_size)]
            connection.send_data(stream, piece)
            left[stream] = body[len(piece) :]
        if not left[stream]:
            connection.end_stream(stream)
            del left[stream]
