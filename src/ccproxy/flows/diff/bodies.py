"""What a body is, and how two differ that are no requests to an LLM API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NoReturn
from urllib.parse import parse_qsl

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import HttpRequest, HttpResponse, get_header
from ccproxy.flows.diff.values import ValueChange, text_edits, value_changes
from ccproxy.flows.parts.parts import canonical

type Kind = Literal["empty", "json", "form", "text", "binary"]

FORM = b"application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Body:
    """A message's body, its content coding undone."""

    kind: Kind
    data: bytes
    value: Any = None
    """Of JSON, and of a form: its fields in their order, by name."""
    text: str = ""
    """Of all but what is binary."""
    missing: int = 0
    """Bytes that passed but were not kept."""


def body_of(message: HttpRequest | HttpResponse) -> Body:
    """Reads a body. One whose coding cannot be undone is binary."""
    coding = get_header(message.headers, b"content-encoding")
    try:
        data = decode(message.body, coding.decode("latin-1") if coding else None)
    except CodingError:
        return Body("binary", message.body, missing=message.dropped)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return Body("binary", data, missing=message.dropped)
    if not data:
        return Body("empty", b"", missing=message.dropped)
    kind, value = read(text, (get_header(message.headers, b"content-type") or b"").lower())
    return Body(kind, data, value, text, message.dropped)


def read(text: str, content_type: bytes) -> tuple[Kind, Any]:
    """What a text is, and its value. Whatever is JSON is taken for it: not everybody says so."""
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        try:
            value = json.loads(text.removeprefix("\ufeff"), parse_constant=refuse)
            canonical(value)
        except (ValueError, RecursionError):
            pass
        else:
            return "json", value
    if content_type.startswith(FORM):
        return "form", fields(text)
    return ("text" if "\0" not in text else "binary"), None


def refuse(name: str) -> NoReturn:
    """`NaN` and `Infinity` are no JSON (RFC 8259 §6)."""
    raise ValueError(f"{name} is no JSON")


def fields(text: str) -> dict[str, Any]:
    """The fields of a form; those that are there more than once as a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=None):
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def body_changes(old: Body, new: Body) -> Iterator[ValueChange]:
    """How two bodies differ that are not taken apart: by path where both are JSON or forms, else as texts.

    Nothing for what is binary: `first_difference` says where.
    """
    if old.kind == new.kind and old.kind in ("json", "form"):
        yield from value_changes(old.value, new.value)
    elif "binary" not in (old.kind, new.kind) and old.text != new.text:
        yield ValueChange("", "changed", old.text, new.text, text_edits(old.text, new.text))


def first_difference(old: bytes, new: bytes) -> int | None:
    """The place of the first byte that is not the same, counted from 0; None if all are."""
    if old == new:
        return None
    shorter = min(len(old), len(new))
    low, high = 0, shorter  # the beginnings of this length are the same, those of that length may not be
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if old[:middle] == new[:middle] else (low, middle - 1)
    return low
