"""What the daemon sent, read ahead: it is safe from the daemon's end as soon as it is in this process."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from ccproxy.flows.archive.writer.wire import READ_BYTES, Frame, Frames

if TYPE_CHECKING:
    import socket

AHEAD_BYTES = 32 * 1024 * 1024
"""Beyond these nothing more is read until something was taken: the rest waits in the daemon's bounded queue, which has
as much room if the configuration says nothing of it."""


class Inbox:
    """Frames in their order. One thread reads them from a socket, another takes them."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._ended = False
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def take(self, seconds: float) -> Frame | None:
        """The next frame; None if none comes within so long, or at all."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._ended, max(0.0, seconds))
            if not self._frames:
                return None
            frame = self._frames.popleft()
            self._bytes -= len(frame.payload)
            self._changed.notify()
            return frame

    @property
    def hung_up(self) -> bool:
        """Whether the daemon has closed its side; there may be frames left."""
        return self._ended

    @property
    def exhausted(self) -> bool:
        """Whether nothing is there and nothing will come."""
        return self._ended and not self._frames

    def _read(self) -> None:
        frames = Frames()
        while data := self._some():
            for frame in frames.take(data):
                self._put(frame)
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _put(self, frame: Frame) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < AHEAD_BYTES)
            self._frames.append(frame)
            self._bytes += len(frame.payload)
            self._changed.notify()

    def _some(self) -> bytes:
        try:
            return self._sock.recv(READ_BYTES)
        except OSError:  # the daemon was killed with our lines unread
            return b""
