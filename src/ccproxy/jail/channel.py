"""What the holder of a jail and the processes inside tell each other: plain values and descriptors."""

from __future__ import annotations

import array
import contextlib
import marshal
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SIZE, DESCRIPTORS = 65536, 16
CREDENTIALS = struct.Struct("=iII")


@dataclass(slots=True)
class Message:
    """`pid` is the sender's in the receiver's numbering, if the receiver asked for it (`know_senders`)."""

    values: tuple[Any, ...]
    fds: list[int] = field(default_factory=list)
    pid: int | None = None


class Channel:
    """One end of a connection between this process and one that was forked from it."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Both ends."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(ours), cls(theirs)

    def fileno(self) -> int:
        """For a selector; readable also at the end."""
        return self._socket.fileno()

    def know_senders(self) -> None:
        """Messages tell who sent them."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)

    def give_up_after(self, seconds: float) -> None:
        """`receive` raises TimeoutError if nothing comes for so long."""
        self._socket.settimeout(seconds)

    def send(self, *values: Any, fds: Sequence[int] = ()) -> None:
        """Raises OSError if the other side is gone."""
        extras = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self._socket.sendmsg([marshal.dumps(values)], extras)

    def receive(self, *, wait: bool = True) -> Message | None:
        """The next message, None at the end. Raises BlockingIOError if there is none and it shall not wait."""
        room = socket.CMSG_SPACE(CREDENTIALS.size) + socket.CMSG_SPACE(DESCRIPTORS * 4)
        flags = socket.MSG_CMSG_CLOEXEC | (0 if wait else socket.MSG_DONTWAIT)
        try:
            data, extras, _, _ = self._socket.recvmsg(SIZE, room, flags)
        except ConnectionResetError:
            return None
        if not data:
            return None
        message = Message(marshal.loads(data))  # noqa: S302 - from our own fork
        for level, kind, payload in extras:
            if level == socket.SOL_SOCKET:
                _take(message, kind, payload)
        return message

    def hang_up(self) -> None:
        """Ends it for both sides; the descriptor stays."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends it for this process."""
        self._socket.close()


def _take(message: Message, kind: int, payload: bytes) -> None:
    if kind == socket.SCM_RIGHTS:
        fds = array.array("i")
        fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
        message.fds.extend(fds)
    elif kind == socket.SCM_CREDENTIALS:
        message.pid = CREDENTIALS.unpack(payload)[0]


def sealed(value: Any) -> int:
    """A descriptor of memory with a value that is too long for a message. Raises OSError."""
    fd = os.memfd_create("ccproxy")
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(marshal.dumps(value))
    return fd


def unsealed(fd: int) -> Any:
    """The value of `sealed`; closes the descriptor."""
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        return marshal.loads(file.read())  # noqa: S302 - from our own fork
