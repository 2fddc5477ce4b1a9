"""What the simulator says."""

from __future__ import annotations

from itertools import cycle, islice

import orjson

from .ask import Ask
from .extras import in_words
from .orders import Orders
from .pictures import told
from .schemas import instance

GREETING = (
    "Hello from the simulator — you said “{quote}”. "
    "I stand in for a real model: I answer at once and always the same, and nothing has left this machine. ✓"
)
THOUGHT = "The user wrote “{quote}”. No need to think long about it: a short and friendly answer will do."
CALLING = "I will use a tool for that."
REFUSAL = "I am sorry — I cannot help with that."
VOCABULARY = (
    "the",
    "river",
    "runs",
    "slowly",
    "past",
    "an",
    "old",
    "café",
    "with",
    "naïve",
    "songs",
    "and",
    "small",
    "bells",
)
QUOTED_RESULT = 300


def answer(ask: Ask, orders: Orders, quote: str, calling: bool) -> str:
    """The text of the answer. `quote` is the beginning of what the user said, `calling` whether tools are called."""
    if orders.refuse:
        return REFUSAL
    if calling:
        return CALLING
    text = _text(ask, orders, quote)
    return text if ask.rich else in_words(text, orders)


def _text(ask: Ask, orders: Orders, quote: str) -> str:
    if orders.echo:
        return "\n".join(ask.tail.texts)
    if ask.json or orders.json:
        value = instance(ask.schema) if ask.schema else {"simulator": True, "said": quote}
        return orjson.dumps(value).decode()
    if orders.words is not None:
        return " ".join(islice(cycle(VOCABULARY), orders.words))
    if ask.tail.results:
        return "TOOL RESULT: " + "\n".join(ask.tail.results).strip()[:QUOTED_RESULT] + told(ask.tail.pictures)
    return GREETING.format(quote=quote) + told(ask.tail.pictures)
