"""The plain inner packets of a jail, as a file for Wireshark."""

from __future__ import annotations

import contextlib
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from stat import S_ISREG

from ccproxy.jail.errors import JailError

LINKTYPE_RAW = 101
SNAPLEN = 262144
FILE_HEADER = struct.Struct("<IHHiIII")
RECORD_HEADER = struct.Struct("<IIII")
MAGIC_NANOSECONDS = 0xA1B23C4D
SECOND = 10**9


class Pcap:
    """A capture that is being written. When it cannot go on, it says so once and stops: the traffic does not."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """Replaces what is at `path`, readable by its owner alone. Raises JailError."""
        self._path, self._say, self._size = path, say, 0
        self._records: list[bytes] = []
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if S_ISREG(os.fstat(self._fd).st_mode):  # not a pipe to Wireshark, and no device
                os.fchmod(self._fd, 0o600)
                os.truncate(self._fd, 0)
            self._write(FILE_HEADER.pack(MAGIC_NANOSECONDS, 2, 4, 0, 0, SNAPLEN, LINKTYPE_RAW))
        except OSError as error:
            raise JailError(f"the capture {path} cannot be written: {error.strerror}") from error

    def add(self, packet: bytes) -> None:
        """Takes a packet as it passes by; `flush` writes it."""
        seconds, nanoseconds = divmod(time.time_ns(), SECOND)
        self._records += RECORD_HEADER.pack(seconds, nanoseconds, len(packet), len(packet)), packet

    def flush(self) -> None:
        """Writes what was added, whole packets only."""
        if not self._records:
            return
        data = b"".join(self._records)
        self._records.clear()
        if self._fd < 0:
            return
        try:
            self._write(data)
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Writes the rest and closes the file."""
        self.flush()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        self._size += len(data)

    def _give_up(self, error: OSError) -> None:
        self._say(f"the capture {self._path} ends here: {error.strerror}; the jail goes on without")
        fd, self._fd = self._fd, -1
        with contextlib.suppress(OSError):  # a pipe, or a disk that is gone: nothing to mend
            os.truncate(fd, self._size)
        os.close(fd)
