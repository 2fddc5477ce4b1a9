"""A JSON file of credentials that other programs read and write too."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccproxy.auth.dotted import Document
from ccproxy.auth.replacing import replace_file
from ccproxy.auth.source import CredentialError

MAX_FILE_BYTES = 1024 * 1024

type Signature = tuple[int, int, int, int]
"""What changes when a file is written or replaced."""


class Unsettled(CredentialError):
    """The file does not hold what it should; it may be that somebody is writing it at this moment."""


class Missing(Unsettled):
    """There is no file."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file held when it was read. `compact`: it was written without line breaks."""

    path: Path
    signature: Signature
    document: Document
    compact: bool = False


class CredentialFile:
    """The first of some paths that exists; the last, if none does. The methods with I/O are for threads.

    `seen` is the signature of what was read last, None if there was no file.
    """

    def __init__(self, *paths: Path) -> None:
        self._paths: Sequence[Path] = paths
        self._used = paths[-1]
        self.seen: Signature | None = None

    @property
    def path(self) -> Path:
        """The one that was read last, or is named if there is none."""
        return self._used

    def is_as_read(self) -> bool:
        """True if nothing has changed since it was read. One `stat`: quick enough for the event loop."""
        return _signature_of(self._used) == self.seen

    def is_as_looked_for(self) -> bool:
        """The same, and True only if no path before the one in use has come to exist."""
        return self._locate() == self._used and self.is_as_read()

    def read(self) -> Content:
        """Raises Unsettled and CredentialError."""
        self._used = path = self._locate()
        self.seen = _signature_of(path)
        data, self.seen = bounded(path)
        return Content(path, self.seen, _parsed(data, path), compact=b"\n" not in data.strip())

    def write(self, content: Content) -> Content:
        """Replaces the document at `content.path`, a link's target where that is one; mode and owner stay.

        Raises OSError, and then the file is as it was.
        """
        data = _rendered(content.document, compact=content.compact)
        target = Path(os.path.realpath(content.path))
        replace_file(target, data)
        self._used, self.seen = content.path, _signature(os.stat(target))
        return Content(content.path, self.seen, content.document, content.compact)

    def is_writable(self) -> bool:
        """True if, as far as the permissions say, `write` would succeed."""
        target = os.path.realpath(self._used)
        return _may(os.path.dirname(target), os.W_OK | os.X_OK) or _may(target, os.W_OK)

    def _locate(self) -> Path:
        return next((path for path in self._paths[:-1] if os.path.exists(path)), self._paths[-1])


def _may(path: str, what: int) -> bool:
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


def _signature_of(path: Path) -> Signature | None:
    try:
        return _signature(os.stat(path))
    except OSError:
        return None


def bounded(path: Path) -> tuple[bytes, Signature]:
    """What a file holds, if it is a regular one and not too long. Raises Unsettled and CredentialError."""
    try:
        # Not to be kept waiting by a pipe that nobody writes to.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise CredentialError(f"{path} is not a regular file")
            data = stream.read(MAX_FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise Missing(f"{path} does not exist") from None
    except BlockingIOError:
        raise Unsettled(f"{path} is just being given up by another program that has a lease on it") from None
    except OSError as error:
        raise CredentialError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > MAX_FILE_BYTES:
        raise CredentialError(f"{path} is longer than {MAX_FILE_BYTES} bytes")
    return data, _signature(status)


def _parsed(data: bytes, path: Path) -> Document:
    if not data.strip():
        raise Unsettled(f"{path} is empty")
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_float=_finite, parse_constant=_finite)
        _rendered(document, compact=True)  # what is nested too deeply to be written again is found out in time
    except (ValueError, RecursionError):
        raise Unsettled(f"{path} is not JSON, or not all of it is there") from None
    if not isinstance(document, dict):
        raise Unsettled(f"{path} holds no JSON object")
    return document


def _finite(text: str) -> float:
    """What could not be written again as it was is refused."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _rendered(document: Document, *, compact: bool) -> bytes:
    style: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 2}
    return json.dumps(document, **style).encode("ascii")


def _signature(status: os.stat_result) -> Signature:
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev
