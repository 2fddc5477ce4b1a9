"""What a hook declares to read and to write: glom paths into the body, `headers.NAME`, `exchange.FIELD`.

Two declarations touch each other where one is a prefix of the other: `messages` holds `messages.0.content`. A `*`
stands for any one step, `**` for any number of them. What APIs call differently has one name: see `ALIASES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

type Room = Literal["body", "headers", "exchange"]


@dataclass(frozen=True, slots=True)
class Path:
    """A declared path."""

    text: str
    """As it was written."""
    room: Room
    steps: tuple[str, ...]
    """In the body: names and indexes; of a header: its lower-case name; of the exchange: the field."""


def parse(text: str) -> Path:
    """Reads a declaration. Raises ValueError, whose message says what is wrong with it."""
    raise NotImplementedError


def overlap(one: Path, other: Path) -> bool:
    """True if one of them is in, or is, the other."""
    raise NotImplementedError


def covers(declared: Path, touched: Path) -> bool:
    """True if `touched` is `declared` or in it."""
    raise NotImplementedError
