"""Flows for an archive: turns of one conversation, in the manner of a coding agent."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.archive.store import Archive, Entry
from ccproxy.flows.record.record import to_record
from ccproxy.flows.selection import Selection
from ccproxy.flows.summary import summarize

MARK = {"cache_control": {"type": "ephemeral"}}


def words(seed: object, size: int) -> str:
    """About so many bytes of text that does not repeat itself."""
    dice = random.Random(str(seed))
    return " ".join("".join(dice.choices("abcdefghij\n", k=5)) for _ in range(size // 6))


def conversation(turn: int, size: int = 1500) -> list[dict[str, Any]]:
    """The messages of a turn; the last is marked."""
    said: list[dict[str, Any]] = []
    for number in range(2 * turn + 1):
        block: dict[str, Any] = {"type": "text", "text": words(number, size)}
        said.append({"role": "assistant" if number % 2 else "user", "content": [block]})
    said[-1]["content"][0] |= MARK
    return said


def body(turn: int, size: int = 1500, tail: int = 4000) -> bytes:
    """A request: model, messages, then what stays the same."""
    tools = [{"name": f"Tool{number}", "description": words(f"tool{number}", tail // 8)} for number in range(8)]
    told = {
        "model": "m-1",
        "messages": conversation(turn, size),
        "system": [{"type": "text", "text": "be"}],
        "tools": tools,
    }
    return json.dumps(told, separators=(",", ":")).encode()


def exchange(turn: int, data: bytes | None = None, **more: Any) -> Exchange:
    """A flow that began `turn` seconds after the others' beginning."""
    sent = body(turn) if data is None else data
    ex = Exchange(HttpRequest("POST", b"/v1/messages", [(b"host", b"example.test")], sent), **more)
    ex.forwarded = HttpRequest("POST", b"/v1/messages", [(b"host", b"api.test"), (b"x", bytes([turn % 256]))], sent)
    answer = b"event: message_stop\ndata: %d\n\n" % turn
    ex.response = ex.provider_response = HttpResponse(200, [], b"OK", [answer], complete=True)
    ex.timings.started, ex.timings.finished = 1_700_000_000.0 + turn, 1_700_000_001.5 + turn
    return ex


def entry(ex: Exchange, **more: Any) -> Entry:
    """What the writer makes of it."""
    return Entry(to_record(ex), summarize(ex), **more)


def written(path: Path, turns: int = 12, data: bytes | None = None) -> list[Exchange]:
    """An archive with flows, closed, everything in its file."""
    flows = [exchange(turn, data) for turn in range(turns)]
    archive = Archive.open(path)
    archive.add([entry(ex) for ex in flows])
    archive.checkpoint()
    archive.close()
    return flows


def read_all(path: Path) -> list[Exchange]:
    """All flows of an archive, the oldest first."""
    with ArchiveReader(path, wait=0.1) as reader:
        return [reader.exchange(flow["id"]) for flow in reader.summaries(Selection())]
