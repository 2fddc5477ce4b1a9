"""The messages of a request as a chain of digests: two chains agree in their first n places where n messages agree.

A client sends its whole conversation again at every turn. So what is known of a former body is used as far as the new
one has the same bytes, and only what follows is read.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ccproxy.flows.lineage.canon import link

NAMES = (b"messages", b"input", b"contents")
"""What the formats call their conversation."""
TOKEN = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|[\[\]{}]', re.DOTALL)
WHITE = re.compile(rb"\s*")
BETWEEN = b", \t\r\n"
CLOSE_ENOUGH = 64
"""Bytes that are not worth another comparison."""


@dataclass(slots=True, frozen=True)
class Chain:
    """A request's messages: where they are in the body, and the digest of all up to each of them."""

    data: bytes
    start: int
    """Where the first may begin: behind the bracket, or the string that is all there is."""
    ends: list[int]
    """Where each ends, counted from `start`."""
    links: list[bytes]
    """The digest of the conversation up to and with each; what is no part of it (instructions) changes nothing."""
    close: int
    """Where the array's closing bracket is."""

    def __len__(self) -> int:
        return len(self.links)

    @property
    def tip(self) -> bytes:
        """The digest of the whole conversation."""
        return self.links[-1] if self.links else b""

    def message(self, index: int) -> Any:
        """One message as JSON."""
        return orjson.loads(self.raw(index).lstrip(BETWEEN))

    def raw(self, index: int) -> bytes:
        """One message as it was sent, with what is between it and the former one."""
        return self.data[self.start + (self.ends[index - 1] if index else 0) : self.start + self.ends[index]]

    def alike(self, other: Chain, since: int) -> int:
        """How many of its messages from a place on another has at the same places, byte for byte."""
        places = range(since, min(len(self), len(other)))
        return sum(self.raw(place) == other.raw(place) for place in places)

    def rest(self) -> bytes:
        """The body without its messages."""
        return self.data[: self.start] + self.data[self.close :]

    def common(self, other: Chain) -> int:
        """How many messages two conversations begin with in common."""
        low, high = 0, min(len(self), len(other))
        while low < high:
            middle = (low + high + 1) // 2
            if self.links[middle - 1] == other.links[middle - 1]:
                low = middle
            else:
                high = middle - 1
        return low


def read_chain(data: bytes, former: Sequence[Chain] = (), base: bytes = b"") -> Chain | None:
    """The chain of a body (JSON, codings undone); None if it has no messages. `base` is what they follow.

    Whatever can be read counts: a body that breaks off has the messages that are whole.
    """
    start = next((each.start for each in former if has_head(data, each)), None) or find_start(data)
    if start is None:
        return None
    if data[start : start + 1] == b'"':
        return of_text(data, start, base)
    known, count = (None, 0) if base else most_in_common(data, start, former)
    ends, links = (known.ends[:count], known.links[:count]) if known else ([], [])
    close = len(data)
    for end, is_last in elements(data, start + (ends[-1] if ends else 0)):
        if is_last:
            close = end
            break
        try:
            message = orjson.loads(data[start + (ends[-1] if ends else 0) : end].lstrip(BETWEEN))
        except ValueError:
            break
        ends.append(end - start)
        links.append(link(links[-1] if links else base, message))
    return Chain(data, start, ends, links, close)


def has_head(data: bytes, former: Chain) -> bool:
    """Whether a body begins as a former one, up to its messages, which are an array in both."""
    start = former.start
    return former.data[start - 1 : start] == b"[" and data[:start] == former.data[:start]


def of_text(data: bytes, start: int, base: bytes) -> Chain | None:
    """The chain of a conversation that is one text."""
    token = TOKEN.match(data, start)
    try:
        text = orjson.loads(token[0]) if token else None
    except ValueError:
        return None
    return Chain(data, start, [token.end() - start], [link(base, text)], token.end()) if token else None


def find_start(data: bytes) -> int | None:
    """Where the messages begin: in the body's object, or in the one in it that an envelope has (`request`)."""
    depth = 0
    for token in TOKEN.finditer(data):
        sign = data[token.start()]
        if sign == 0x22:
            if token[2] and depth <= 2 and token[1] in NAMES:
                value = WHITE.match(data, token.end())
                at = value.end() if value else token.end()
                if data[at : at + 1] == b"[":
                    return at + 1
                if data[at : at + 1] == b'"' and depth == 1:
                    return at
        elif sign in b"[{":
            depth += 1
        elif sign in b"]}":
            depth -= 1
    return None


def elements(data: bytes, at: int) -> Iterator[tuple[int, bool]]:
    """Where each element of an array ends, and last (with True) where its closing bracket is."""
    depth = 0
    for token in TOKEN.finditer(data, at):
        sign = data[token.start()]
        if sign in b"[{":
            depth += 1
            continue
        if sign in b"]}":
            if not depth:
                yield token.start(), True
                return
            depth -= 1
        if not depth:
            yield token.end(), False


def most_in_common(data: bytes, start: int, former: Sequence[Chain]) -> tuple[Chain | None, int]:
    """The former body that has the most messages in common, byte for byte, and how many these are."""
    best, most = None, 0
    for each in former:
        count = bisect_right(each.ends, same_bytes(data, start, each.data, each.start))
        if count > most:
            best, most = each, count
    return best, most


def same_bytes(one: bytes, at: int, two: bytes, start: int) -> int:
    """How many bytes are the same from two places on."""
    low, high = 0, min(len(one) - at, len(two) - start)
    if one[at : at + high] == two[start : start + high]:
        return high
    while high - low > CLOSE_ENOUGH:
        middle = (low + high) // 2
        if one[at + low : at + middle] == two[start + low : start + middle]:
            low = middle
        else:
            high = middle
    return low
