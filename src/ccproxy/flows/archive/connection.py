"""The daemon's end of the socket to a writer's process, and that process."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import orjson

from ccproxy.flows.archive.wire import HEAD, READ_BYTES, Kind, Lines, Orders, head
from ccproxy.flows.record import to_record
from ccproxy.flows.record_frame import parts

if TYPE_CHECKING:
    from typing import Any

    from ccproxy.flows.archive.queue import Item

COPIED_BYTES = 64 * 1024
"""Pieces up to this are sent as one."""
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
        self._sock.setblocking(False)
        with theirs:
            self._process = start(theirs)
        self._lines = Lines()
        self._outgoing: deque[memoryview] = deque()
        self._put(Kind.SETTINGS, 0, [orders.to_bytes()])
        self._finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """The writer goes on by itself with what it has."""
        self._sock.close()

    @property
    def is_full(self) -> bool:
        """Whether something waits to be sent already."""
        return bool(self._outgoing)

    def send(self, item: Item) -> None:
        """Sends an item, as far as it goes at once."""
        if item.exchange is None:
            self._put(Kind.FORGET, item.number, [orjson.dumps(item.ids)])
        else:
            self._put(Kind.FLOW, item.number, parts(to_record(item.exchange)))
        self._push()

    def wait(self, *, sending: bool) -> tuple[bool, list[dict[str, Any]]]:
        """Waits for something to do: whether there is news, and what the writer said. Raises WriterGone.

        `sending` says that there is something to be sent beside what waits here.
        """
        events = self._poll(0 if sending and not self._outgoing else None)
        said = self._read() if events.get(self._sock.fileno(), 0) & (select.POLLIN | HANGUP) else []
        self._push()
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
        poll.register(self._sock, select.POLLIN | (select.POLLOUT if self._outgoing else 0))
        poll.register(self._woken, select.POLLIN)
        return dict(poll.poll(milliseconds))

    def _put(self, kind: Kind, number: int, pieces: list[bytes]) -> None:
        length = sum(map(len, pieces))
        pieces = [head(kind, number, length), *pieces]
        if HEAD.size + length <= COPIED_BYTES:
            pieces = [b"".join(pieces)]
        self._outgoing.extend(map(memoryview, pieces))

    def _push(self) -> None:
        try:
            while self._outgoing:
                piece = self._outgoing[0]
                sent = self._sock.send(piece)
                if sent < len(piece):
                    self._outgoing[0] = piece[sent:]
                else:
                    self._outgoing.popleft()
        except BlockingIOError:
            return
        except OSError as error:
            raise WriterGone(self._end()) from error

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
        [sys.executable, "-m", "ccproxy.flows.archive.process", str(sock.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[sock.fileno()],
        start_new_session=True,
        env=os.environ | MEMORY,
    )
