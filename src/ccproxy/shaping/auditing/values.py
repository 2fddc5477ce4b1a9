"""Secrets in values of any depth: of JSON, of what a flow file holds, and of each within the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ccproxy.codings import CodingError, decode
from ccproxy.flows.json_bytes import parsed
from ccproxy.flows.secrets.places import spans
from ccproxy.shaping.auditing.messages import SIGNED, Leak, field, is_harmless, joined, named, target, told
from ccproxy.shaping.reducing.ids import json_in
from ccproxy.shaping.reducing.opaque import betrayed_in_text
from ccproxy.shaping.reducing.secrets import hint, is_signature, secret_in
from ccproxy.shaping.reducing.values import named_secret

type Place = tuple[Any, str]

LARGEST = 64 * 1024 * 1024
"""Bytes of a decoded body that are looked at."""
GUESSES = ("gzip", "zstd", "deflate", "br")
FIELDS, TARGETS, BODIES = ("headers", "trailers"), ("path", "target", "url"), ("content", "body")


def leaks(value: Any, where: str, *, strict: bool = False) -> Iterator[Leak]:
    """Each secret in a value, with its place under `where`. It may be nested as deep as it likes.

    With `strict`, texts that only look like secrets too: in an envelope there are none, in what is known of a
    connection there are.
    """
    todo: list[Place] = [(value, where)]
    while todo:
        value, where = todo.pop()
        found: Iterable[Leak | Place] = ()
        match value:
            case dict() if "headers" in value:
                found = _message(value, where)
            case dict():
                found = _members(value, where)
            case list() | tuple():
                found = [(each, joined(where, at)) for at, each in enumerate(value)]
            case str():
                found = _text(value, where, strict)
            case bytes():
                found = _content(value, where, "")
        places = []
        for each in found:
            if isinstance(each, Leak):
                yield each
            else:
                places.append(each)
        todo += reversed(places)


def _members(value: Mapping[Any, Any], where: str) -> Iterator[Leak | Place]:
    for name, each in value.items():
        label = told(name)
        if kind := secret_in(label):
            yield Leak(where, f"{kind} in the name of a member")
        elif named_secret(label, each) and not is_harmless(told(each) or "?"):
            yield Leak(joined(where, label), named(each))
        else:
            yield each, joined(where, label)


def _message(value: Mapping[Any, Any], where: str) -> Iterator[Leak | Place]:
    """A request or a response, or what an exchange's record tells of one: its body may be elsewhere."""
    rest, coding = dict(value), ""
    for key in FIELDS:
        for name, said in _pairs(rest.pop(key, ())):
            coding = said if name.lower() == "content-encoding" else coding
            yield from field(name, said, where)
        if key in value and not _is_plain(value[key]):
            rest[key] = value[key]
    for key in TARGETS:
        yield from target(told(rest.pop(key, "")), where)
    for key in BODIES:
        if isinstance(rest.get(key), bytes):
            yield from _content(rest.pop(key), joined(where, "body"), coding)
    yield from _members(rest, where)


def _pairs(fields: Any) -> Iterator[tuple[str, str]]:
    """Header fields as a list of pairs, or as a map of values or of lists of values."""
    if isinstance(fields, dict):
        fields = [(name, one) for name, value in fields.items() for one in (value if _is_list(value) else [value])]
    for each in fields if _is_list(fields) else ():
        if _is_list(each) and len(each) == 2 and isinstance(each[0], str | bytes):
            yield told(each[0]), told(each[1])


def _is_plain(fields: Any) -> bool:
    """Whether all that is in them is pairs of a name and a text."""
    if isinstance(fields, dict):
        return all(isinstance(each, str) for each in fields.values())
    texts = str | bytes
    return _is_list(fields) and all(
        _is_list(each) and len(each) == 2 and isinstance(each[0], texts) and isinstance(each[1], texts)
        for each in fields
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _text(text: str, where: str, strict: bool) -> Iterator[Leak | Place]:
    if (inner := json_in(text)) is not None:
        yield inner, where
    elif is_signature(text):
        yield Leak(where, SIGNED)
    elif kind := secret_in(text) or (betrayed_in_text(_name(where), text) if strict else None):
        yield Leak(where, kind)


def _name(where: str) -> str:
    """The member that a text is in, perhaps as an element of lists."""
    return next((part for part in reversed(where.split(".")) if not part.isdigit()), "")


def _content(data: bytes, where: str, coding: str) -> Iterator[Leak | Place]:
    """A body: JSON if it is that, else whatever bytes, which may be compressed where nobody says how."""
    for clear in _decoded(data, coding):
        try:
            yield parsed(clear), where
        except ValueError:
            for start, end in spans(clear):
                yield Leak(where, f"a credential ({hint(told(clear[start:end]))})")


def _decoded(data: bytes, coding: str) -> Iterator[bytes]:
    yield data
    guesses = [coding] if coding else GUESSES
    for guess in () if _is_text(data) else guesses:
        try:
            yield decode(data, guess, LARGEST)
        except CodingError:
            continue


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
