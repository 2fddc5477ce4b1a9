"""Bytes between two connected sockets, both ways, on the one loop: back-pressure, half-close, resets."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable

from ccproxy.jail.poll import Poller

PIECE = 131072
type Ended = Callable[[bool], None]
"""Told whether the end was a proper one."""
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class _Way:
    """One direction. Nothing more is read while something read is not yet written."""

    def __init__(self, poller: Poller, source: socket.socket, sink: socket.socket, ended: Ended) -> None:
        self._poller, self._source, self._sink, self._ended = poller, source, sink, ended
        self._left = memoryview(b"")
        self.done = False
        poller.on_readable(source.fileno(), lambda: self._step(self._read))

    def _step(self, action: Callable[[], None]) -> None:
        try:
            action()
        except BlockingIOError:
            return
        except OSError:
            self._ended(False)

    def _read(self) -> None:
        self._left = memoryview(self._source.recv(PIECE))
        if self._left:
            self._write()
        else:
            self._finish()

    def _write(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._left = self._left[self._sink.send(self._left) :]
        self._wait_for(writing=bool(self._left))

    def _wait_for(self, *, writing: bool) -> None:
        self._poller.on_readable(self._source.fileno(), None if writing else lambda: self._step(self._read))
        self._poller.on_writable(self._sink.fileno(), (lambda: self._step(self._write)) if writing else None)

    def _finish(self) -> None:
        self._poller.on_readable(self._source.fileno(), None)
        self._sink.shutdown(socket.SHUT_WR)
        self.done = True
        self._ended(True)


class Relay:
    """Carries bytes between two connected, non-blocking sockets and closes both when both directions are done.

    `ended` is called once with the relay itself.
    """

    def __init__(
        self, poller: Poller, one: socket.socket, other: socket.socket, ended: Callable[[Relay], None]
    ) -> None:
        self._poller, self._sockets, self._ended = poller, (one, other), ended
        self._open = 2
        for sock in self._sockets:
            _send_at_once(sock)
        self._ways = (_Way(poller, one, other, self._way_ended), _Way(poller, other, one, self._way_ended))

    def abort(self) -> None:
        """Closes both with a reset, as for what neither side ended properly."""
        for sock in self._sockets:
            reset_at_close(sock)
        self._close()

    def passed_on(self, *, other: bool) -> bool:
        """Whether everything that one side, or the `other`, has sent before its end is on the opposite side."""
        return self._ways[other].done

    def _way_ended(self, properly: bool) -> None:
        self._open -= 1
        if not properly:
            self.abort()
        elif not self._open:
            self._close()

    def _close(self) -> None:
        for sock in self._sockets:
            close(self._poller, sock)
        self._ended(self)


def close(poller: Poller, sock: socket.socket) -> None:
    """Takes a socket off the loop and closes it; one that is closed already is left alone."""
    if sock.fileno() < 0:
        return
    poller.on_readable(sock.fileno(), None)
    poller.on_writable(sock.fileno(), None)
    sock.close()


def reset_at_close(sock: socket.socket) -> None:
    """The other side will see a reset in place of an end."""
    if sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)


def _send_at_once(sock: socket.socket) -> None:
    if sock.family in {socket.AF_INET, socket.AF_INET6}:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
