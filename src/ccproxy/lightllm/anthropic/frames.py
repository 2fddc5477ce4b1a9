"""Server-sent events as the API writes them: each has its name, and its type again in the data."""

from __future__ import annotations

from typing import Any

import orjson

PING = b'event: ping\ndata: {"type":"ping"}\n\n'


def frame(name: bytes, document: dict[str, Any]) -> bytes:
    """One event."""
    return b"event: %b\ndata: %b\n\n" % (name, orjson.dumps(document))


def delta_prefix(index: int, kind: str, field: str) -> bytes:
    """A `content_block_delta` up to the one string in it; `SUFFIX` follows. Made once a block, not once a delta."""
    return b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":' % (
        index,
        kind.encode(),
        field.encode(),
    )


SUFFIX = b"}}\n\n"


def delta(index: int, fields: dict[str, Any]) -> bytes:
    """One `content_block_delta`."""
    return frame(b"content_block_delta", {"type": "content_block_delta", "index": index, "delta": fields})


def block_start(index: int, block: dict[str, Any]) -> bytes:
    """One `content_block_start`."""
    return frame(b"content_block_start", {"type": "content_block_start", "index": index, "content_block": block})


def block_stop(index: int) -> bytes:
    """One `content_block_stop`."""
    return b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n' % index


def whole_block(index: int, block: dict[str, Any]) -> bytes:
    """A block in one piece, as the API streams it: the input of a call and the text of a compaction as deltas."""
    start = block
    deltas: list[dict[str, Any]] = []
    kind = str(block["type"])
    if kind.endswith("tool_use"):
        start = block | {"input": {}}
        if block.get("input"):
            deltas.append({"type": "input_json_delta", "partial_json": orjson.dumps(block["input"]).decode()})
    elif kind == "compaction":
        deltas.append({"type": "compaction_delta"} | {name: block.get(name) for name in COMPACTED if name in block})
        start = block | {"content": None}
    return block_start(index, start) + b"".join([delta(index, fields) for fields in deltas]) + block_stop(index)


COMPACTED = ("content", "encrypted_content")
