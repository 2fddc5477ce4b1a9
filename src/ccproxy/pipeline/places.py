"""Places in a JSON document by glom paths: finding them, and changing what is there so that it can be taken back.

The meaning of a path is glom's (https://glom.readthedocs.io), for JSON: a step is a member of an object or, as a whole
number, an element of a list, from the end if it is negative; `*` is each of them, `**` the value itself and all that is
in it. Unlike glom this says where a found value stands, which permissions and undoing go by, and takes 1 us, not 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ccproxy.pipeline.values import MISSING

if TYPE_CHECKING:
    from ccproxy.pipeline.draft import Draft

type Steps = tuple[str | int, ...]
type Undo = Callable[[], None]

WILD = ("*", "**")


@lru_cache(maxsize=1024)
def steps_of(path: str) -> Steps:
    """A path's steps."""
    return tuple(path.split("."))


def child(value: Any, step: str | int) -> Any:
    """What is one step further, MISSING if nothing is."""
    if isinstance(value, dict):
        return value.get(step, MISSING)
    if isinstance(value, list):
        try:
            return value[int(step)]
        except (ValueError, IndexError):
            return MISSING
    return MISSING


def exact(container: Any, step: str | int) -> str | int:
    """A step as it is told once it was taken: an index from the beginning."""
    is_index = isinstance(container, list) and child(container, step) is not MISSING
    return int(step) % len(container) if is_index else step


def find(value: Any, steps: Sequence[str | int]) -> Any:
    """What is at the end of steps without wildcards, MISSING if nothing is."""
    for step in steps:
        value = child(value, step)
    return value


def find_all(value: Any, steps: Steps, at: Steps, found: Callable[[Steps, Any], None]) -> Any:
    """What is at the end of any steps: with wildcards a list, of lists where there are several; else as `find`.

    Args:
        value: where to begin.
        steps: the steps.
        at: where `value` stands in the document.
        found: is told each place at the end of the steps, and what is there.
    """
    for index, step in enumerate(steps):
        if value is MISSING:
            return MISSING
        rest = steps[index + 1 :]
        if step in WILD:
            inner = children(value, at) if step == "*" else within(value, at)
            values = [find_all(one, rest, place, found) for place, one in inner]
            return [one for one in values if one is not MISSING]
        value, at = child(value, step), (*at, exact(value, step))
    if value is not MISSING:
        found(at, value)
    return value


def children(value: Any, at: Steps) -> Iterator[tuple[Steps, Any]]:
    """The members or elements of a value, and their places."""
    if isinstance(value, dict):
        return (((*at, name), item) for name, item in value.items())
    return (((*at, index), item) for index, item in enumerate(value if isinstance(value, list) else ()))


def within(value: Any, at: Steps) -> Iterator[tuple[Steps, Any]]:
    """A value and all that is in it, the outer before the inner."""
    level = [(at, value)]
    while level:
        yield from level
        level = [inner for place, one in level for inner in children(one, place)]


def takes(container: Any, step: str | int) -> bool:
    """True if a value can be set there: a member of any name, or an element that a list has."""
    return isinstance(container, dict) or child(container, step) is not MISSING


def put(draft: Draft, at: Steps, step: str | int, value: Any) -> None:
    """Sets a member or an element of what is at a place."""
    container = find(draft.document(), at)
    container[int(step) if isinstance(container, list) else step] = value
    draft.touch()


def remove(draft: Draft, at: Steps, step: str | int) -> None:
    """Removes a member or an element of what is at a place."""
    container = find(draft.document(), at)
    del container[int(step) if isinstance(container, list) else step]
    draft.touch()


def undoing(draft: Draft, at: Steps, step: str | int, removes: bool = False) -> Undo:
    """What takes back a `put` or a `remove` that is yet to come.

    It finds its place anew by the path: what is there may by then be a copy.
    """
    container = find(draft.document(), at)
    before = child(container, step)
    if isinstance(container, list):
        index = int(exact(container, step))
        return lambda: _restore_element(draft, at, index, before, removes)
    names = list(container)
    later = names[names.index(step) + 1 :] if removes else []
    return lambda: _restore_member(draft, at, str(step), before, later)


def _restore_element(draft: Draft, at: Steps, index: int, before: Any, removed: bool) -> None:
    container = find(draft.document(), at)
    if isinstance(container, list):
        container[index : index if removed else index + 1] = [before]
    draft.untouch()


def _restore_member(draft: Draft, at: Steps, name: str, before: Any, later: list[str]) -> None:
    container = find(draft.document(), at)
    if isinstance(container, dict):
        if before is MISSING:
            container.pop(name, None)
        else:
            container[name] = before
        for other in later:  # they stood behind it
            if other in container:
                container[other] = container.pop(other)
    draft.untouch()


def refill(draft: Draft, at: Steps, contents: Any) -> None:
    """Makes an object or a list what it was. Where there is none any more, what it was in comes back later."""
    container = find(draft.document(), at)
    if isinstance(container, dict) and isinstance(contents, dict):
        container.clear()
        container.update(contents)
    elif isinstance(container, list) and isinstance(contents, list):
        container[:] = contents
