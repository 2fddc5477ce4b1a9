"""What to answer: an `Ask` and the markers in it become pieces of text, tool calls, a stop reason and usage."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import orjson

from . import markers, wording
from .ask import Ask
from .orders import Orders
from .toolbox import Call, calls_for

PIECE = re.compile(r"\s*\S{1,12}|\s+")
LONG = 1_000_000
MANY = 50_000
QUOTED_WORDS = 8
STOPS = {
    "max_tokens": "length",
    "max_output_tokens": "length",
    "end_turn": "end",
    "stop": "end",
    "completed": "end",
    "tool_use": "tool",
    "tool_calls": "tool",
    "content_filter": "filter",
    "safety": "filter",
    "pause_turn": "pause",
}
"""The formats' names for our neutral reasons: end, length, stop_sequence, tool, filter, refusal, pause."""


@dataclass(slots=True)
class Usage:
    """Token counts; `input` is what was neither read from nor written to a cache, `output` includes `reasoning`."""

    input: int
    cache_read: int
    cache_write: int
    output: int
    reasoning: int

    @property
    def prompt(self) -> int:
        """All tokens of the prompt."""
        return self.input + self.cache_read + self.cache_write


@dataclass(slots=True)
class Plan:
    """The answer, format-neutral. `text` and `thinking` are in pieces, one token each."""

    ask: Ask
    orders: Orders
    usage: Usage
    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    refusal: bool = False
    stop: str = "end"
    stop_sequence: str | None = None


def draft(ask: Ask) -> Plan:
    """Decides the answer. Deterministic: the same `ask` gives the same plan."""
    orders = markers.parse("\n".join(ask.tail.texts))
    quote = _quote(ask)
    silent = orders.refuse or (ask.tail.results and not orders.tools and ask.choice != "any")
    calls = [] if silent else calls_for(ask, orders.tools)
    thinks = orders.think or ask.thinking
    thinking = PIECE.findall(wording.THOUGHT.format(quote=quote)) if thinks else []
    text, stop, stop_sequence = _cut(wording.answer(ask, orders, quote, bool(calls)), ask, len(thinking))
    if calls:
        stop, stop_sequence = "tool", None
    if orders.refuse:
        stop, stop_sequence = "refusal", None
    if orders.stop:
        stop = STOPS.get(orders.stop.lower(), orders.stop)
        stop_sequence = next(iter(ask.stops), None) if stop == "stop_sequence" else None
    output = len(text) + len(thinking) + sum([_size(call) for call in calls])
    fresh = max(ask.weight - ask.cache_read - ask.cache_write, 1)
    usage = Usage(fresh, ask.cache_read, ask.cache_write, max(output, 1), len(thinking))
    return Plan(ask, orders, usage, text, thinking, calls, orders.refuse, stop, stop_sequence)


def pieces(text: str) -> list[str]:
    """Splits into word-like pieces; joined they are `text` again. A very long text has fewer and longer ones."""
    if len(text) <= LONG:
        return PIECE.findall(text)
    size = len(text) // MANY + 1
    return [text[at : at + size] for at in range(0, len(text), size)]


def _quote(ask: Ask) -> str:
    last = next((text for text in reversed(ask.tail.texts) if text and not text.isspace()), "")
    return " ".join(markers.strip(last).split(None, QUOTED_WORDS)[:QUOTED_WORDS]) or "…"


def _cut(text: str, ask: Ask, spent: int) -> tuple[list[str], str, str | None]:
    """Applies stop sequences and the token limit: the pieces, the stop reason and the sequence that was met."""
    at, met = min(((text.find(stop), stop) for stop in ask.stops if stop in text), default=(len(text), None))
    parts = pieces(text[:at])
    room = len(parts) if ask.limit is None else max(ask.limit - spent, 0)
    if room < len(parts):
        return parts[:room], "length", None
    return parts, "stop_sequence" if met is not None else "end", met


def _size(call: Call) -> int:
    arguments = call.arguments if isinstance(call.arguments, str) else orjson.dumps(call.arguments).decode()
    return len(pieces(arguments)) + 2
