"""A TLS server that looks at each ClientHello on its socket before it shakes hands."""

from __future__ import annotations

import socket
import ssl
from typing import Any

from ccproxy.fingerprint.client_hello import ClientHello, parse_client_hello

RECORD_HEADER = 5
PEEK = socket.MSG_PEEK | socket.MSG_WAITALL


class Observer:
    """In place of an `ssl.SSLContext` where only `wrap_socket` is used. `raw` holds what was seen, in order."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self.raw: list[bytes] = []

    @property
    def hellos(self) -> list[ClientHello]:
        return [parse_client_hello(each) for each in self.raw]

    def wrap_socket(self, sock: socket.socket, *, server_side: bool) -> ssl.SSLSocket:
        header = sock.recv(RECORD_HEADER, PEEK)
        self.raw.append(sock.recv(RECORD_HEADER + int.from_bytes(header[3:5]), PEEK))
        return self._context.wrap_socket(sock, server_side=server_side)


def observer(context: ssl.SSLContext) -> Any:
    """An observer that speaks HTTP/1.1, whatever else is offered."""
    context.set_alpn_protocols(["http/1.1"])
    return Observer(context)
