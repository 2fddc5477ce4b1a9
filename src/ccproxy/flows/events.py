"""The JSON in a recorded body: one value, or the events of a stream. Nothing here raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from ccproxy.codings import decode
from ccproxy.exchange import Headers, get_header

EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
"""What stands behind a server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""


def undone(body: bytes, headers: Headers) -> bytes:
    """A body without its content coding; empty if that cannot be."""
    coding = get_header(headers, b"content-encoding")
    if not coding or not body:
        return body
    try:
        return decode(body, coding.decode("latin-1"))
    except ValueError:
        return b""


def value_of(text: bytes | str) -> Any:
    """The value of a JSON text; None if it is none."""
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def values_in(body: bytes, mark: bytes = b"") -> Iterator[Any]:
    """The JSON values of a body: itself, an array's items, or the data of those of its events that hold `mark`."""
    if body[:64].lstrip()[:1] in {b"{", b"["}:
        whole = value_of(body)
        yield from whole if isinstance(whole, list) else [whole]
        return
    yield from values_of_events(body, mark)


def values_of_events(stream: bytes, mark: bytes = b"") -> Iterator[Any]:
    """The data of those server-sent events that hold `mark`."""
    for event in EVENT_END.split(stream):
        if mark in event:
            yield value_of(b"\n".join(line[5:] for line in event.splitlines() if line.startswith(b"data:")))
