"""What is in Code Assist's envelope, `{"response": {…}, "traceId": …}`, cut out of the bytes that hold it.

Nothing is written anew: numbers, escapes and white space of an answer are the provider's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ccproxy.lightllm.gemini.names import camel, member, members

SPACE = re.compile(r"[ \t\n\r]*+")
NAME = re.compile(r'("(?:[^"\\\x00-\x1f]++|\\.)*+")[ \t\n\r]*+:[ \t\n\r]*+')
NEXT = re.compile(r"[ \t\n\r]*+([,\]}])")
"""What JSON has around its values (RFC 8259 §2)."""

HEAD = re.compile(r'\{[ \t\n\r]*+"response"[ \t\n\r]*+:[ \t\n\r]*+(?=\{)')
TAIL = re.compile(
    r'(?:[ \t\n\r]*+,[ \t\n\r]*+"(?!response"|error")\w++"[ \t\n\r]*+:[ \t\n\r]*+"[^"\\\x00-\x1f]*+")*+[ \t\n\r]*+\}'
)
"""An envelope as it mostly is: what stands before the answer, and behind it, where that is nothing but short texts."""

type Reads = Callable[[str, int], tuple[Any, int]]

value_at: Reads = json.JSONDecoder().raw_decode
"""The value that begins at a place of a text, and where it ends."""


class Found(NamedTuple):
    """An object: an answer, or an envelope with an answer in it."""

    begin: int
    end: int
    answer: bytes
    """The object without its envelope."""
    wrapped: bool
    ends: bool
    """True if it says how the answer ended."""


class Member(NamedTuple):
    """A member of an object: where its name begins, and where its value stands."""

    name: str
    begin: int
    first: int
    last: int
    value: Any


def found_in(data: bytes) -> list[Found] | None:
    """The object that a document is, or the objects of the list that it is; None for other documents, and no JSON."""
    text = data.decode("latin-1")  # a place in it is the same place in the bytes
    begin = after_space(text, 0)
    try:
        if text.startswith("{", begin):
            found = [_object(data, text, begin)]
            end = found[0].end
        elif text.startswith("[", begin):
            found, end = _list(data, text, begin)
        else:
            return None
    except (ValueError, RecursionError):
        return None
    return found if after_space(text, end) == len(text) else None


def spliced(data: bytes, found: list[Found]) -> bytes:
    """The document with its answers in the places of their envelopes; the very same bytes if it has none."""
    pieces: list[bytes] = []
    done = 0
    for one in found:
        if one.wrapped:
            pieces += data[done : one.begin], one.answer
            done = one.end
    return b"".join((*pieces, data[done:])) if pieces else data


def _list(data: bytes, text: str, begin: int) -> tuple[list[Found], int]:
    found: list[Found] = []
    at, end, mark = after_space(text, begin + 1), begin, ","
    if text.startswith("]", at):
        return found, at + 1
    while mark == ",":
        if text.startswith("{", at):
            found.append(_object(data, text, at))
            end = found[-1].end
        else:
            _, end = value_at(text, at)
        mark, end = _mark(text, end, "]")
        at = after_space(text, end)
    return found, end


def _object(data: bytes, text: str, begin: int) -> Found:
    head = HEAD.match(text, begin)
    if head is not None:
        answer, last = value_at(text, head.end())
        tail = TAIL.match(text, last)
        if tail is not None:
            return Found(begin, tail.end(), data[head.end() : last], True, says_end(answer))
    values, places, end = _members(text, begin)
    answer = values.get("response")
    if not isinstance(answer, dict):
        return Found(begin, end, data[begin:end], False, says_end(values))
    if values.get("error") and not answer.get("error"):
        first, last = places["error"]
        return Found(begin, end, b'{"error":%b}' % data[first:last], True, True)
    first, last = places["response"]
    return Found(begin, end, data[first:last], True, says_end(answer))


def _members(text: str, begin: int) -> tuple[dict[str, Any], dict[str, tuple[int, int]], int]:
    """The members of an object, where each value stands, and where the object ends. Of one name the last counts."""
    found, end = members_at(text, begin)
    return {one.name: one.value for one in found}, {one.name: (one.first, one.last) for one in found}, end


def members_at(text: str, begin: int, read: Reads = value_at) -> tuple[list[Member], int]:
    """The members of the object that begins at a place, and where it ends. Raises ValueError for what is no JSON."""
    found: list[Member] = []
    at, end, mark = after_space(text, begin + 1), begin, ","
    if text.startswith("}", at):
        return found, at + 1
    while mark == ",":
        match = NAME.match(text, at)
        if match is None:
            raise ValueError("a member without a name")
        name: str = value_at(match[1], 0)[0] if "\\" in match[1] else match[1][1:-1]
        value, end = read(text, match.end())
        found.append(Member(name, at, match.end(), end, value))
        mark, end = _mark(text, end, "}")
        at = after_space(text, end)
    return found, end


def _mark(text: str, at: int, closing: str) -> tuple[str, int]:
    match = NEXT.match(text, at)
    if match is None or match[1] not in ("," + closing):
        raise ValueError("neither a comma nor the end")
    return match[1], match.end()


def after_space(text: str, at: int) -> int:
    """Where something stands again, from a place on."""
    match = SPACE.match(text, at)
    return match.end() if match else at


def says_end(answer: dict[str, Any]) -> bool:
    """True for an answer, or a piece of one, that says why it ends: a reason, a refusal of the prompt, an error."""
    answer = camel(answer)
    if answer.get("error") or member(answer, "promptFeedback").get("blockReason"):
        return True
    return any(one.get("finishReason") for one in members(answer, "candidates") if not one.get("index"))
