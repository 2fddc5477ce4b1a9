"""What a hook made of a model call: which members of the document it concerns, and how they get there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ccproxy.exchange import WireFormat
from ccproxy.pipeline.merge import alias, merge
from ccproxy.pipeline.paths import ENVELOPE, Path, parse
from ccproxy.pipeline.places import Steps, find, put, remove, undoing
from ccproxy.pipeline.values import MISSING, copied, differences, same, snapshot, thawed

if TYPE_CHECKING:
    from ccproxy.pipeline.access import Access
    from ccproxy.pipeline.draft import Draft
    from ccproxy.pipeline.loaded import Loaded

MIXED = frozenset({WireFormat.OPENAI, WireFormat.OPENAI_RESPONSES})
"""Formats in which the system prompt is among the messages: who may write the one may write the other."""
WORDS = ("messages", "system")
TOOLS = frozenset({"tools", "functions", "tool_choice", "function_call", "toolConfig"})
"""Members that follow from the tools."""


class Changes:
    """The differences between a call as it was read and as it is now."""

    def __init__(self, loaded: Loaded, access: Access) -> None:
        self._loaded, self._access = loaded, access
        written = snapshot(loaded.dump())
        self._before: dict[str, Any] = {}
        self._after: dict[str, Any] = {}
        self._at: Steps = ()
        if written != loaded.before:
            self._before, self._after = thawed(loaded.before), thawed(written)
        if loaded.call.wording.get("envelope") is not None:
            self._at = (ENVELOPE,)
        self.members = [name for name in self._before | self._after if not same(*self._pair(name))]
        """Names of the members that differ."""

    def check(self) -> None:
        """Raises Undeclared for what the hook may not write."""
        for name in self.members:
            self._access.permitted(*self._paths(name))

    def roots(self) -> Iterator[str]:
        """Which of `messages`, `system`, `tools` and `settings` the hook declares to write, and did."""
        changed = {self._root(name) for name in self.members}
        if self._loaded.call.origin in MIXED and changed & {*WORDS}:
            changed |= {*WORDS}
        return (root for root in (*WORDS, "tools", "settings") if root in changed and self._writes(root))

    def apply(self, draft: Draft) -> None:
        """Puts them into the document. Raises Undeclared, TypeError."""
        for name in self.members:
            container = find(draft.document(), self._at)
            own = alias(name, container)
            before, after = self._pair(name)
            path, inner = self._paths(name)
            if after is MISSING and own not in container:
                continue
            self._access.write_within(path, inner, undoing(draft, self._at, own, removes=after is MISSING))
            if after is MISSING:
                remove(draft, self._at, own)
            else:
                put(draft, self._at, own, merge(before, after, container[own]) if own in container else copied(after))

    def dropped(self) -> Counter[str]:
        """What of them the format has no place for, by rule."""
        return Counter(self._loaded.call.drops.counts) - Counter(self._loaded.drops)

    def _pair(self, name: str) -> tuple[Any, Any]:
        return self._before.get(name, MISSING), self._after.get(name, MISSING)

    def _root(self, name: str) -> str:
        return "tools" if name in TOOLS else parse(name).steps[0]

    def _paths(self, name: str) -> tuple[str, list[str]]:
        """The path that a change of a member counts as; if it may not be written, finer ones in it, too."""
        path, root = ".".join((*map(str, self._at), name)), self._root(name)
        names = [path]
        if root in WORDS and self._loaded.call.origin in MIXED:
            names += WORDS
        elif root == "tools":
            names.append(root)
        for one in names:
            if self._access.step.may_write(one):
                return one, []
        if root == "settings":
            changed = differences(thawed(self._loaded.settings), self._loaded.call.settings)
            return path, [f"settings.{steps[0]}" for steps, _ in changed if steps]
        return path, [".".join((path, *map(str, steps))) for steps, _ in differences(*self._pair(name))]

    def _writes(self, root: str) -> bool:
        return meets(self._access.step.hook.writes, root)


def meets(paths: Iterable[Path], root: str) -> bool:
    """True if a path into the body is at or in a root."""
    return any(path.room == "body" and path.steps[0] in (root, "*", "**") for path in paths)
