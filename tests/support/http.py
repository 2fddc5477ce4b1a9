"""HTTP/1.1 messages read from and written to sockets without losing a byte (RFC 9112), for both ends of a test."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

type Header = tuple[bytes, bytes]

LIMIT = 65536


class Closed(Exception):
    """The peer closed (or reset) the connection before the message was whole."""


class Wire:
    """A socket with a buffer. Keeps everything that came in `raw` until `take_raw`."""

    def __init__(self, sock: socket.socket, timeout: float | None = 20.0) -> None:
        self.sock = sock
        self.sock.settimeout(timeout)
        self.buffer = b""
        self.raw = bytearray()

    def take_raw(self) -> bytes:
        """What came since the last call, as it came."""
        raw, self.raw = bytes(self.raw), bytearray()
        return raw

    def more(self) -> None:
        """Reads once; raises Closed at the end of the stream."""
        try:
            data = self.sock.recv(LIMIT)
        except (ConnectionError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise Closed(str(error)) from error
        if not data:
            raise Closed("end of stream")
        self.buffer += data
        self.raw += data

    def until(self, mark: bytes) -> bytes:
        """Everything up to and including `mark`."""
        while mark not in self.buffer:
            self.more()
        head, _, self.buffer = self.buffer.partition(mark)
        return head + mark

    def exactly(self, count: int) -> Iterator[bytes]:
        """`count` bytes in the pieces in which they come."""
        while count:
            if not self.buffer:
                self.more()
            piece, self.buffer = self.buffer[:count], self.buffer[count:]
            count -= len(piece)
            yield piece

    def chunks(self) -> Iterator[bytes]:
        """The data of a chunked body (RFC 9112 §7.1), trailers read and dropped."""
        while size := int(self.until(b"\r\n").split(b";")[0], 16):
            yield from self.exactly(size)
            self.until(b"\r\n")
        while self.until(b"\r\n") != b"\r\n":
            pass

    def rest(self) -> Iterator[bytes]:
        """All until the peer closes in order."""
        while True:
            if self.buffer:
                piece, self.buffer = self.buffer, b""
                yield piece
            try:
                self.more()
            except Closed:
                return

    def close(self) -> None:
        """Closes the socket."""
        self.sock.close()


def parse_head(head: bytes) -> tuple[bytes, list[Header]]:
    """The start line and the fields of a message head, whose values lose only the optional white space around them."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    return first, [(name, value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in lines)]


def field_of(headers: Iterable[Header], name: str) -> bytes | None:
    """The first value of a field."""
    return next((value for key, value in headers if key.lower() == name.lower().encode()), None)


def fields_of(headers: Iterable[Header], name: str) -> list[bytes]:
    """All values of a field."""
    return [value for key, value in headers if key.lower() == name.lower().encode()]


@dataclass
class Response:
    """An answer as it came. `pieces` are (seconds since the request was sent, bytes of the body)."""

    status: int
    reason: bytes
    headers: list[Header]
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    complete: bool = True
    interim: list[int] = field(default_factory=list)
    raw: bytes = b""

    @property
    def body(self) -> bytes:
        """The body without its transfer coding."""
        return b"".join(data for _, data in self.pieces)

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def field(self, name: str) -> bytes | None:
        """The first value of a header field."""
        return field_of(self.headers, name)

    def fields(self, name: str) -> list[bytes]:
        """All values of a header field."""
        return fields_of(self.headers, name)


def request_bytes(
    method: str,
    target: bytes | str,
    headers: Iterable[Header] = (),
    body: bytes | None = None,
    *,
    chunks: Iterable[bytes] | None = None,
    host: str = "127.0.0.1",
) -> bytes:
    """A request on the wire: with `body` a content-length is added, with `chunks` the body is chunked."""
    target = target.encode() if isinstance(target, str) else target
    lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: " + host.encode()]
    lines += [name + b": " + value for name, value in headers]
    if chunks is not None:
        lines.append(b"Transfer-Encoding: chunked")
        body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks if chunk) + b"0\r\n\r\n"
    elif body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


class Client(Wire):
    """One client connection. Nothing is added to what the test sends."""

    def __init__(self, port: int, host: str = "127.0.0.1", timeout: float = 20.0) -> None:
        super().__init__(socket.create_connection((host, port), timeout=timeout), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = time.monotonic()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Writes all of `data`; a peer that no longer listens is no error, its answer is what counts."""
        self.sent_at = time.monotonic()
        with contextlib.suppress(ConnectionError):
            self.sock.sendall(data)

    def head(self) -> Response:
        """Reads up to the end of the final response's head, noting interim ones (RFC 9110 §15.2)."""
        interim: list[int] = []
        while True:
            line, headers = parse_head(self.until(b"\r\n\r\n"))
            _, status, *reason = line.split(b" ", 2)
            if int(status) >= 200 or int(status) == 101:
                return Response(int(status), reason[0] if reason else b"", headers, interim=interim)
            interim.append(int(status))

    def pieces(self, response: Response, method: str = "GET") -> Iterator[bytes]:
        """The body in the pieces in which it comes; also appended to `response`."""
        length = response.field("content-length")
        if method == "HEAD" or response.status in (101, 204, 304):
            source: Iterator[bytes] = iter(())
        elif (response.field("transfer-encoding") or b"").lower() == b"chunked":
            source = self.chunks()
        else:
            source = self.rest() if length is None else self.exactly(int(length))
        for piece in source:
            response.pieces.append((time.monotonic() - self.sent_at, piece))
            yield piece

    def response(self, method: str = "GET") -> Response:
        """Reads one whole response; one that breaks off has `complete` False."""
        response = self.head()
        try:
            for _ in self.pieces(response, method):
                pass
        except Closed:
            response.complete = False
        response.raw = self.take_raw()
        return response

    def closed_within(self, seconds: float) -> bool:
        """True if the peer closes the connection in time, sending nothing more."""
        self.sock.settimeout(seconds)
        try:
            return self.buffer == b"" and self.sock.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


def ask(
    port: int,
    method: str,
    target: bytes | str,
    headers: Iterable[Header] = (),
    body: bytes | None = None,
    *,
    chunks: Iterable[bytes] | None = None,
    timeout: float = 20.0,
) -> Response:
    """One request on a connection of its own."""
    with Client(port, timeout=timeout) as client:
        client.send(request_bytes(method, target, headers, body, chunks=chunks))
        return client.response(method)
