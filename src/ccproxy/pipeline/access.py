"""What one hook does to one request, held against what it declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

    def write_within(self, path: str, inner: Iterable[str], undo: Callable[[], None]) -> None:
        """A write at `path`, if that may be written as a whole; else at all the paths in it. Raises Undeclared."""
        written = [path] if self.step.may_write(path) else list(inner)
        for one in written:
            self.check(one)
        self._undo.append(undo)
        self.wrote |= dict.fromkeys(written)

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
