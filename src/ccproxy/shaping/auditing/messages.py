"""Secrets in the head of a message: its header fields and its target."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from ccproxy.flows.secrets.key_formats import SENTINEL
from ccproxy.shaping.reducing.fields import PLACES
from ccproxy.shaping.reducing.opaque import betrayed_in_field
from ccproxy.shaping.reducing.secrets import (
    hint,
    is_secret_name,
    is_secret_parameter,
    is_signature,
    is_signature_field,
    secret_in,
)
from ccproxy.shaping.shape import CREDENTIAL, PLACEHOLDERS

CREDENTIALS = frozenset(name for name, place in PLACES.items() if place == CREDENTIAL)
SIGNED = "a vendor's signature of one request"
_USERINFO = re.compile(r"^(?:[^/?#]*//)?([^/?#@]*)@")


class Leak(NamedTuple):
    """Something that should not be there: where, and what kind of thing it is."""

    where: str
    what: str


def joined(where: str, name: object) -> str:
    """The place of a member."""
    return f"{where}.{name}" if where else f"{name}"


def told(value: object) -> str:
    """Text of whatever kind, bytes too; empty for what is neither."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def is_harmless(value: str) -> bool:
    """Whether it stands where a credential would, and is none: nothing, a placeholder, the name of a provider."""
    return not value or value in PLACEHOLDERS or SENTINEL.fullmatch(value.encode("utf-8", "replace")) is not None


def named(value: object) -> str:
    """What to say of a credential that is known by the name of its place."""
    return f"a credential ({hint(told(value))})" if told(value) else "a credential"


def field(name: str, value: str, where: str) -> Iterator[Leak]:
    """What is wrong with one header field; `where` is the place of the message."""
    place = joined(where, f"headers.{name}")
    if kind := secret_in(name):
        yield Leak(joined(where, "headers"), f"{kind} in the name of a field")
    elif (name.lower() in CREDENTIALS or is_secret_name(name)) and not is_harmless(value):
        yield Leak(place, named(value))
    elif (is_signature_field(name) and value) or is_signature(value):
        yield Leak(place, SIGNED)
    elif kind := secret_in(value) or betrayed_in_field(name, value):
        yield Leak(place, kind)


def target(text: str, where: str) -> Iterator[Leak]:
    """What is wrong with a URL or a request-target."""
    if found := _USERINFO.match(text):
        yield Leak(joined(where, "url.userinfo"), named(found[1]))
    before, _, query = text.partition("?")
    before = before.rpartition("@")[2] if found else before
    if kind := secret_in(before) or secret_in(unquote(before)):
        yield Leak(joined(where, "url"), kind)
    for pair in query.partition("#")[0].split("&"):
        yield from _parameter(pair, where)


def _parameter(pair: str, where: str) -> Iterator[Leak]:
    name, _, value = map(unquote_plus, pair.partition("="))
    if kind := secret_in(name):
        yield Leak(joined(where, "query"), f"{kind} in the name of a parameter")
    elif is_secret_parameter(name) and not is_harmless(value):
        yield Leak(joined(where, f"query.{name}"), named(value))
    elif kind := secret_in(value) or secret_in(pair) or betrayed_in_field(name, value):
        yield Leak(joined(where, f"query.{name}"), kind)
