"""A credential that a file holds."""

from __future__ import annotations

import asyncio
import os
import stat
from typing import TYPE_CHECKING

from ccproxy.auth.cache import CachedSource, look_at
from ccproxy.auth.source import MAX_BYTES, Credential, CredentialError, Reader, checked, decoded

if TYPE_CHECKING:
    from pathlib import Path

type Signature = tuple[int, int, int, int]
"""What changes when a file is written or replaced."""


class FileSource(CachedSource):
    """The content of a file, white space around it removed. A file that changed is read again at once."""

    kind = "file"

    def __init__(
        self,
        file: Path,
        *,
        header: str | None = None,
        max_age: float = 300.0,
        timeout: float = 5.0,
        read: Reader = checked,
    ) -> None:
        super().__init__(header, max_age)
        self._file, self._timeout, self._read = file, timeout, read
        self._seen: Signature | None = None
        """Of what was read last; None where nothing could be."""
        self._hangs = False
        """True if it could not be read in time: then not even its signature is asked for without need."""
        self._reading: asyncio.Task[tuple[bytes, Signature]] | None = None
        """On a file system that hangs one thread is enough: all that wait in threads share a few of them."""

    @property
    def _where(self) -> str:
        return str(self._file)

    def cached(self) -> Credential | None:
        """The credential if the file is as it was when it was read, and that was not too long ago."""
        credential = super().cached()
        return credential if credential is not None and _signature_of(self._file) == self._seen else None

    def _failed_lately(self) -> bool:
        """The same only for a file that is as it was: who has just put it right need not wait."""
        return super()._failed_lately() and (self._hangs or _signature_of(self._file) == self._seen)

    async def _obtain(self) -> Credential:
        reading = self._reading
        if reading is None or reading.done():
            reading = self._reading = asyncio.create_task(asyncio.to_thread(_read, self._file))
            reading.add_done_callback(look_at)
        done, _ = await asyncio.wait((reading,), timeout=self._timeout)
        self._hangs, self._seen = not done, None
        if not done:
            raise CredentialError(f"{self._file} could not be read in {self._timeout:g} s")
        data, self._seen = reading.result()
        return self._read(decoded(data, f"{self._file} holds"), f"{self._file} holds")


def _read(file: Path) -> tuple[bytes, Signature]:
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise CredentialError(f"{file} is not a regular file")
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1), _signature(os.fstat(stream.fileno()))
    except OSError as error:
        raise CredentialError(f"{file} cannot be read: {error.strerror}") from None


def _signature_of(file: Path) -> Signature | None:
    try:
        return _signature(file.stat())
    except OSError:
        return None


def _signature(status: os.stat_result) -> Signature:
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev
