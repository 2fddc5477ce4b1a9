"""The bodies of an archive: each is kept once, in chunks that are kept once."""

from __future__ import annotations

import sqlite3

from ccproxy.flows.archive.alike import Recent
from ccproxy.flows.archive.codec import Codec
from ccproxy.flows.archive.manifest import pack
from ccproxy.flows.archive.scan import Scan, scan

MOST_KNOWN = 32 * 1024
"""Chunks whose number is remembered; the table knows the others."""


class Chunks:
    """Writes bodies. What it remembers of the tables holds as long as nobody else changed them."""

    def __init__(self, db: sqlite3.Connection, codec: Codec) -> None:
        self._db, self._codec = db, codec
        self._known: dict[bytes, int] = {}
        self._recent: Recent[Scan] = Recent()
        self._data_version: int | None = None

    def begin(self) -> None:
        """To be called inside each transaction before anything else: looks whether another process wrote."""
        version = self._db.execute("PRAGMA data_version").fetchone()[0]
        if version != self._data_version:
            self.drop()
            self._data_version = version

    def drop(self) -> None:
        """Forgets which chunks are there: after a transaction that failed, or a deletion."""
        self._known.clear()

    def keep(self, body: bytes) -> tuple[int, bytes]:
        """The number and the hash of a body, which is written if it is new."""
        near = self._recent.nearest(body)
        found = near if near is not None and near.body == body else scan(body, near)
        if found is not near:
            self._recent.add(found)
        name = found.hash
        row = self._db.execute("SELECT id FROM bodies WHERE hash = ?", (name,)).fetchone()
        if row is not None:
            return int(row[0]), name
        manifest = pack([self._chunk(found, place) for place in range(len(found.digests))])
        added = self._db.execute(
            "INSERT INTO bodies (hash, size, manifest) VALUES (?, ?, ?)", (name, len(body), manifest)
        )
        return int(added.lastrowid or 0), name

    def _chunk(self, found: Scan, place: int) -> int:
        digest = found.digests[place]
        number = self._known.get(digest)
        if number is not None:
            return number
        row = self._db.execute("SELECT id FROM chunks WHERE hash = ?", (digest,)).fetchone()
        number = int(row[0]) if row is not None else self._write(digest, found.chunk(place))
        if len(self._known) >= MOST_KNOWN:
            for old in list(self._known)[: MOST_KNOWN // 2]:
                del self._known[old]
        self._known[digest] = number
        return number

    def _write(self, digest: bytes, data: bytes) -> int:
        dictionary, packed = self._codec.pack(data)
        added = self._db.execute(
            "INSERT INTO chunks (hash, size, dictionary, data) VALUES (?, ?, ?, ?)",
            (digest, len(data), dictionary, packed),
        )
        return int(added.lastrowid or 0)
