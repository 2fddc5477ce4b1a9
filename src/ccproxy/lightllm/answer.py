"""A whole answer: what a stream of neutral events amounts to. Buffered bodies are written from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ccproxy.lightllm import events as ev


@dataclass(slots=True)
class Text:
    """A block of text."""

    pieces: list[str] = field(default_factory=list)
    citations: list[ev.Citation] = field(default_factory=list)
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    own: dict[str, Any] | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """The text as a whole."""
        return "".join(self.pieces)


@dataclass(slots=True)
class Thinking:
    """A block of thinking: summaries or paragraphs, and the thinking itself where it is told apart."""

    id: str = ""
    parts: dict[int, str] = field(default_factory=dict)
    raw_parts: dict[int, str] = field(default_factory=dict)
    signature: ev.Opaque | None = None

    @property
    def text(self) -> str:
        """All that can be read; parts are paragraphs."""
        return "\n\n".join(text for parts in (self.raw_parts, self.parts) for _, text in sorted(parts.items()))


@dataclass(slots=True)
class ToolCall:
    """A call of one of the client's tools."""

    id: str
    name: str
    custom: bool = False
    pieces: list[str] = field(default_factory=list)
    own: dict[str, Any] | None = field(default=None, compare=False)

    @property
    def arguments(self) -> str:
        """The arguments as the model wrote them: JSON text, if all is well."""
        return "".join(self.pieces)


@dataclass(slots=True)
class Refusal:
    """The model's words of refusal."""

    pieces: list[str] = field(default_factory=list)
    own: dict[str, Any] | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """The words as a whole."""
        return "".join(self.pieces)


type Block = (
    Text | Thinking | ToolCall | Refusal | ev.Redacted | ev.ServerToolCall | ev.ServerToolResult | ev.Media | ev.Unknown
)


@dataclass(slots=True)
class Answer:
    """An answer with its blocks in the order in which they were opened."""

    start: ev.MessageStart = field(default_factory=ev.MessageStart)
    blocks: list[Block] = field(default_factory=list)
    usage: ev.Usage = field(default_factory=ev.Usage)
    finish: ev.Finish | None = None
    error: ev.WireError | None = None
    """Set where the answer ended in an error; the blocks are what came before."""
    complete: bool = False


class Collector:
    """Folds events into an answer."""

    def __init__(self) -> None:
        self.answer = Answer()
        self._open: dict[int, Any] = {}

    def add(self, event: ev.Event) -> None:
        """Takes the next event."""
        handler = HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def _start(self, event: ev.MessageStart) -> None:
        self.answer.start = event

    def _open_text(self, event: ev.TextStart) -> None:
        self._begin(event.index, Text(own=event.own))

    def _open_thinking(self, event: ev.ThinkingStart) -> None:
        self._begin(event.index, Thinking(event.id))

    def _open_call(self, event: ev.ToolCallStart) -> None:
        self._begin(event.index, ToolCall(event.id, event.name, event.custom, own=event.own))

    def _open_refusal(self, event: ev.RefusalStart) -> None:
        self._begin(event.index, Refusal(own=event.own))

    def _begin(self, index: int, block: Block) -> None:
        self._open[index] = block
        self.answer.blocks.append(block)

    def _text(self, event: ev.TextDelta | ev.RefusalDelta) -> None:
        self._open[event.index].pieces.append(event.text)

    def _arguments(self, event: ev.ArgumentsDelta) -> None:
        self._open[event.index].pieces.append(event.json)

    def _thinking(self, event: ev.ThinkingDelta) -> None:
        block: Thinking = self._open[event.index]
        parts = block.raw_parts if event.raw else block.parts
        parts[event.part] = parts.get(event.part, "") + event.text

    def _signature(self, event: ev.Signature) -> None:
        self._open[event.index].signature = event.opaque

    def _citation(self, event: ev.CitationDelta) -> None:
        self._open[event.index].citations.append(event.citation)

    def _logprobs(self, event: ev.LogprobsDelta) -> None:
        self._open[event.index].logprobs += event.tokens

    def _stop(self, event: ev.BlockStop) -> None:
        self._open.pop(event.index, None)

    def _whole_block(self, event: Any) -> None:
        self.answer.blocks.append(event)

    def _usage(self, event: ev.UsageUpdate) -> None:
        self.answer.usage.update(event.usage)

    def _finish(self, event: ev.Finish) -> None:
        self.answer.finish = event

    def _error(self, event: ev.Error) -> None:
        self.answer.error = event.error

    def _end(self, event: ev.End) -> None:
        self.answer.complete = True


HANDLERS: dict[type, Callable[[Collector, Any], None]] = {
    ev.MessageStart: Collector._start,
    ev.TextStart: Collector._open_text,
    ev.TextDelta: Collector._text,
    ev.CitationDelta: Collector._citation,
    ev.LogprobsDelta: Collector._logprobs,
    ev.ThinkingStart: Collector._open_thinking,
    ev.ThinkingDelta: Collector._thinking,
    ev.Signature: Collector._signature,
    ev.Redacted: Collector._whole_block,
    ev.ToolCallStart: Collector._open_call,
    ev.ArgumentsDelta: Collector._arguments,
    ev.RefusalStart: Collector._open_refusal,
    ev.RefusalDelta: Collector._text,
    ev.BlockStop: Collector._stop,
    ev.ServerToolCall: Collector._whole_block,
    ev.ServerToolResult: Collector._whole_block,
    ev.Media: Collector._whole_block,
    ev.Unknown: Collector._whole_block,
    ev.UsageUpdate: Collector._usage,
    ev.Finish: Collector._finish,
    ev.Error: Collector._error,
    ev.End: Collector._end,
}


def collect(events: Iterable[ev.Event]) -> Answer:
    """The answer that events amount to."""
    collector = Collector()
    for event in events:
        collector.add(event)
    return collector.answer
