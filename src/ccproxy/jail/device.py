"""A TUN device as the tunnel uses it: packets out, and packets in, joined where the device can take that."""

from __future__ import annotations

import errno
import os

from ccproxy.jail.coalesce import NO_OFFLOAD, Coalescer, has_header
from ccproxy.jail.pcap import Pcap

PIECE = 65536 + 64
GONE = (errno.EBADFD, errno.EBADF, errno.EIO, errno.ENODEV)


class DeviceGone(Exception):
    """It was deleted, or put down."""


class Device:
    """The descriptor of a device, which stays its opener's; what passes is counted, and written to a capture."""

    def __init__(self, fd: int, pcap: Pcap | None) -> None:
        self.fd, self._pcap = fd, pcap
        self.bytes_out = self.bytes_in = 0
        self._coalescer = Coalescer() if has_header(fd) else None
        self._skip = len(NO_OFFLOAD) if self._coalescer else 0

    def open(self) -> None:
        """Makes it ready for `read`, which does not wait."""
        os.set_blocking(self.fd, False)

    def close(self) -> None:
        """Closes the capture."""
        if self._pcap:
            self._pcap.close()

    def read(self) -> bytes | None:
        """The next packet from inside; None if there is none now. Raises DeviceGone."""
        try:
            packet = os.read(self.fd, PIECE)[self._skip :]
        except BlockingIOError:
            return None
        except OSError as error:
            raise DeviceGone(error.strerror) from error
        self.bytes_out += len(packet)
        if self._pcap:
            self._pcap.add(packet)
        return packet

    def deliver(self, packet: bytes) -> None:
        """Takes a packet for inside, which may stay here until `flush`. Raises DeviceGone."""
        self.bytes_in += len(packet)
        if self._pcap:
            self._pcap.add(packet)
        if self._coalescer:
            self._coalescer.add(packet)
        else:
            self._write(packet)

    def flush(self) -> None:
        """Writes what has been held back. Raises DeviceGone."""
        if self._pcap:
            self._pcap.flush()
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
