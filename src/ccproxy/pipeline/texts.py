"""Every text in a JSON value, passed through a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

type Change = Callable[[str], str]
type Place = tuple[str | int, ...]


def outermost(found: list[tuple[Place, Any]]) -> Iterator[tuple[Place, Any]]:
    """The values that are in no other of them, so that nothing goes through a function twice."""
    places = {at for at, _ in found}
    return ((at, value) for at, value in found if places.isdisjoint(at[:end] for end in range(len(at))))


def rewrite_texts(container: dict[str, Any] | list[Any], change: Change) -> int:
    """Puts what `change` makes of each text in its place, at any depth; names of members stay as they are.

    Returns how many it changed. Raises TypeError where `change` makes something else than a text.
    """
    changed = 0
    waiting: list[Any] = [container]
    while waiting:
        inside = waiting.pop()
        for key, value in inside.items() if isinstance(inside, dict) else enumerate(inside):
            if isinstance(value, str):
                new = changed_text(value, change)
                if new != value:
                    inside[key] = new
                    changed += 1
            elif isinstance(value, dict | list):
                waiting.append(value)
    return changed


def changed_text(value: str, change: Change) -> str:
    """What becomes of one text. Raises TypeError where that is not a text."""
    new = change(value)
    if not isinstance(new, str):
        raise TypeError(f"a text can become another text only, not {type(new).__name__}")
    return new
