"""What one hook does to one request, held against what it declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ccproxy.pipeline.failures import Undeclared

if TYPE_CHECKING:
    from ccproxy.pipeline.hook import Step


class Access:
    """Notes writes, so that they can be told and taken back; refuses those that the hook does not declare."""

    __slots__ = ("_undo", "step", "wrote")

    def __init__(self, step: Step) -> None:
        self.step = step
        self.wrote: dict[str, None] = {}
        """Paths in the order in which they were written."""
        self._undo: list[Callable[[], None]] = []

    def read(self, path: str) -> bool:
        """Notes that the hook looks at `path`. What it does not declare cannot order it: that is said once.

        Returns True if it is declared.
        """
        declared = self.step.may_read(path)
        if not declared:
            self.step.complain_once(path)
        return declared

    def write(self, path: str, undo: Callable[[], None]) -> None:
        """To be called before a write at `path`; `undo` takes it back. Raises Undeclared."""
        self.check(path)
        self._undo.append(undo)
        self.wrote[path] = None

    def permitted(self, path: str, inner: list[str]) -> list[str]:
        """What a write at `path` counts as: as one of it, if it may be written as a whole, else of the paths in it.

        Raises Undeclared where it may be neither.
        """
        paths = [path] if self.step.may_write(path) or not inner else inner
        for one in paths:
            self.check(one)
        return paths

    def write_within(self, path: str, inner: list[str], undo: Callable[[], None]) -> None:
        """As `write`, for a write that is at `path` or only at some paths in it: see `permitted`."""
        self.wrote |= dict.fromkeys(self.permitted(path, inner))
        self._undo.append(undo)

    def on_undo(self, undo: Callable[[], None]) -> None:
        """Something that is to be put right with the writes, in its turn."""
        self._undo.append(undo)

    def check(self, path: str) -> None:
        """Raises Undeclared for a path that the hook may not write."""
        if not self.step.may_write(path):
            declared = ", ".join(one.text for one in self.step.hook.writes) or "nothing"
            raise Undeclared(f"it writes {path!r} but declares to write {declared}: add it to writes=[…]")

    def undo(self) -> None:
        """Takes back all that was written, the last first."""
        while self._undo:
            self._undo.pop()()
        self.wrote.clear()
