"""Responses for tests: wire events from short words and how they read, neutral events and how they are written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.openai_responses.buffered import write_body
from ccproxy.lightllm.openai_responses.stream import StreamReader, StreamWriter
from tests.support.grammar.openai_responses import check_body, check_stream, frames

OWN = WireFormat.OPENAI_RESPONSES
type Wire = dict[str, Any]


def created(**response: Any) -> Wire:
    """`response.created`."""
    return {"type": "response.created", "response": {"id": "resp_1", "model": "gpt", "created_at": 7, **response}}


def added(place: int, kind: str, **item: Any) -> Wire:
    """`response.output_item.added`."""
    return {"type": "response.output_item.added", "output_index": place, "item": {"type": kind, **item}}


def done(place: int, item: Wire) -> Wire:
    """`response.output_item.done`."""
    return {"type": "response.output_item.done", "output_index": place, "item": item}


def item_of(kind: str, **fields: Any) -> Wire:
    """An output item."""
    return {"type": kind, **fields}


def part(words: str, **more: Any) -> Wire:
    """An `output_text` part."""
    return {"type": "output_text", "text": words, **more}


def at(place: int, kind: str, **fields: Any) -> Wire:
    """An event of an item."""
    return {"type": f"response.{kind}", "output_index": place, **fields}


def completed(*output: Wire, **response: Any) -> Wire:
    """`response.completed`."""
    return {"type": "response.completed", "response": {"status": "completed", "output": list(output), **response}}


def read(*wire: Wire) -> list[ev.Event]:
    """The events of a stream, with those of its end."""
    reader = StreamReader()
    found = [event for one in wire for event in reader.read(b"", json.dumps(one).encode())]
    return found + list(reader.end())


def blocks(*wire: Wire) -> list[ev.Event]:
    """The events of the blocks of a whole stream, without those of its beginning and end."""
    found = read(created(), *wire)
    assert isinstance(found[-1], ev.End), found[-1]
    return [event for event in found[1:-1] if not isinstance(event, ev.Finish | ev.UsageUpdate)]


def stream(events: Iterable[ev.Event], document: Wire | None = None, asked: Asked | None = None) -> list[Wire]:
    """The events that a client gets, which must be legal."""
    writer = StreamWriter(asked or Asked("gpt", document or {}))
    text = b"".join(writer.write(event) for event in events).decode()
    assert check_stream(text) == []
    return [json.loads(data) for _, data in frames(text)]


def whole(*events: ev.Event, finish: ev.Finish | None = None) -> list[ev.Event]:
    """Blocks as a whole answer."""
    return [ev.MessageStart("resp_1", "gpt", 7), *events, finish or ev.Finish(ev.StopReason.DONE), ev.End()]


def output(events: Iterable[ev.Event], document: Wire | None = None) -> list[Wire]:
    """The output of a response, which is the same from a stream and from a body, but for ids that are made up."""
    events = list(events)
    streamed: list[Wire] = stream(events, document)[-1]["response"]["output"]
    body = write_body(collect(events), Asked("gpt", document or {}))
    assert check_body(body) == []
    assert [without_ids(item) for item in body["output"]] == [without_ids(item) for item in streamed]
    return streamed


def without_ids(item: Wire) -> Wire:
    """An item without its own id."""
    return {name: value for name, value in item.items() if name != "id"}


def text(index: int, *pieces: str) -> list[ev.Event]:
    """A whole block of text."""
    return [ev.TextStart(index), *(ev.TextDelta(index, piece) for piece in pieces), ev.BlockStop(index)]


def call(index: int, id: str, name: str, *pieces: str, custom: bool = False) -> list[ev.Event]:
    """A whole call."""
    deltas = [ev.ArgumentsDelta(index, piece) for piece in pieces]
    return [ev.ToolCallStart(index, id, name, custom), *deltas, ev.BlockStop(index)]


def kinds(wire: Iterable[Wire]) -> list[str]:
    """Types of events, without what they all begin with."""
    return [event["type"].removeprefix("response.") for event in wire]
