"""Changing what is inside of a request whose values others share: what is on the way to a place is copied first."""

from __future__ import annotations

from typing import Any

from ccproxy.pipeline.places import Steps, child, exact, find_all, takes
from ccproxy.pipeline.values import MISSING


def places(body: Any, path: Steps) -> list[Steps]:
    """Where a path with wildcards leads; the last first, so that those before stay where they are."""
    found: dict[Steps, None] = {}
    find_all(body, path, (), lambda at, _: found.setdefault(at))
    return sorted(found, key=lambda at: [(isinstance(step, int), step) for step in at], reverse=True)


def parents(body: Any, path: Steps) -> list[Steps]:
    """Places at which the last step of a path can be taken, whether there is something or not."""
    held = places(body, path[:-1]) if len(path) > 1 else [()]
    return [at for at in held if takes(reached(body, at), path[-1])]


def reached(value: Any, at: Steps) -> Any:
    """What is at a place."""
    for step in at:
        value = child(value, step)
    return value


def own(body: Any, at: Steps, fresh: set[int]) -> Any:
    """The object or list at a place, made this request's own: what it is in is copied, unless its id is in `fresh`."""
    container = body
    for step in at:
        inner = container[step]
        if id(inner) not in fresh:
            inner = container[step] = inner.copy()
            fresh.add(id(inner))
        container = inner
    return container


def removed(body: Any, at: Steps, fresh: set[int]) -> None:
    """Removes what is at a place."""
    container = reached(body, at[:-1])
    if at and child(container, at[-1]) is not MISSING:
        del own(body, at[:-1], fresh)[at[-1]]


def put(body: Any, at: Steps, step: str | int, value: Any, fresh: set[int]) -> None:
    """Sets a member or an element of what is at a place."""
    container = own(body, at, fresh)
    container[exact(container, step)] = value
