"""What a wire format is to the simulator: a reader, two writers and its way of failing in mid-stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from .ask import Ask
from .delivery import Frame
from .dialect import CONTENT_TYPES, Dialect
from .errors import Trouble
from .plan import Plan

HOLE = "\x00piece\x00"
_HOLE_JSON = orjson.dumps(HOLE)
EVENT_STREAM = b"text/event-stream; charset=utf-8"


class Request(NamedTuple):
    """A request whose body is parsed. `match` holds the groups of the route's pattern, `seed` stands for all of it.

    `fields` are the header fields by lower-case name.
    """

    query: bytes
    body: dict[str, Any]
    has_markers: bool
    """Whether the body holds cache markers; a hint that saves looking for them."""
    match: tuple[str | None, ...]
    seed: str
    fields: dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """One wire format. `read` raises `errors.Trouble` for a request that the real provider would refuse."""

    dialect: Dialect
    read: Callable[[Request], Ask]
    buffered: Callable[[Plan], object]
    stream: Callable[[Plan], list[Frame]]
    failure: Callable[[Plan, int, Trouble], bytes]
    """The event that ends a stream in failure; its second argument is how many events were sent before."""
    trouble: Trouble
    """What ends streams where nothing is said of the cause."""

    def stream_type(self, ask: Ask) -> bytes:
        """The content-type of a streamed answer."""
        return CONTENT_TYPES[self.dialect] if ask.framing == "array" else EVENT_STREAM


def event(name: str, value: object) -> bytes:
    """A named server-sent event (WHATWG HTML §9.2)."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(value))


def data(value: object) -> bytes:
    """A server-sent event without a name."""
    return b"data: %s\n\n" % orjson.dumps(value)


def around(value: dict[str, Any]) -> tuple[bytes, bytes]:
    """The bytes before and after the string `HOLE` in the JSON of `value`: a template for similar events."""
    before, _, after = orjson.dumps(value).partition(_HOLE_JSON)
    return before, after
