"""Answers of the Gemini API as Code Assist gives them, piece by piece as they come.

What is no answer passes as it is: errors, HTML, JSON that is broken, comments, the rest of a stream that ended early.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Protocol

from tools.code_assist.envelope import is_answer, wrapped

END = re.compile(rb"\r?\n\r?\n")
"""Of an event of a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
DATA = re.compile(rb"^data: ?([^\r\n]*)", re.MULTILINE)


class Wrapping(Protocol):
    """Takes the pieces of a body and gives those of another. `made` envelopes are around its answers."""

    made: int

    def feed(self, piece: bytes) -> bytes:
        """What can be said after this piece."""

    def rest(self) -> bytes:
        """What is left when no more comes."""


class Whole:
    """A body of JSON."""

    def __init__(self, chance: random.Random) -> None:
        self._chance, self._pieces, self.made = chance, bytearray(), 0

    def feed(self, piece: bytes) -> bytes:
        self._pieces += piece
        return b""

    def rest(self) -> bytes:
        body = bytes(self._pieces)
        if not is_answer(body):
            return body
        self.made += 1
        return wrapped(body, self._chance, lines=True)


class Events:
    """A stream of events, each with one line of data."""

    def __init__(self, chance: random.Random) -> None:
        self._chance, self._pieces, self.made = chance, b"", 0

    def feed(self, piece: bytes) -> bytes:
        self._pieces += piece
        done = bytearray()
        while end := END.search(self._pieces):
            done += self._event(self._pieces[: end.start()]) + end.group()
            self._pieces = self._pieces[end.end() :]
        return bytes(done)

    def rest(self) -> bytes:
        return self._event(self._pieces)

    def _event(self, event: bytes) -> bytes:
        data = DATA.findall(event)
        if len(data) != 1 or not is_answer(data[0]):
            return event
        self.made += 1
        told = wrapped(data[0], self._chance, lines=True).replace(b"\n", b"\ndata: ")
        return event.replace(data[0], told, 1)


class Untouched:
    """What is passed on as it is."""

    made = 0

    def feed(self, piece: bytes) -> bytes:
        return piece

    def rest(self) -> bytes:
        return b""


def wrapping(status: int, content_type: bytes, chance: random.Random) -> Wrapping:
    """What is made of an answer with this head."""
    if status >= 300:
        return Untouched()
    if content_type.startswith(b"text/event-stream"):
        return Events(chance)
    return Whole(chance) if b"json" in content_type else Untouched()


def cut(data: bytes, chance: random.Random) -> Iterator[bytes]:
    """The same bytes in pieces of another length."""
    while data:
        size = chance.choice((1, 7, 40, 300, 2000))
        yield data[:size]
        data = data[size:]
