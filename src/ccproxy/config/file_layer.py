"""The layer of the configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccproxy.config.document import Document
from ccproxy.config.errors import ConfigError, KeyPath, Place, Problem

if TYPE_CHECKING:
    from pathlib import Path

ROOT = "ccproxy"
MAX_BYTES = 4_194_304


class FileLayer:
    """The block under the root key `ccproxy` of a file; empty if there is no such file.

    Raises ConfigError if the file cannot be read or is not YAML. Smaller faults are in `problems`.
    """

    def __init__(self, file: Path) -> None:
        self._file = str(file)
        text = _read(file)
        self.exists = text is not None
        self._document = Document(text or "", self._file)
        self.problems = list(self._document.problems)
        self.tree = self._block(self._document.value)

    def place(self, path: KeyPath) -> Place | None:
        """Line and column."""
        return self._document.place((ROOT, *path)) or (None if path else Place(self._file, 1, 1))

    def _block(self, document: Any) -> dict[str, Any]:
        if document is None:
            return {}
        if not isinstance(document, dict):
            self._complain((), "should be a mapping", f"begin with the line '{ROOT}:' and indent the rest")
            return {}
        for key in document:
            if key != ROOT:
                self._complain((key,), f"stands outside of '{ROOT}'", f"indent it under the line '{ROOT}:'")
        block = document.get(ROOT)
        if isinstance(block, dict) or block is None:
            return block or {}
        self._complain((ROOT,), "should be a mapping", "write 'key: value' lines under it")
        return {}

    def _complain(self, path: KeyPath, message: str, hint: str) -> None:
        place = self._document.place(path) or Place(self._file, 1, 1)
        self.problems.append(Problem(*place, ".".join(map(str, path)), message, hint))


def _read(file: Path) -> str | None:
    """The text; None if there is no such file."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(file, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAX_BYTES:
        raise _unreadable(file, f"is larger than {MAX_BYTES:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unreadable(file, f"is not UTF-8: {error.reason}", line, "save it as UTF-8") from None


def _unreadable(file: Path, why: str, line: int | None = None, hint: str = "") -> ConfigError:
    return ConfigError([Problem(str(file), line, None, "", why, hint)])
