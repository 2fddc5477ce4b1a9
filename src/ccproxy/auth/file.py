"""A credential that a file holds."""

from __future__ import annotations

import asyncio
import os
import stat
from typing import TYPE_CHECKING

from ccproxy.auth.cache import CachedSource
from ccproxy.auth.source import Credential, CredentialError, checked

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 65_536
type Signature = tuple[int, int, int, int]


class FileSource(CachedSource):
    """The content of a file, white space around it removed. A file that changed is read again at once."""

    def __init__(self, file: Path, *, header: str | None = None, max_age: float = 300.0) -> None:
        super().__init__(header, max_age)
        self._file = file
        self._seen: Signature | None = None

    def cached(self) -> Credential | None:
        """The credential if the file is as it was when it was read, and not too long ago."""
        credential = super().cached()
        if credential is None:
            return None
        try:
            return credential if _signature(os.stat(self._file)) == self._seen else None
        except OSError:
            return None

    async def _obtain(self) -> Credential:
        text, self._seen = await asyncio.to_thread(_read, self._file)
        return checked(text, f"{self._file} holds")


def _read(file: Path) -> tuple[str, Signature]:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise CredentialError(f"{file} is not a regular file")
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise CredentialError(f"{file} cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise CredentialError(f"{file} holds more than {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig"), _signature(status)
    except UnicodeDecodeError:
        raise CredentialError(f"{file} holds something that is not text") from None


def _signature(status: os.stat_result) -> Signature:
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev
