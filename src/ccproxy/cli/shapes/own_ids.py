"""Ids of the user that stay in a shape: they are the same in all of that user's requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ccproxy.shaping.reducing.ids import OWN, json_in
from ccproxy.shaping.reducing.secrets import spelled
from ccproxy.shaping.shape import PLACEHOLDERS

if TYPE_CHECKING:
    from ccproxy.shaping.shape import Shape

DEPTH = 16
"""How deep it is looked for them."""


def own_ids(shape: Shape) -> list[str]:
    """The header fields and the members of the body that hold such ids, as `body.metadata`."""
    fields = [
        name.decode("latin-1")
        for name, value in shape.headers
        if is_own(name.decode("latin-1"), value.decode("latin-1"))
    ]
    members = [f"body.{name}" for name, value in shape.body.items() if any(_found(name, value, DEPTH))]
    return [*dict.fromkeys(f"header {name}" for name in fields), *members]


def is_own(name: str, value: object) -> bool:
    """Whether what is named so is an id of the user or of the installation, and is there."""
    return spelled(name) in OWN and isinstance(value, str | int) and value != "" and value not in PLACEHOLDERS


def _found(name: str, value: Any, depth: int) -> Iterator[bool]:
    """An item for each id; a text may be JSON, which is looked into."""
    inner = json_in(value) if isinstance(value, str) else value
    if isinstance(inner, dict) and depth:
        for key, each in inner.items():
            yield from _found(key, each, depth - 1)
    elif isinstance(inner, list) and depth:
        for each in inner:
            yield from _found(name, each, depth - 1)
    elif is_own(name, value):
        yield True
