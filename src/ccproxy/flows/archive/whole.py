"""One flow out of an archive, every part of it verified by its checksum or hash."""

from __future__ import annotations

import json
import sqlite3
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from ccproxy.flows.archive.codec import STORED, Codec
from ccproxy.flows.archive.manifest import numbers
from ccproxy.flows.archive.scan import PIECE, digest
from ccproxy.flows.reader import FlowDamaged
from ccproxy.flows.record.record import Record

CHUNKS = """
SELECT hash, size, dictionary, data FROM json_each(?) AS wanted CROSS JOIN chunks ON chunks.id = wanted.value
ORDER BY wanted.key
"""


def number_of(db: sqlite3.Connection, id: str) -> int | None:
    """The number of a flow, which an index tells, or where that is damaged, the table itself. Raises sqlite3.Error."""
    for how in ("", "NOT INDEXED"):
        row = db.execute(f"SELECT seq FROM flows {how} WHERE id = ?", (id,)).fetchone()  # noqa: S608
        if row is not None:
            return int(row[0])
    return None


def read_record(db: sqlite3.Connection, seq: int, id: str) -> tuple[Record, bytes | None]:
    """The record of a flow and its sealed credentials. Raises FlowDamaged and sqlite3.Error."""
    codecs = Codecs(db)
    try:
        told, secrets = _told(db, codecs, seq, id)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise FlowDamaged(f"the record of flow {id} is damaged ({error}); the other flows are not hurt") from error
    bodies = []
    for place, name in enumerate(told["bodies"]):
        try:
            bodies.append(_body(db, codecs, bytes.fromhex(name)))
        except (ValueError, TypeError, OverflowError) as error:
            what = f"body {place + 1} of {len(told['bodies'])} of flow {id} is damaged"
            raise FlowDamaged(f"{what} ({error}); what other flows do not share with it is not hurt") from error
    return Record(told["facts"], tuple(bodies)), secrets


def with_secrets(record: Record, sealed: bytes, archive: Path) -> Record:
    """The record with its credentials. Raises ArchiveError, and RecordError for credentials of another flow."""
    from ccproxy.flows.archive.sealed import Seal
    from ccproxy.flows.secrets.secrets import Secrets, put_back

    plain = Seal.of(archive).unseal(record.id, sealed)
    return put_back(record, Secrets.from_bytes(plain))


class Codecs(dict[int, Codec]):
    """By the number of the dictionary, read when one is needed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __missing__(self, number: int) -> Codec:
        row = self._db.execute("SELECT data FROM dictionaries WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise ValueError(f"the archive has no dictionary {number!r}")
        codec = self[number] = Codec(number, row[0])
        return codec


def _told(db: sqlite3.Connection, codecs: Codecs, seq: int, id: str) -> tuple[dict[str, Any], bytes | None]:
    row = db.execute("SELECT dictionary, facts, secrets FROM records WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        raise ValueError("it is not there")
    told: dict[str, Any] = orjson.loads(codecs[row[0]].unpack_checked(row[1]))
    if told["facts"]["id"] != id:
        raise ValueError("it is another flow's")
    return told, row[2]


def _body(db: sqlite3.Connection, codecs: Codecs, name: bytes) -> bytes:
    row = db.execute("SELECT size, manifest FROM bodies WHERE hash = ?", (name,)).fetchone()
    if row is None:
        raise ValueError("it is not there")
    wanted = numbers(row[1])
    chunks = db.execute(CHUNKS, (json.dumps(wanted),)).fetchall()
    if len(chunks) != len(wanted):
        raise ValueError("a piece of it is not there")
    if blake2b(b"".join(chunk[0] for chunk in chunks), digest_size=16, person=b"body").digest() != name:
        raise ValueError("its pieces are not those that were written")
    return b"".join(_chunk(codecs, *chunk) for chunk in chunks)


def _chunk(codecs: Codecs, name: Any, size: int, dictionary: int, data: Any) -> bytes:
    if not isinstance(data, bytes) or not 0 < size <= PIECE:
        raise ValueError("a piece of it is damaged")
    plain = data if dictionary == STORED else codecs[dictionary].unpack(data, size)
    if digest(plain) != name:
        raise ValueError("a piece of it is damaged")
    return plain
