"""Tolerant reading of parsed JSON: a value of the wrong type reads as an empty one, so that no request can break us."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

MAX_LEVELS = 240
MAX_DEPTH = 40
"""Nesting that is looked into; anything deeper counts as absent (the JSON parser itself accepts 1,024)."""


def parse_json(data: bytes | str) -> Any:
    """Parses JSON that can be written again: the parser takes 1,024 levels, the writer 254, and our answers add some.

    Raises:
        ValueError: for anything else.
    """
    value = orjson.loads(data)
    brackets = data.count("{") + data.count("[") if isinstance(data, str) else data.count(b"{") + data.count(b"[")
    if brackets > MAX_LEVELS:
        try:
            orjson.dumps([[[[[[[[value]]]]]]]])
        except orjson.JSONEncodeError:
            raise ValueError(f"it is nested in more than {MAX_LEVELS} levels") from None
    return value


def as_dict(value: object) -> dict[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """`value` if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """`value` if it is a string, else the empty one."""
    return value if isinstance(value, str) else ""


def as_count(value: object) -> int | None:
    """`value` if it is a positive integer, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def first_of(value: dict[str, Any], *names: str) -> Any:
    """The first field that is present: Google's API takes camelCase and snake_case names alike."""
    for name in names:
        if name in value:
            return value[name]
    return None


def dicts(value: object) -> list[dict[str, Any]]:
    """The objects in an array; other things in it are left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def strings(value: object, depth: int = MAX_DEPTH) -> Iterator[str]:
    """Every string inside `value`, in order, object keys left out."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item, depth - 1)


def text_inside(value: object) -> str:
    """The text of a tool result: the string it is, or the `text` (else all strings) of its parts, a line each."""
    if isinstance(value, str):
        return value
    parts = [item["text"] for item in dicts(value) if isinstance(item.get("text"), str)]
    return "\n".join(parts or strings(value))


def weigh(value: object, depth: int = MAX_DEPTH) -> int:
    """Roughly how many words `value` holds: the unit in which the simulator counts what it is given."""
    if isinstance(value, str):
        return value.count(" ") + 1
    if not depth:
        return 0
    if isinstance(value, dict):
        return sum([weigh(item, depth - 1) for item in value.values()])
    if isinstance(value, list):
        return sum([weigh(item, depth - 1) for item in value])
    return 0
