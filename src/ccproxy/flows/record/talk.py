"""What was said that is not HTTP, as plain JSON and back: WebSockets, datagrams, streams.

Many small messages are one body, and the facts have their lengths. Rubbish as in `ccproxy.flows.record.parts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ccproxy.exchange import Message, RawRecord, WebSocketRecord
from ccproxy.flows.record.parts import Bodies, plain, to_body


def said(messages: Sequence[Message], bodies: Bodies) -> dict[str, Any]:
    """Messages: their bytes are one body, here are their lengths."""
    kept = list(messages)
    lines = [[each.from_client, len(each.content), each.time, each.is_text] for each in kept]
    return {"lines": lines, "body": bodies.add(b"".join(each.content for each in kept))}


def to_said(facts: Mapping[str, Any], bodies: Sequence[bytes]) -> list[Message]:
    """What `said` made."""
    pieces = _pieces([line[1] for line in facts["lines"]], to_body(bodies, facts["body"]))
    lines = zip(facts["lines"], pieces, strict=True)
    return [Message(from_client, piece, time, is_text) for (from_client, _, time, is_text), piece in lines]


def websocket(record: WebSocketRecord, bodies: Bodies) -> dict[str, Any]:
    """What passed over a WebSocket."""
    client, server = list(record.from_client), list(record.from_server)
    return {
        "from_client": {"lengths": list(map(len, client)), "body": bodies.add(b"".join(client))},
        "from_server": {"lengths": list(map(len, server)), "body": bodies.add(b"".join(server))},
        "dropped": record.dropped,
        "messages": said(record.messages, bodies),
        "close_code": record.close_code,
        "closed_by_client": record.closed_by_client,
    }


def to_websocket(facts: Mapping[str, Any], bodies: Sequence[bytes]) -> WebSocketRecord:
    """What `websocket` made."""
    client, server = (
        _pieces(facts[side]["lengths"], to_body(bodies, facts[side]["body"])) for side in ("from_client", "from_server")
    )
    messages = to_said(facts["messages"], bodies)
    return WebSocketRecord(client, server, facts["dropped"], messages, facts["close_code"], facts["closed_by_client"])


def raw(record: RawRecord, bodies: Bodies) -> dict[str, Any]:
    """What passed that is not HTTP."""
    return plain(record) | {"messages": said(record.messages, bodies)}


def to_raw(facts: Mapping[str, Any], bodies: Sequence[bytes]) -> RawRecord:
    """What `raw` made."""
    return RawRecord(**{**facts, "messages": to_said(facts["messages"], bodies), "answers": tuple(facts["answers"])})


def _pieces(lengths: Sequence[int], whole: bytes) -> list[bytes]:
    at, found = 0, []
    for length in lengths:
        found.append(whole[at : at + length])
        at += length
    if at != len(whole) or any(length < 0 for length in lengths):
        raise ValueError("the messages have other lengths than their bytes")
    return found
