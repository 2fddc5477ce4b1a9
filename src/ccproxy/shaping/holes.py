"""The placeholders in a shape: where they stand in a request that is being made, until something is put there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ccproxy.shaping.shape import PLACEHOLDERS


@dataclass(slots=True)
class Hole:
    """A text with a placeholder in it, or that is one: a member of an object, or an element of a list."""

    container: Any
    key: Any

    @property
    def text(self) -> str:
        """What stands there now; empty if it is no text any more."""
        try:
            found = self.container[self.key]
        except (KeyError, IndexError):
            return ""
        return found if isinstance(found, str) else ""

    def fill(self, placeholder: str, value: Callable[[], str]) -> None:
        """Puts a value in the place of a placeholder, within the text too. It is asked for only where it is needed."""
        if placeholder in (text := self.text):
            self.container[self.key] = text.replace(placeholder, value())


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


def close(holes: list[Hole]) -> None:
    """Leaves out what nothing was put into. The last come first, so that places in lists stay what they are."""
    for hole in reversed(holes):
        if is_holed(hole.text):
            del hole.container[hole.key]
