"""A TUN device as the tunnel uses it: packets out, and packets in, joined where the device can take that."""

from __future__ import annotations

import errno
import os

from ccproxy.jail.coalesce import NO_OFFLOAD, Coalescer, has_header

PIECE = 65536 + 64
GONE = (errno.EBADFD, errno.EBADF, errno.EIO, errno.ENODEV)


class DeviceGone(Exception):
    """It was deleted, or put down."""


class Device:
    """The descriptor of a device, which stays its opener's."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._coalescer = Coalescer() if has_header(fd) else None
        self._skip = len(NO_OFFLOAD) if self._coalescer else 0

    def read(self) -> bytes | None:
        """The next packet from inside; None if there is none now. Raises DeviceGone."""
        try:
            return os.read(self.fd, PIECE)[self._skip :]
        except BlockingIOError:
            return None
        except OSError as error:
            raise DeviceGone(error.strerror) from error

    def deliver(self, packet: bytes) -> None:
        """Takes a packet for inside, which may stay here until `flush`. Raises DeviceGone."""
        if self._coalescer:
            self._coalescer.add(packet)
        else:
            self._write(packet)

    def flush(self) -> None:
        """Writes what has been held back. Raises DeviceGone."""
        if self._coalescer:
            for packet in self._coalescer.take():
                self._write(packet)

    def _write(self, packet: bytes) -> None:
        """What the kernel does not want, or has no room for, is dropped, as a network does."""
        try:
            os.write(self.fd, packet)
        except OSError as error:
            if error.errno in GONE:
                raise DeviceGone(error.strerror) from error
