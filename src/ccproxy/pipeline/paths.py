"""What a hook declares to read and to write: glom paths into the body, `headers.NAME`, `exchange.FIELD`.

Two declarations touch each other where one is a prefix of the other: `messages` holds `messages.0.content`. A `*`
stands for any one step, `**` for any number of them. What APIs call differently has one name: see `ALIASES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

type Room = Literal["body", "headers", "exchange"]

SETTINGS = (
    *("max_tokens", "max_completion_tokens", "max_output_tokens", "temperature", "top_p", "top_k", "seed"),
    *("stop", "stop_sequences", "presence_penalty", "frequency_penalty", "logit_bias", "parallel_tool_calls"),
    *("generationConfig", "generation_config"),
)
ALIASES: dict[str, tuple[str, ...]] = {
    "input": ("messages",),
    "contents": ("messages",),
    "instructions": ("system",),
    "systemInstruction": ("system",),
    "system_instruction": ("system",),
} | {name: ("settings", name) for name in SETTINGS}
"""What the first step of a path into the body stands for."""

ENVELOPE = "request"
"""Where Code Assist has a Gemini body: what is in it goes by its inner name, and it alone is the whole body."""


WHOLE = ("**",)
"""The steps of the whole body."""


@dataclass(frozen=True, slots=True)
class Path:
    """A declared path."""

    text: str
    """As it was written."""
    room: Room
    steps: tuple[str, ...]
    """In the body: names and indexes, `**` for all of it; of a header: its lower-case name; of the exchange: the field.
    """

    @property
    def whole(self) -> bool:
        """True for the whole body."""
        return self.room == "body" and self.steps == WHOLE


def parse(text: str) -> Path:
    """Reads a declaration. Raises ValueError, whose message says what is wrong with it."""
    if not text.strip():
        raise ValueError("a path is empty")
    room, _, name = text.partition(".")
    if room == "headers":
        return Path(text, "headers", (_header(text, name),))
    steps = tuple(text.split("."))
    if not all(steps):
        raise ValueError(f"{text!r} is not a path: there is nothing before, after or between its dots")
    if room == "exchange":
        return Path(text, "exchange", steps[1:] or ("*",))
    return Path(text, "body", _in_body(steps))


def overlap(one: Path, other: Path) -> bool:
    """True if one of them is in, or is, the other; of paths with wildcards, if that can be."""
    if one.room != other.room:
        return False
    for left, right in zip(one.steps, other.steps, strict=False):
        if "**" in (left, right):
            return True
        if left != right and not _can_meet(left, right):
            return False
    return True


def covers(declared: Path, touched: Path) -> bool:
    """True if `touched` is `declared` or in it; of a `touched` with wildcards, if all that it can mean is."""
    return declared.room == touched.room and _begins(declared.steps, touched.steps)


def _header(text: str, name: str) -> str:
    if text == "headers" or name == "**":
        return "*"
    if not name.strip():
        raise ValueError(f"{text!r} names no header: write headers.NAME, or headers.* for all")
    return name.lower()


def _in_body(steps: tuple[str, ...]) -> tuple[str, ...]:
    if steps[0] == ENVELOPE:
        steps = steps[1:]
    steps = ALIASES.get(steps[0], steps[:1]) + steps[1:] if steps else WHOLE
    while len(steps) > 1 and steps[-1] == "**":
        steps = steps[:-1]
    return WHOLE if steps == ("*",) else steps


def _can_meet(left: str, right: str) -> bool:
    if "*" in (left, right):
        return True
    from_the_end = left.startswith("-") != right.startswith("-")
    return from_the_end and left.removeprefix("-").isdigit() and right.removeprefix("-").isdigit()


def _begins(declared: tuple[str, ...], touched: tuple[str, ...]) -> bool:
    for place, step in enumerate(declared):
        if step == "**":
            rest = declared[place + 1 :]
            return any(_begins(rest, touched[begin:]) for begin in range(place, len(touched) + 1))
        if place >= len(touched) or touched[place] == "**" or step not in ("*", touched[place]):
            return False
    return True
