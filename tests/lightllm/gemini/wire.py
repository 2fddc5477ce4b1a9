"""Answers of Gemini's format for tests: made from short words, read into events, folded into bodies.

What is read and written here is held against the same in Code Assist's envelope, so that every case is one of both.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import Answer, collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.gemini.stream import StreamReader, StreamWriter
from tests.support.grammar.gemini import check_stream

OWN = WireFormat.GEMINI
USAGE = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
DONE = [ev.Finish(ev.StopReason.DONE), ev.End()]


def chunk(*parts: dict[str, Any], stop: str | None = None, **beside: Any) -> dict[str, Any]:
    """A chunk of one candidate, with members beside its content."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **beside}
    if stop is not None:
        candidate["finishReason"] = stop
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "gemini-x", "responseId": "r1"}


def text(words: str, **marks: Any) -> dict[str, Any]:
    """A part with text."""
    return {"text": words, **marks}


def call(name: str, args: Any = None, **marks: Any) -> dict[str, Any]:
    """A part with a call."""
    return {"functionCall": {"id": f"id_{name}", "name": name, "args": args or {}}, **marks}


def enveloped(one: Any) -> Any:
    """A chunk, or a list of chunks, as Code Assist sends it. An error is in no envelope."""
    if isinstance(one, list):
        return [enveloped(each) for each in one]
    if not isinstance(one, dict) or {"response", "error"} & one.keys():
        return one
    return {"traceId": "t1", "response": one, "consumedCredits": [{"creditType": "X"}], "remainingCredits": []}


def read(*chunks: Any, end: bool = True) -> list[ev.Event]:
    """The events of a stream of chunks; of Code Assist, they are the same."""
    state = random.getstate()
    events = _read(chunks, end)
    random.setstate(state)  # for ids that are made up
    assert _read([enveloped(one) for one in chunks], end) == events
    return events


def _read(chunks: Iterable[Any], end: bool) -> list[ev.Event]:
    reader = StreamReader()
    events = [event for one in chunks for event in reader.read(b"", json.dumps(one).encode())]
    return [*events, *(reader.end() if end else ())]


def answer(*chunks: Any) -> Answer:
    """What a stream of chunks amounts to."""
    return collect(read(*chunks))


def only(events: Iterable[ev.Event], *kinds: type) -> list[Any]:
    """The events of some kinds."""
    return [event for event in events if isinstance(event, kinds)]


def write(events: Iterable[ev.Event], asked: Asked | None = None) -> list[dict[str, Any]]:
    """The chunks of a stream of events; it must keep to the grammar. For a client of Code Assist, they are wrapped."""
    asked, events = asked or Asked(model="asked"), list(events)
    writer, wrapping = StreamWriter(asked), StreamWriter(replace(asked, wrapped=True, drops=Drops()))
    written = b"".join(map(writer.write, events)).decode()
    assert check_stream(written) == [], written
    chunks = chunks_of(written, asked.sse)
    wrapped = chunks_of(b"".join(map(wrapping.write, events)).decode(), asked.sse)
    assert list(map(told, wrapped)) == [told(one if "error" in one else {"response": one}) for one in chunks]
    return chunks


def chunks_of(written: str, sse: bool = True) -> list[dict[str, Any]]:
    """The chunks of a stream as it was written."""
    if not sse:
        return list(json.loads(written))
    return [json.loads(line.removeprefix("data: ")) for line in written.splitlines() if line]


def told(chunk: dict[str, Any]) -> dict[str, Any]:
    """A chunk in its envelope, if it has one, without the id that may be made up."""
    inner = chunk.get("response", chunk)
    inner = {name: value for name, value in inner.items() if name != "responseId"}
    return {"response": inner} if "response" in chunk else inner


def parts(chunks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """All parts of the first candidates; without the empty one of a last chunk."""
    found = [part for one in chunks for part in one["candidates"][0]["content"]["parts"]]
    return [part for part in found if part != {"text": ""}]


def thinking(index: int, words: str, opaque: ev.Opaque | None = None) -> list[ev.Event]:
    """A block of thinking."""
    said: list[ev.Event] = [ev.ThinkingDelta(index, words)] if words else []
    signed: list[ev.Event] = [ev.Signature(index, opaque)] if opaque is not None else []
    return [ev.ThinkingStart(index), *said, *signed, ev.BlockStop(index)]


def saying(index: int, *words: str) -> list[ev.Event]:
    """A block of text."""
    return [ev.TextStart(index), *(ev.TextDelta(index, word) for word in words), ev.BlockStop(index)]


def calling(index: int, name: str, *pieces: str) -> list[ev.Event]:
    """A block of a call."""
    arguments = [ev.ArgumentsDelta(index, piece) for piece in pieces]
    return [ev.ToolCallStart(index, f"id_{index}", name), *arguments, ev.BlockStop(index)]
