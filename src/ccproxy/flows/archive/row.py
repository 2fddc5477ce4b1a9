"""The row of a flow: by what it can be looked up, and the checksum that says that it is as it was written.

SQLite does not notice a bit that fell over in a text; the checksum does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from ccproxy.flows.record.record import Record

type Row = tuple[Any, ...]

SUMMARY = "id, started, summary, crc"
"""The columns that `summary_of` takes."""


def columns_of(record: Record, summary: Mapping[str, Any]) -> dict[str, Any]:
    """The columns by which a flow is looked up."""
    text = {
        name: _text(summary.get(name)) for name in ("session", "conversation", "parent", "model", "provider", "jail")
    }
    status, host = summary.get("status"), (summary.get("request") or {}).get("host")
    return {
        "id": record.id,
        "started": float(record.facts["timings"]["started"]),
        **text,
        "host": _text(host),
        "status": status if isinstance(status, int) else None,
    }


def crc_of(id: str, started: float, summary: str) -> int:
    """The checksum (CRC-32) of a flow's row."""
    return crc32(f"{id}\n{started!r}\n{summary}".encode())


def summary_of(id: Any, started: Any, summary: Any, crc: Any) -> dict[str, Any] | None:
    """The summary that a row holds; None if the row is damaged."""
    if not (isinstance(id, str) and isinstance(summary, str)) or crc_of(id, started, summary) != crc:
        return None
    told: dict[str, Any] = json.loads(summary)
    return told


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
