"""A record as one piece of bytes, for sockets: the control plane's, and the one to the archive's writer.

A head (magic, length of the facts, number of bodies), the lengths of the bodies, the facts as JSON, the bodies; numbers
are unsigned and big-endian.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import Any

import orjson

from ccproxy.flows.record.record import Record, RecordError

MAGIC = b"ccr1"
HEAD = struct.Struct(">4sII")
LENGTH_BYTES = 8


def pack(record: Record) -> bytes:
    """A record as bytes, for `unpack`."""
    return b"".join(parts(record))


def parts(record: Record) -> list[bytes]:
    """The same in pieces, in which the bodies are not copied."""
    facts = _dumped(record.facts)
    lengths = struct.pack(f">{len(record.bodies)}Q", *map(len, record.bodies))
    return [HEAD.pack(MAGIC, len(facts), len(record.bodies)) + lengths + facts, *record.bodies]


def unpack(data: bytes | memoryview) -> Record:
    """The record of a frame, to its last byte. Raises RecordError."""
    view = memoryview(data)
    try:
        magic, facts_bytes, count = HEAD.unpack_from(view)
        lengths = struct.unpack_from(f">{count}Q", view, HEAD.size) if count * LENGTH_BYTES < len(view) else ()
    except (struct.error, OverflowError, ValueError) as error:
        raise RecordError(f"the frame of a record breaks off after {len(view)} bytes") from error
    begin = HEAD.size + LENGTH_BYTES * len(lengths)
    if magic != MAGIC or len(lengths) != count or begin + facts_bytes + sum(lengths) != len(view):
        raise RecordError("this is not the frame of a record, or not of this version of ccproxy")
    facts = _loaded(view[begin : begin + facts_bytes])
    edges = accumulate(lengths, initial=begin + facts_bytes)
    return Record(facts, tuple(bytes(view[start:end]) for start, end in pairwise(edges)))


def _dumped(facts: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(facts)
    except orjson.JSONEncodeError:  # half a character, a number beyond 64 bits: rare, and worth keeping
        return json.dumps(facts, ensure_ascii=False, default=str).encode("utf-8", "replace")


def _loaded(data: memoryview) -> dict[str, Any]:
    try:
        facts = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise RecordError(f"the facts of a record are no JSON: {error}") from error
    if not isinstance(facts, dict) or not isinstance(facts.get("id"), str):
        raise RecordError("the facts of a record name no flow")
    return facts
