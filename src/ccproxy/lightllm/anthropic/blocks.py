"""Content blocks as neutral events: the same for blocks of a stream, which come in pieces, and of a body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.anthropic import server_read
from ccproxy.lightllm.anthropic.citations import read_citation
from ccproxy.lightllm.ids import new_id
from ccproxy.lightllm.signatures import unsealed

TEXT, THINKING, CALL, WHOLE = range(4)
"""What a block is: `WHOLE` ones become events when they have stopped."""

KINDS: Mapping[str, int] = {"text": TEXT, "thinking": THINKING, "tool_use": CALL}

type Events = list[ev.Event]


class Block:
    """A block that has not stopped."""

    __slots__ = ("citations", "index", "kind", "length", "pieces", "raw", "signature")

    def __init__(self, index: int, kind: int, raw: dict[str, Any]) -> None:
        self.index, self.kind, self.raw = index, kind, raw
        self.length = 0
        """Characters of text or input so far; a source of the API backs the whole of its block."""
        self.citations: list[ev.Citation] = []
        self.pieces: list[str] = []
        """JSON of a server tool's input."""
        self.signature = ""


class BlockReader:
    """Blocks by the index that the provider gave them; neutral indices are counted anew, whatever it gave."""

    def __init__(self) -> None:
        self.open: dict[Any, Block] = {}
        self.called = False
        """True once the client's tools have been called."""
        self._count = 0
        self._names: dict[str, str] = {}

    def start(self, at: Any, raw: dict[str, Any]) -> Events:
        """A block begins; servers other than Anthropic's may put content into it at once."""
        events = self.stop(at)
        kind = KINDS.get(str(raw.get("type")), WHOLE)
        block = self.open[at] = Block(self._count, kind, raw)
        self._count += 1
        events += STARTS[kind](self, block)
        return events

    def find(self, at: Any, kind: int) -> tuple[Block, Events]:
        """The open block for a delta of a kind, and what it took to have one where the provider has not opened it."""
        at = self.at(at)
        block = self.open.get(at)
        if block is not None and block.kind == kind:
            return block, []
        events = self.start(at, {"type": next(name for name, value in KINDS.items() if value == kind)})
        return self.open[at], events

    def at(self, at: Any) -> Any:
        """The index that a piece is meant for: without one, that of the last block."""
        return next(reversed(self.open)) if at is None and self.open else at

    def stop(self, at: Any) -> Events:
        """A block is whole."""
        block = self.open.pop(at, None)
        return [] if block is None else STOPS[block.kind](self, block)

    def stop_all(self) -> Events:
        """No block gets any more."""
        return [event for at in list(self.open) for event in self.stop(at)]

    def _start_text(self, block: Block) -> Events:
        events: Events = [ev.TextStart(block.index)]
        text = block.raw.get("text")
        if text and isinstance(text, str):
            block.length = len(text)
            events.append(ev.TextDelta(block.index, text))
        citations = block.raw.get("citations")
        for raw in citations if isinstance(citations, list) else ():
            self.cite(block, raw)
        return events

    def cite(self, block: Block, raw: Any) -> None:
        """Keeps a source until the block's length is known."""
        citation = read_citation(raw)
        if citation is not None:
            block.citations.append(citation)

    def _stop_text(self, block: Block) -> Events:
        events: Events = []
        for citation in block.citations:
            citation.start, citation.end = 0, block.length
            events.append(ev.CitationDelta(block.index, citation))
        return [*events, ev.BlockStop(block.index)]

    def _start_thinking(self, block: Block) -> Events:
        events: Events = [ev.ThinkingStart(block.index)]
        text = block.raw.get("thinking")
        if text and isinstance(text, str):
            events.append(ev.ThinkingDelta(block.index, text))
        block.signature = str(block.raw.get("signature") or "")
        return events

    def _stop_thinking(self, block: Block) -> Events:
        if not block.signature:
            return [ev.BlockStop(block.index)]
        opaque = unsealed(block.signature, WireFormat.ANTHROPIC)
        return [ev.Signature(block.index, opaque), ev.BlockStop(block.index)]

    def _start_call(self, block: Block) -> Events:
        self.called = True
        id, name = str(block.raw.get("id") or new_id("toolu_")), str(block.raw.get("name") or "unknown")
        return [ev.ToolCallStart(block.index, id, name)]

    def _stop_call(self, block: Block) -> Events:
        events: Events = [ev.BlockStop(block.index)]
        if not block.length:  # no input at all, or all of it at the start
            events.insert(0, ev.ArgumentsDelta(block.index, _json(block.raw.get("input"))))
        return events

    def _start_whole(self, block: Block) -> Events:
        return []

    def _stop_whole(self, block: Block) -> Events:
        raw, kind = block.raw, str(block.raw.get("type"))
        if server_read.is_call(kind):
            call = server_read.read_call(_with_input(raw, "".join(block.pieces)))
            self._names[call.id] = call.name
            return [call]
        if server_read.is_result(kind):
            return [server_read.read_result(raw, self._names)]
        if kind == "redacted_thinking":
            opaque = unsealed(str(raw.get("data") or ""), WireFormat.ANTHROPIC)
            opaque.redacted = True
            return [ev.Redacted(opaque)]
        return [ev.Unknown(raw, WireFormat.ANTHROPIC)]


type Handler = Callable[[BlockReader, Block], Events]

STARTS: Mapping[int, Handler] = {
    TEXT: BlockReader._start_text,
    THINKING: BlockReader._start_thinking,
    CALL: BlockReader._start_call,
    WHOLE: BlockReader._start_whole,
}
STOPS: Mapping[int, Handler] = {
    TEXT: BlockReader._stop_text,
    THINKING: BlockReader._stop_thinking,
    CALL: BlockReader._stop_call,
    WHOLE: BlockReader._stop_whole,
}


def _with_input(raw: dict[str, Any], pieces: str) -> dict[str, Any]:
    """A call with the input that has come in pieces; what is no object stays as text, so that nothing is lost."""
    if not pieces.strip():
        return raw
    try:
        value = orjson.loads(pieces)
    except orjson.JSONDecodeError:
        value = pieces
    return raw | {"input": value if isinstance(value, dict) else {"arguments": value}}


def _json(value: Any) -> str:
    if not value:
        return "{}"
    return value if isinstance(value, str) else orjson.dumps(value).decode()
