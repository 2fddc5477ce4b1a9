"""What arrived, one JSON object a line."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any


class Journal:
    """Appends to a file; every line is whole when it can be read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)

    def note(self, kind: str, **members: Any) -> None:
        """Writes one event: what kind, when, and what else there is to say."""
        self._file.write(json.dumps({"kind": kind, "time": time.time()} | members) + "\n")
