"""Streams of Anthropic's format for tests: made from short words, read into events, folded into messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.anthropic.stream import StreamReader, StreamWriter
from ccproxy.lightllm.asked import Asked
from tests.support.grammar.anthropic import check_stream, frames

OWN = WireFormat.ANTHROPIC


def begin(**message: Any) -> dict[str, Any]:
    """`message_start`."""
    return {"type": "message_start", "message": {"id": "msg_1", "model": "claude", "content": [], **message}}


def start(at: int, kind: str, **fields: Any) -> dict[str, Any]:
    """`content_block_start`."""
    return {"type": "content_block_start", "index": at, "content_block": {"type": kind, **fields}}


def delta(at: int, kind: str, **fields: Any) -> dict[str, Any]:
    """`content_block_delta`."""
    return {"type": "content_block_delta", "index": at, "delta": {"type": kind, **fields}}


def stop(at: int) -> dict[str, Any]:
    """`content_block_stop`."""
    return {"type": "content_block_stop", "index": at}


def over(reason: str | None = "end_turn", **usage: int) -> list[dict[str, Any]]:
    """`message_delta` and `message_stop`."""
    ended = {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}}
    return [ended | ({"usage": usage} if usage else {}), {"type": "message_stop"}]


def read(*wire: dict[str, Any], end: bool = True) -> list[ev.Event]:
    """The neutral events of a stream."""
    reader = StreamReader()
    found = [event for item in wire for event in reader.read(item["type"].encode(), json.dumps(item).encode())]
    return [*found, *(reader.end() if end else ())]


def write(events: Iterable[ev.Event], asked: Asked | None = None) -> str:
    """The stream that neutral events make."""
    writer = StreamWriter(asked or Asked(model="asked"))
    return b"".join([writer.write(event) for event in events]).decode()


def clean(events: Iterable[ev.Event], asked: Asked | None = None) -> dict[str, Any]:
    """The message of the stream that neutral events make, which must be one that the API could have sent."""
    text = write(events, asked)
    assert check_stream(text) == [], text
    return fold(text)


def sent(text: str) -> list[dict[str, Any]]:
    """The data of the events of a stream."""
    return [json.loads(data) for _, data in frames(text)]


def fold(text: str) -> dict[str, Any]:
    """The message that a client makes of a stream, as the official SDKs do: blocks by their index."""
    message: dict[str, Any] = {}
    inputs: dict[int, str] = {}
    for event in sent(text):
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                message["content"].append(event["content_block"])
            case "content_block_delta":
                _fold_delta(message["content"], event["index"], event["delta"], inputs)
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= event["usage"]
    for at, pieces in inputs.items():
        message["content"][at]["input"] = json.loads(pieces)
    return message


def _fold_delta(blocks: Sequence[dict[str, Any]], at: int, delta: dict[str, Any], inputs: dict[int, str]) -> None:
    block = blocks[at]
    match delta.pop("type"):
        case "input_json_delta":
            inputs[at] = inputs.get(at, "") + delta["partial_json"]
        case "citations_delta":
            block.setdefault("citations", []).append(delta["citation"])
        case "signature_delta" | "compaction_delta":
            block |= delta
        case _:
            for name, text in delta.items():
                block[name] += text
