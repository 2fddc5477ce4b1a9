"""What a stored request has beyond what a shape keeps of it: content, raw ids, fields of one way or one account."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote_plus

from ccproxy.codings import CodingError, decode
from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Headers
from ccproxy.flows.json_bytes import parsed
from ccproxy.shaping.auditing.messages import Leak, joined, told
from ccproxy.shaping.reduce import reduce
from ccproxy.shaping.reducing.address import PRINTABLE
from ccproxy.shaping.reducing.fields import PLACES
from ccproxy.shaping.reducing.ids import json_in, tells
from ccproxy.shaping.shape import PROMPT_ID, REQUEST_ID, SESSION_ID
from ccproxy.shaping.template import content_of
from ccproxy.shaping.template_fields import NEVER

LARGEST = 64 * 1024 * 1024
"""Bytes of a decoded body."""
CONTENT = "content, which is the caller's own and no part of a shape"
BEYOND = "more content than the profile's strategy takes from a shape"
OTHER = "what no shape keeps"
LOOKS = "what looks like"
"""How that begins of which nobody knows more than its look."""
NAMED = "an id or a credential in a name"
IDS = {
    SESSION_ID: "a raw id of a session",
    REQUEST_ID: "a raw id of a request",
    PROMPT_ID: "a raw id of a prompt",
}
ID = "a raw id"
HARMLESS = frozenset({*PLACES, *(name.decode() for name in NEVER)})
"""Fields of connections, which no request takes from a shape, and those of which the search for credentials tells."""


def excess(request: Mapping[str, Any], profile: ShapeProfile) -> Iterator[Leak]:
    """Each place at which a request, as a flow file holds it, differs from what `reduce` makes of it."""
    headers: Headers = [(bytes(name), bytes(value)) for name, value in request.get("headers") or ()]
    path, body = told(request.get("path")), _body(request.get("content"), headers)
    url = path if "://" in path.partition("?")[0] else f"https://provider.example{path}"
    new_url, new_headers, new_body = reduce("POST", url, headers, body or {}, profile)
    yield from _target(url, new_url)
    yield from _fields(headers, new_headers)
    yield from _members(body or {}, new_body, profile, "body", profile.wrapped_in)


def together(known: Sequence[Leak], more: Iterable[Leak]) -> list[Leak]:
    """What is known of a request, and the excess of which no more is said there: at the same place, or inside of it.

    An id may look like a credential: it is called an id.
    """
    found = list(more)
    ids = {leak.where.lower() for leak in found if leak.what.startswith(ID)}
    kept = [leak for leak in known if not (leak.what.startswith(LOOKS) and leak.where.lower() in ids)]
    places = {leak.where.lower() for leak in kept}
    return [*kept, *(leak for leak in found if not _is_told(leak, places))]


def _is_told(leak: Leak, places: Collection[str]) -> bool:
    where = leak.where.lower()
    inside = any(place.startswith(f"{where}.") for place in places) and leak.what not in (CONTENT, BEYOND)
    return where in places or inside


def _body(content: object, headers: Headers) -> dict[str, Any] | None:
    """What the body says; None where it is no object. A shape's own is never compressed, whatever its headers say."""
    data = content if isinstance(content, bytes) else b""
    coding = next((value.decode("latin-1") for name, value in headers if name.lower() == b"content-encoding"), "")
    for each in ("", coding):
        with suppress(CodingError, ValueError):
            value = parsed(decode(data, each, LARGEST) if each else data)
            return value if isinstance(value, dict) else None
    return None


def _target(old: str, new: str) -> Iterator[Leak]:
    before, _, query = quote(old, safe=PRINTABLE + "#", errors="replace").partition("#")[0].partition("?")
    kept_before, _, kept_query = new.partition("?")
    if before.partition("://")[2].partition("/")[2] != kept_before.partition("://")[2].partition("/")[2]:
        yield Leak("url", "an id or a credential in the path")
    kept = kept_query.split("&")
    for pair in query.split("&"):
        name = unquote_plus(pair.partition("=")[0])
        if pair and pair not in kept:
            yield Leak("query", NAMED) if tells(name) else Leak(f"query.{name}", ID)


def _fields(old: Headers, new: Headers) -> Iterator[Leak]:
    """What is kept has the names of the old ones, in their order."""
    rest = list(new)
    for name, value in old:
        kept = rest.pop(0)[1] if rest and rest[0][0] == name else None
        label = name.decode("latin-1")
        if tells(label):
            yield Leak("headers", NAMED)
        elif kept != value and label.lower() not in HARMLESS:
            yield Leak(f"headers.{label}", _kind(None if kept is None else kept.decode("latin-1")))


def _members(
    old: Mapping[str, Any], new: Mapping[str, Any], profile: ShapeProfile, where: str, wrapped_in: str | None
) -> Iterator[Leak]:
    content = content_of(profile)
    for name, value in old.items():
        place = joined(where, name)
        if name == wrapped_in and isinstance(value, dict) and isinstance(new.get(name), dict):
            yield from _members(value, new[name], profile, place, None)
        elif tells(name):
            yield Leak(where, NAMED)
        elif name in content and name not in new:
            yield Leak(place, CONTENT)
        elif name in content and _is_shorter(new[name], value):
            yield Leak(place, BEYOND)
        else:
            yield from _differences(value, new.get(name), place, name in new)


def _is_shorter(new: object, old: object) -> bool:
    return isinstance(new, list) and isinstance(old, list) and len(new) < len(old)


def _differences(old: Any, new: Any, where: str, there: bool = True) -> Iterator[Leak]:
    """The innermost places where two values differ; the second has at most what the first has."""
    if isinstance(old, str) and isinstance(new, str) and old != new:
        inner = json_in(old), json_in(new)
        if None not in inner and inner[0] != inner[1]:
            old, new = inner
    match old, new:
        case dict(), dict():
            for name, value in old.items():
                found = _differences(value, new.get(name), joined(where, name), name in new)
                yield from [Leak(where, NAMED)] if tells(name) else found
        case list(), list() if len(old) == len(new):
            for at, (one, other) in enumerate(zip(old, new, strict=True)):
                yield from _differences(one, other, joined(where, at))
        case _ if not there or old != new:
            yield Leak(where, _kind(new))


def _kind(new: object) -> str:
    """What was there, by what would stand there."""
    text = new if isinstance(new, str) else ""
    return next((kind for placeholder, kind in IDS.items() if placeholder in text), OTHER)
