"""`ctx.body`: the JSON of a request by glom paths (https://glom.readthedocs.io)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ccproxy.pipeline.failures import Undeclared
from ccproxy.pipeline.places import (
    WILD,
    Steps,
    child,
    exact,
    find,
    find_all,
    put,
    refill,
    remove,
    steps_of,
    takes,
    undoing,
)
from ccproxy.pipeline.texts import Change, changed_text, outermost, rewrite_texts
from ccproxy.pipeline.values import MISSING, copied, differences, snapshot, thawed

if TYPE_CHECKING:
    from ccproxy.pipeline.access import Access
    from ccproxy.pipeline.draft import Draft

ROOMS = ("headers", "exchange")
"""Names that no declaration can mean a member of the body by: it is the whole body that has to be declared."""


@dataclass(frozen=True, slots=True)
class Lent:
    """An object or a list that a hook has got hold of."""

    named: Steps
    """Its path as declarations know it: with an index from the end, if the hook gave one."""
    at: Steps
    container: Any
    before: bytes
    live: bool
    """False for a copy: the hook may not change it, nor has it to do with what others change."""


class Body:
    """The body of a request for one hook. Every method raises NotJson where the body is not JSON.

    What `get` returns is live: changing it changes the request, and counts as writing the path it was got by. Only of
    what the hook does not declare to read it gets a copy.
    """

    def __init__(self, draft: Draft, access: Access) -> None:
        self._draft, self._access = draft, access
        self._lent: list[Lent] = []
        self._written: list[Steps] = []  # where not in place, and so checked already

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a path, `default` if there is none; of a path with `*`, the list of all."""
        live = self._access.read(declared_as(path))
        if "*" not in path:  # mostly it is a value that need not be watched
            value = find(self._draft.document(), steps_of(path))
            if not isinstance(value, dict | list):
                return default if value is MISSING else value
        value, found = self._all(steps_of(path))
        containers = [(at, one) for at, one in found if isinstance(one, dict | list)]
        if not live and containers:
            value = thawed(snapshot(value))
            self._lend(steps_of(path), (), value, live)
        elif containers:
            is_wild = set(WILD) & {*steps_of(path)}
            for at, container in outermost(containers):
                self._lend(at if is_wild else steps_of(path), at, container, live)
        return default if value is MISSING else value

    def has(self, path: str) -> bool:
        """True if there is something at the path."""
        self._access.read(declared_as(path))
        if "*" not in path:
            return find(self._draft.document(), steps_of(path)) is not MISSING
        return bool(self._all(steps_of(path))[1])

    def raw(self) -> bytes:
        """The bytes as they would leave now, for a hook that signs them; it declares to read `**`.

        What this hook itself has changed in place, and not by `assign`, is not among them yet. Raises TypeError where
        the body is nested too deeply to be written.
        """
        self._access.read("**")
        return self._draft.written_out()

    def assign(self, path: str, value: Any) -> None:
        """Sets what is at a path to a copy of a value; objects on the way that are missing are made.

        Raises:
            KeyError: where nothing can be set, such as in a text or behind the end of a list.
            TypeError: for a value that JSON has not.
            ValueError: for a path that ends in `*`.
            Undeclared: for a path that the hook does not declare to write.
        """
        self._access.check(declared_as(path))
        for at, step, made in reversed(list(self._targets(path))):  # the inner first, while it is where it was found
            whole = copied(value, path)
            for name in reversed(made):
                whole = {name: whole}
            self._access.write(declared_as(path), undoing(self._draft, at, step))
            put(self._draft, at, step, whole)
            self._written.append((*at, step))

    def delete(self, path: str) -> None:
        """Removes what is at the path, if anything is. Raises ValueError, Undeclared."""
        self._access.check(declared_as(path))
        *way, last = steps_of(path)
        _not_wild(path, last)
        places = dict(self._all(tuple(way))[1])  # `**.**` finds each several times
        for at, container in reversed(places.items()):
            if child(container, last) is MISSING:
                continue
            self._access.write(declared_as(path), undoing(self._draft, at, last, removes=True))
            remove(self._draft, at, last)
            self._written.append(at if isinstance(container, list) else (*at, last))

    def rewrite(self, path: str, change: Change) -> int:
        """Passes every text at or in what is at a path through a function; `**` means the whole body.

        Returns how many it changed. Raises TypeError where the function makes something else than a text, Undeclared.
        """
        declared = declared_as(path)
        self._access.check(declared)
        changed = 0
        steps = steps_of(path)
        whole = steps[:-1] if steps[-1] == "**" else steps
        for at, value in outermost(self._all(whole)[1]):
            if isinstance(value, str):
                new = changed_text(value, change)
                if new != value:
                    self._access.write(declared, undoing(self._draft, at[:-1], at[-1]))
                    put(self._draft, at[:-1], at[-1], new)
                    changed += 1
            elif isinstance(value, dict | list):
                changed += self._rewrite(declared, at, value, change)
        return changed

    def _rewrite(self, declared: str, at: Steps, container: Any, change: Change) -> int:
        before = snapshot(container)
        self._access.on_undo(lambda: refill(self._draft, at, thawed(before)))
        changed = rewrite_texts(container, change)
        if changed:
            self._access.write(declared, self._draft.untouch)
            self._draft.touch()
            self._written.append(at)
        return changed

    def settle(self) -> None:
        """Finds what was changed in place. Raises Undeclared, everything being left as the hook left it."""
        for lent in self._lent:
            if snapshot(lent.container, text_of(lent.named)) != lent.before:
                self._changed(lent)

    def _all(self, steps: Steps) -> tuple[Any, list[tuple[Steps, Any]]]:
        found: list[tuple[Steps, Any]] = []
        value = find_all(self._draft.document(), steps, (), lambda at, one: found.append((at, one)))
        return value, found

    def _lend(self, named: Steps, at: Steps, container: Any, live: bool) -> None:
        if any(lent.container is container and lent.at == at for lent in self._lent):
            return
        before = snapshot(container)
        self._lent.append(Lent(named, at, container, before, live))
        if live:
            self._access.on_undo(lambda: refill(self._draft, at, thawed(before)))

    def _changed(self, lent: Lent) -> None:
        changes = list(differences(thawed(lent.before), lent.container))
        for steps, value in changes:
            if value is not MISSING:
                copied(value, text_of((*lent.named, *steps)))
        if not lent.live:
            raise Undeclared(f"it changes {text_of(lent.named)!r}, which it does not declare to read or to write")
        inner = [steps for steps, _ in changes if not self._is_written((*lent.at, *steps))]
        if inner:
            paths = [declared_as(text_of((*lent.named, *steps))) for steps in inner]
            self._access.write_within(declared_as(text_of(lent.named)), paths, self._draft.untouch)
            self._draft.touch()

    def _is_written(self, place: Steps) -> bool:
        return any(place[: len(one)] == one for one in self._written)

    def _targets(self, path: str) -> Iterator[tuple[Steps, str | int, Steps]]:
        """Where an assignment sets something: a container, a step in it, and the objects to be made further on."""
        steps = steps_of(path)
        _not_wild(path, steps[-1])
        end = len(steps) - 1
        value, found = self._all(steps[:end])
        if set(WILD) & {*steps} and value is MISSING:
            raise KeyError(f"{path}: there is nothing on the way")
        while value is MISSING:
            end -= 1
            value, found = self._all(steps[:end])
        for at, container in found:
            if not takes(container, steps[end]):
                raise KeyError(f"{path}: there is no place for {steps[end]!r} in a {type(container).__name__}")
            yield at, exact(container, steps[end]), steps[end + 1 :]


@lru_cache(maxsize=1024)
def declared_as(path: str) -> str:
    """How a path into the body is declared."""
    return path if path.partition(".")[0] not in ROOMS else "**"


def text_of(steps: Steps) -> str:
    """A path of these steps."""
    return ".".join(map(str, steps)) if steps else "**"


def _not_wild(path: str, last: str | int) -> None:
    if last in WILD:
        raise ValueError(f"{path!r} ends in a wildcard: name what is to be changed")
