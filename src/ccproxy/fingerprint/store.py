"""Where records are kept: `fingerprints/NAME.json` in the configuration directory, for their user's eyes only."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ccproxy.fingerprint.fingerprint import BadRecordError, Fingerprint
from ccproxy.fingerprint.record import Record, dump

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
SUFFIX = ".json"
LARGEST = 256 * 1024


class BadNameError(ValueError):
    """Not a name of a record."""

    def __init__(self, name: str) -> None:
        allowed = "letters, digits, '-', '_' and '.', at most 64, the first a letter or digit"
        super().__init__(f"{name!r} is no name of a fingerprint: {allowed}")


class FingerprintStore:
    """The records of a configuration directory. Nothing is remembered: files may be edited."""

    def __init__(self, config_dir: Path) -> None:
        self.directory = config_dir / "fingerprints"

    def names(self) -> list[str]:
        """All names, sorted; those of unreadable records too."""
        try:
            found = [path.name.removesuffix(SUFFIX) for path in self.directory.iterdir() if path.suffix == SUFFIX]
        except OSError:
            return []
        return sorted(name for name in found if NAME.fullmatch(name))

    def path(self, name: str) -> Path:
        """The file of a name. Raises BadNameError."""
        if not NAME.fullmatch(name):
            raise BadNameError(name)
        return self.directory / f"{name}{SUFFIX}"

    def load(self, name: str) -> Record:
        """A record, checked. Raises BadNameError, OSError, BadRecordError."""
        path = self.path(name)
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise BadRecordError(f"{path} is too large for a record")
        try:
            record = json.loads(data)
            Fingerprint.read(record)
        except BadRecordError as error:
            raise BadRecordError(f"{path}: {error}") from None
        except (ValueError, RecursionError):
            raise BadRecordError(f"{path}: it is not JSON") from None
        return dict(record)

    def fingerprint(self, name: str) -> Fingerprint:
        """A record, read. Raises as `load` does."""
        return Fingerprint.read(self.load(name))

    def find(self, name: str) -> Fingerprint | None:
        """A fingerprint, None if there is no usable record of that name."""
        try:
            return self.fingerprint(name)
        except (ValueError, OSError):
            return None

    def save(self, name: str, record: Mapping[str, Any]) -> Path:
        """Writes a record, whole or not at all. Raises BadNameError, BadRecordError, OSError."""
        import tempfile  # a slow import for a rare case

        path = self.path(name)
        Fingerprint.read(record)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self.directory, prefix=".")  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(dump(record))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
        return path

    def remove(self, name: str) -> None:
        """Deletes a record. Raises BadNameError, OSError."""
        self.path(name).unlink()
