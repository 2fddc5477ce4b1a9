"""Events in the hands of hooks: copies to compare with, and whether what a hook made can be an event at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.pipeline.families import KINDS

FLAT = frozenset({"int", "str", "bool", "int | None", "str | None", "StopReason"})
"""Types of fields that cannot be changed in place."""
LARGEST = 2**53


def copied[T](event: T) -> T:
    """A copy that shares nothing that could be changed."""
    kind: Any = type(event)
    made: T = copier(kind)(event)
    return made


@cache
def copier(kind: Any) -> Callable[[Any], Any]:
    """What copies events of a type."""
    names = [field.name for field in fields(kind)]
    if not all(field.type in FLAT for field in fields(kind)):
        return deepcopy
    match names:
        case []:
            return lambda event: kind()
        case [name]:
            return lambda event: kind(getattr(event, name))
        case _:
            values = attrgetter(*names)
            return lambda event: kind(*values(event))


def detached(made: ev.Event, before: ev.Event) -> ev.Event:
    """An event without the provider's own wording of it, where a hook has changed what it says and not the wording.

    Writers of the provider's format would write that wording, and what the hook did were undone.
    """
    if isinstance(made, ev.CitationDelta) and isinstance(before, ev.CitationDelta):
        _detach(made.citation, before.citation)
    elif isinstance(made, ev.ServerToolResult) and isinstance(before, ev.ServerToolResult):
        _detach(made, before)
        for citation, old in zip(made.sources, before.sources, strict=False):
            _detach(citation, old)
    elif isinstance(made, ev.ServerToolCall) and isinstance(before, ev.ServerToolCall):
        _detach(made, before)
    return made


def _detach[T: (ev.Citation, ev.ServerToolCall, ev.ServerToolResult)](made: T, before: T) -> None:
    if made != before and made.raw == before.raw:
        made.raw = None


def checked(made: object) -> ev.Event:
    """An event that a hook made. Raises TypeError for what is none, or has fields of a wrong type or no content."""
    if type(made) not in KINDS:
        raise TypeError(f"it returned {made!r:.80}, which is no event")
    _check(made)
    if isinstance(made, ev.ToolCallStart) and not (made.id and made.name):
        raise TypeError("a ToolCallStart needs an id and a name")
    event: ev.Event = made  # type: ignore[assignment]
    return event


def _check(value: Any) -> None:
    kind: Any = type(value)
    for name, fits in _fields(kind):
        if not fits(getattr(value, name)):
            raise TypeError(f"{type(value).__name__}.{name} cannot be {getattr(value, name)!r:.80}")


@cache
def _fields(kind: Any) -> tuple[tuple[str, Callable[[Any], bool]], ...]:
    return tuple((field.name, FITS[str(field.type)]) for field in fields(kind))


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return True


def _is_whole(value: Any) -> bool:
    return type(value) is int and -LARGEST <= value <= LARGEST


def _is_json(kind: type) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        try:
            return isinstance(value, kind) and bool(orjson.dumps(value))
        except TypeError:
            return False

    return fits


def _is_one(kind: type) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        if not isinstance(value, kind):
            return False
        _check(value)
        return True

    return fits


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _all(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _in(values: Iterable[Any]) -> Callable[[Any], bool]:
    known = frozenset(values)
    return lambda value: isinstance(value, str) and value in known


_PLAIN: dict[str, Callable[[Any], bool]] = {
    "str": _is_text,
    "int": _is_whole,
    "bool": lambda value: type(value) is bool,
    "float": lambda value: isinstance(value, int | float),
    "dict[str, Any]": _is_json(dict),
    "dict[str, str]": lambda value: isinstance(value, dict) and all(map(_is_text, [*value, *value.values()])),
    "list[dict[str, Any]]": _all(_is_json(dict)),
    "StopReason": lambda value: isinstance(value, ev.StopReason),
    "WireFormat": lambda value: isinstance(value, WireFormat),
    "Opaque": _is_one(ev.Opaque),
    "Usage": _is_one(ev.Usage),
    "WireError": _is_one(ev.WireError),
    "Citation": _is_one(ev.Citation),
    "list[Citation]": _all(_is_one(ev.Citation)),
    "Literal['web', 'document', 'file']": _in(("web", "document", "file")),
}
FITS: Mapping[str, Callable[[Any], bool]] = _PLAIN | {f"{name} | None": _or_none(f) for name, f in _PLAIN.items()}
"""By the annotation of a field, whether a value can stand there."""
