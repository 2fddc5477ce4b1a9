"""The placeholders in a shape: where they stand in a request that is being made, until something is put there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ccproxy.shaping.shape import PLACEHOLDERS


@dataclass(slots=True)
class Hole:
    """A text with a placeholder in it, or that is one: a member of an object, or an element of a list.

    An element is known by being the very text that was there: hooks may put others before it, or take them away.
    """

    container: Any
    key: Any
    element: str = field(init=False, default="")

    def __post_init__(self) -> None:
        """Remembers which element it is."""
        if isinstance(self.container, list):
            self.element = self.container[self.key]

    @property
    def text(self) -> str:
        """What stands there now; empty if it is no text any more."""
        found = self.container.get(self.key) if isinstance(self.container, dict) else self._element()
        return found if isinstance(found, str) else ""

    def fill(self, placeholder: str, value: Callable[[], str]) -> None:
        """Puts a value in the place of a placeholder, within the text too. It is asked for only where it is needed."""
        if placeholder in (text := self.text):
            self.container[self.key] = self.element = text.replace(placeholder, value())

    def _element(self) -> str | None:
        places = (at for at, item in enumerate(self.container) if item is self.element)
        self.key = next(places, None)
        return None if self.key is None else self.element


def is_holed(text: str) -> bool:
    """Whether a text is or has a placeholder."""
    return "ccproxy:" in text and any(placeholder in text for placeholder in PLACEHOLDERS)


def has_hole(value: Any) -> bool:
    """Whether a JSON value has a placeholder anywhere."""
    if isinstance(value, dict):
        return any(map(has_hole, value.values()))
    if isinstance(value, list):
        return any(map(has_hole, value))
    return isinstance(value, str) and is_holed(value)


def copied(value: Any, holes: list[Hole], fresh: set[int]) -> Any:
    """A copy of a JSON value. Its placeholders are added to `holes`, the ids of its objects and lists to `fresh`."""
    if isinstance(value, dict):
        made: Any = {name: copied(item, holes, fresh) for name, item in value.items()}
        places: Iterable[tuple[Any, Any]] = made.items()
    elif isinstance(value, list):
        made = [copied(item, holes, fresh) for item in value]
        places = enumerate(made)
    else:
        return value
    fresh.add(id(made))
    holes += [Hole(made, key) for key, item in places if isinstance(item, str) and is_holed(item)]
    return made


def merged(value: Any, own: Any, holes: list[Hole], fresh: set[int]) -> None:
    """Adds the placeholders that stand in what a strategy has put together of a copy and of the caller's `own`.

    Nothing of the caller's counts, whatever is in it; objects of the copy have theirs known already.
    """
    if value is own:
        return
    if isinstance(value, dict):
        given = own if isinstance(own, dict) else {}
        places: list[tuple[Any, Any]] = [(key, each) for key, each in value.items() if each is not given.get(key)]
        if isinstance(value.get("parts"), list):  # Gemini's Content
            merged(value["parts"], given.get("parts"), holes, fresh)
    elif isinstance(value, list):
        of_caller = set(map(id, own)) if isinstance(own, list) else {id(own)}
        places = [(at, each) for at, each in enumerate(value) if id(each) not in of_caller]
        for _, each in places:
            if isinstance(each, dict) and id(each) not in fresh:  # a text that became a block
                merged(each, {"text": own}, holes, fresh)
    else:
        return
    fresh.add(id(value))
    holes += [Hole(value, key) for key, item in places if isinstance(item, str) and is_holed(item)]


def close(holes: list[Hole]) -> None:
    """Leaves out what nothing was put into."""
    for hole in holes:
        if is_holed(hole.text):
            del hole.container[hole.key]
