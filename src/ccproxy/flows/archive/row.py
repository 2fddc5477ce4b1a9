"""The row of a flow: by what it can be looked up, and the checksum that says that it is as it was written.

SQLite does not notice a bit that fell over in a text; the checksum does.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from ccproxy.flows.archive.faults import is_damage
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


def one_by_one(db: sqlite3.Connection) -> Iterator[Row]:
    """All rows, the newest first, for a file that cannot be read through: a row that cannot be read is one of None."""
    ids = db.execute("SELECT seq FROM flows INDEXED BY flows_by_start ORDER BY started DESC, seq DESC").fetchall()
    for seq in ids:
        try:
            row = db.execute(f"SELECT {SUMMARY} FROM flows WHERE seq = ?", seq).fetchone()  # noqa: S608
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            row = None
        yield row or (None, None, None, None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
