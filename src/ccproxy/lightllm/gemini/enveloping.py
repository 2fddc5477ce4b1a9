"""Code Assist's envelope around the very bytes of a call: its numbers, escapes and white space are the client's own.

What is read here has been found to be JSON before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from ccproxy.lightllm.gemini.fields import camel
from ccproxy.lightllm.gemini.splicing import Member, Reads, after_space, members_at

REQUEST, WHOLE_CALL = "request", "generateContentRequest"
NUMBER = re.compile(rb'("(?:[^"\\]++|\\.)*+")|-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+', re.DOTALL)
"""A text, so that nothing in it counts, or a number (RFC 8259 §6)."""


def _zero(_: str) -> int:
    return 0


places_of: Reads = json.JSONDecoder(parse_int=_zero, parse_float=_zero).raw_decode
"""Where a value ends. Numbers are not made, which takes long, or fails, for thousands of digits."""


def without_numbers(body: bytes) -> bytes:
    """A document with null for each number, for whoever cannot read those that are too large. What is no JSON, such as
    `01`, `1.` and `NaN`, is none then either."""
    return NUMBER.sub(lambda match: match[1] or b"null", body)


def enveloped(outer: bytes, call: bytes) -> bytes:
    """A call in its envelope, an object that has other members already."""
    return b'%b,"request":%b}' % (outer[:-1], call)


def object_with(body: bytes, without: Collection[str], *, first: bytes = b"", last: bytes = b"") -> bytes:
    """The object that a document is: without some members, and with one before or behind the others.

    All that is kept stays as it is, and so does the white space between.
    """
    text = body.decode("latin-1")  # a place in it is the same place in the bytes
    begin = after_space(text, 0)
    members, end = members_at(text, begin, places_of)
    ends = [begin + 1, *(member.last for member in members)]
    kept = [(at, member) for at, member in enumerate(members) if member.name not in without]
    pieces = [b"{", first, b"," if first and kept else b"", body[begin + 1 : members[0].begin] if members else b""]
    for number, (at, member) in enumerate(kept):
        pieces += [body[ends[at] : member.begin] if number else b"", body[member.begin : member.last]]
    pieces += [b"," if last and kept else b"", last, body[ends[-1] : end]]
    return b"".join(pieces)


def request_with(body: bytes, without: Collection[str], first: bytes) -> bytes:
    """An envelope, the same done to the call in it."""
    call = _named(body, body.decode("latin-1"), 0)[REQUEST]
    return body[: call.first] + object_with(body[call.first : call.last], without, first=first) + body[call.last :]


def turns_of(body: bytes) -> bytes:
    """The turns that a body of countTokens asks about, as `envelope.counted_call` finds them."""
    text = body.decode("latin-1")
    members = _named(body, text, 0)
    whole = [one for name, one in members.items() if camel(name) == WHOLE_CALL and one.value is not None]
    if whole and isinstance(whole[-1].value, dict):
        members = _named(body, text, whole[-1].first)
    turns = members.get("contents")
    return body[turns.first : turns.last] if turns is not None else b"[]"


def _named(body: bytes, text: str, begin: int) -> dict[str, Member]:
    """The members of an object by name. Of one name the last counts."""
    return {one.name: one for one in members_at(text, after_space(text, begin), places_of)[0]}
