"""An upstream that keeps the exact bytes of every request and answers what the test scripted, right or wrong."""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.support.http import Closed, Header, Wire, field_of, parse_head


@dataclass(frozen=True)
class Recorded:
    """A request as it came. `raw` holds all its bytes, `connection` numbers the connections from 0."""

    method: str
    target: bytes
    headers: list[Header]
    body: bytes
    raw: bytes
    connection: int
    at: float

    def field(self, name: str) -> bytes | None:
        """The first value of a header field."""
        return field_of(self.headers, name)


@dataclass(frozen=True)
class Send:
    """Writes bytes."""

    data: bytes


@dataclass(frozen=True)
class Wait:
    """Does nothing for some seconds."""

    seconds: float


@dataclass(frozen=True)
class Reset:
    """Aborts the connection with a TCP reset."""


@dataclass(frozen=True)
class Close:
    """Closes the connection in order."""


@dataclass(frozen=True)
class Hang:
    """Neither answers nor closes, until the peer closes."""


@dataclass(frozen=True)
class Flood:
    """Writes the same bytes as fast as the peer takes them, until the peer closes or `limit` bytes have gone."""

    data: bytes
    limit: int


type Step = Send | Wait | Reset | Close | Hang | Flood
type Script = Callable[[Recorded], Iterable[Step]]


class Upstream:
    """A threaded server on a free port of 127.0.0.1. `script` is asked for every request; tests replace it."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.tls = tls
        self.requests: list[Recorded] = []
        self.connections = 0
        self.live: dict[int, socket.socket] = {}
        self.left: list[tuple[int, float]] = []
        """(connection, time.monotonic()) of each close by the peer in the middle of an answer."""
        self.flooded = 0
        """Bytes written by Flood steps."""
        self._stopped = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Stops accepting and closes every connection."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.drop()

    def drop(self) -> None:
        """Closes all connections, as a server does with idle ones."""
        for sock in list(self.live.values()):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def forget(self) -> None:
        """Clears the record."""
        self.requests.clear()
        self.left.clear()

    def _accept(self) -> None:
        for number in itertools.count():
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        self.live[number] = sock
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = Wire(self.tls.wrap_socket(sock, server_side=True) if self.tls else sock, None)
            self.live[number] = wire.sock
            while self._play(wire, self._read(wire, number)):
                pass
        except (Closed, OSError, ValueError):
            pass
        finally:
            self.live.pop(number).close()

    def _read(self, wire: Wire, number: int) -> Recorded:
        head = wire.until(b"\r\n\r\n")
        line, headers = parse_head(head)
        method, target, _ = line.split(b" ")
        if (field_of(headers, "transfer-encoding") or b"").lower() == b"chunked":
            body = b"".join(wire.chunks())
        else:
            body = b"".join(wire.exactly(int(field_of(headers, "content-length") or 0)))
        raw = wire.take_raw()
        request = Recorded(method.decode(), target, headers, body, raw, number, time.monotonic())
        self.requests.append(request)
        return request

    def _play(self, wire: Wire, request: Recorded) -> bool:
        """Carries out the script; True if the connection is to be kept."""
        for step in self.script(request):
            try:
                if not self._step(wire, step):
                    return False
            except (ConnectionError, ssl.SSLError):
                self.left.append((request.connection, time.monotonic()))
                return False
        return True

    def _step(self, wire: Wire, step: Step) -> bool:
        match step:
            case Send(data):
                wire.sock.sendall(data)
            case Wait(seconds):
                self._watch(wire, seconds)
            case Reset():
                wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            case Close():
                return False
            case Hang():
                self._watch(wire, 60.0)
                return False
            case Flood(data, limit):
                self.flooded = 0
                while self.flooded < limit:
                    wire.sock.sendall(data)
                    self.flooded += len(data)
        return True

    def _watch(self, wire: Wire, seconds: float) -> None:
        """Waits, and raises ConnectionError as soon as the peer closes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._stopped.is_set():
            readable, _, _ = select.select([wire.sock], [], [], min(left, 0.5))
            if readable and not wire.sock.recv(65536):
                raise ConnectionError("the peer closed")
