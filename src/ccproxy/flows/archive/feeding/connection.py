"""The daemon's end of the socket to a writer's process, and that process."""

from __future__ import annotations

import os
import select
import socket
import struct
import subprocess
import sys
from collections import deque
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Self

import orjson

from ccproxy.flows.archive.writer.wire import HEAD, READ_BYTES, Kind, Lines, Orders, head
from ccproxy.flows.record.frame import parts
from ccproxy.flows.record.record import to_record

if TYPE_CHECKING:
    from typing import Any

    from ccproxy.flows.archive.feeding.queue import Item

BATCH_BYTES = 1024 * 1024
"""What is sent with one call. After each call the thread waits for the interpreter, up to 5 ms if the loop is busy."""
PIECES = 512
"""How many pieces one call takes, at most (IOV_MAX is 1024 on Linux and macOS)."""
SEND_SECONDS = 0.2
"""How long a call waits for room, so that the writer is heard meanwhile."""
HANGUP = select.POLLHUP | select.POLLERR
MEMORY = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "262144", "MALLOC_TRIM_THRESHOLD_": "1048576"}
"""Environment of the writer: what a large flow took goes back to the system (mallopt(3))."""


class WriterGone(Exception):
    """The writer's process ended or closed its socket. The message ends a sentence that begins with it."""


class Connection:
    """A writer's process while it is needed. `woken` is a descriptor that can be read when there is news."""

    def __init__(self, orders: Orders, woken: int) -> None:
        self._woken = woken
        self._sock, theirs = socket.socketpair()
        # Waits in the kernel, unlike a timeout of Python's own, which makes the socket one that does not wait.
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, int(SEND_SECONDS * 1e6)))
        with theirs:
            self._process = start(theirs)
        self._lines = Lines()
        self._outgoing: deque[bytes | memoryview] = deque()
        self._bytes = 0
        self._put(Kind.SETTINGS, 0, [orders.to_bytes()])
        self._finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """The writer goes on by itself with what it has."""
        self._sock.close()

    @property
    def is_full(self) -> bool:
        """Whether enough waits to be sent."""
        return self._bytes >= BATCH_BYTES or len(self._outgoing) >= PIECES

    @property
    def is_empty(self) -> bool:
        """Whether everything was sent."""
        return not self._outgoing

    def put(self, item: Item) -> None:
        """Packs an item; `wait` sends it."""
        if item.exchange is None:
            self._put(Kind.FORGET, item.number, [orjson.dumps(item.ids)])
        else:
            self._put(Kind.FLOW, item.number, parts(to_record(item.exchange)))

    def wait(self) -> tuple[bool, list[dict[str, Any]]]:
        """Sends what was packed, as far as the writer takes it, or waits for something to do.

        Gives whether there is news, and what the writer said. Raises WriterGone.
        """
        self._push()
        events = self._poll(0 if self._outgoing else None)
        said = self._read() if events.get(self._sock.fileno(), 0) & (select.POLLIN | HANGUP) else []
        return self._woken in events, said

    def drain_wakes(self) -> None:
        """Makes the descriptor ready for the next news."""
        with suppress(BlockingIOError):
            os.read(self._woken, 4096)

    def finish(self) -> None:
        """Nothing more will be sent: the writer writes what it has at once, and ends."""
        if not self._finished:
            self._finished = True
            self._sock.shutdown(socket.SHUT_WR)

    def _poll(self, milliseconds: int | None) -> dict[int, int]:
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        return dict(poll.poll(milliseconds))

    def _put(self, kind: Kind, number: int, pieces: list[bytes]) -> None:
        length = sum(map(len, pieces))
        self._bytes += HEAD.size + length
        self._outgoing.append(head(kind, number, length))
        self._outgoing += filter(None, pieces)

    def _push(self) -> None:
        try:
            while self._outgoing:
                self._sent(self._sock.sendmsg(list(islice(self._outgoing, PIECES))))
        except BlockingIOError:
            return
        except OSError as error:
            raise WriterGone(self._end()) from error

    def _sent(self, count: int) -> None:
        self._bytes -= count
        while count:
            piece = self._outgoing.popleft()
            if count < len(piece):
                self._outgoing.appendleft(memoryview(piece)[count:])
                return
            count -= len(piece)

    def _read(self) -> list[dict[str, Any]]:
        try:
            data = self._sock.recv(READ_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            raise WriterGone(self._end()) from error
        if not data:
            raise WriterGone(self._end())
        return self._lines.take(data)

    def _end(self) -> str:
        """How the process ended, in words."""
        try:
            status = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return "closed its socket"
        return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"


def start(sock: socket.socket) -> subprocess.Popen[bytes]:
    """A writer's process at the other end of the socket. Raises OSError."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "ccproxy.flows.archive.writer.process", str(sock.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[sock.fileno()],
        start_new_session=True,
        env=os.environ | MEMORY,
    )
