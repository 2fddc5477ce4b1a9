"""A jail's connection to the daemon: asked once, held as long as the jail lives.

HTTP/1.0 over the control socket, because its answers end with the connection: the first line of the answer is the
ticket, each further one an event, and the end of the stream the end of the daemon.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ccproxy.jail.errors import JailError
from ccproxy.jail.ticket import Request, Ticket

TIMEOUT_SECONDS = 20.0
"""For the first answer: a daemon that has only just started may still be loading mitmproxy."""
PIECE = 65536


class NoDaemon(JailError):
    """Nobody listens on the control socket."""


class DaemonLink:
    """An open connection; `fileno` is readable when the daemon has something to say or is gone."""

    def __init__(self, sock: socket.socket, ticket: Ticket, rest: bytes) -> None:
        self.ticket = ticket
        self._socket, self._rest = sock, rest
        sock.setblocking(False)

    @classmethod
    def open(cls, path: Path, request: Request, meanwhile: Callable[[], None] | None = None) -> DaemonLink:
        """Asks the daemon behind a control socket for a jail, and does something `meanwhile`.

        Raises NoDaemon and JailError.
        """
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(TIMEOUT_SECONDS)
        try:
            sock.connect(str(path))
            sock.sendall(_post(request))
            if meanwhile is not None:
                meanwhile()
            line, rest = _first_line(sock)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            sock.close()
            raise NoDaemon("no daemon is running") from error
        except OSError as error:
            sock.close()
            raise JailError(f"the daemon does not answer: {error}", "see its log: ccproxy logs") from error
        try:
            return cls(sock, _ticket(line), rest)
        except JailError:
            sock.close()
            raise

    def fileno(self) -> int:
        """For a selector."""
        return self._socket.fileno()

    def events(self) -> list[dict[str, Any]] | None:
        """What has come since; None once the daemon is gone."""
        try:
            data = self._socket.recv(PIECE)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines if line]

    def close(self) -> None:
        """Gives the jail up."""
        self._socket.close()


def _ticket(line: bytes) -> Ticket:
    """The first line as a ticket. Raises JailError."""
    try:
        answer = json.loads(line)
        if "error" in answer:
            raise JailError(answer["error"], answer.get("fix", ""))
        return Ticket.from_json(answer)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise JailError("what answers in the daemon's place is no daemon of this version", "start it again") from error


def _post(request: Request) -> bytes:
    body = json.dumps(request.as_json()).encode()
    head = f"POST /jails HTTP/1.0\r\nHost: ccproxy\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode("ascii") + b"\r\n\r\n" + body


def _first_line(sock: socket.socket) -> tuple[bytes, bytes]:
    """The first line of the answer's body, and what came behind it."""
    data = b""
    while b"\r\n\r\n" not in data or b"\n" not in data.partition(b"\r\n\r\n")[2]:
        piece = sock.recv(PIECE)
        if not piece:
            raise ConnectionResetError("it hung up")
        data += piece
    line, _, rest = data.partition(b"\r\n\r\n")[2].partition(b"\n")
    return line, rest
