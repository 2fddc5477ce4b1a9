"""What a response hook sees of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccproxy.pipeline.access import Access
from ccproxy.pipeline.facts import Facts

if TYPE_CHECKING:
    from ccproxy.lightllm.events import Event
    from ccproxy.pipeline.hook import Step
    from ccproxy.pipeline.subject import Subject


class AnswerContext:
    """One hook's view of one answer, from its first event to its last."""

    __slots__ = ("access", "event", "exchange", "state", "subject")

    event: Event
    """The event that the hook is called for: a copy, which goes on as the hook leaves it. A guard has none."""

    def __init__(self, subject: Subject, step: Step) -> None:
        self.subject = subject
        """Not for hooks."""
        self.state: dict[Any, Any] = {}
        """The hook's own, as long as the answer lasts."""
        self.access = Access(step)
        self.exchange = Facts(subject, self.access)
        """`provider`, `model`, `session`, `conversation`, `jail` and more: see `Facts`."""

    def resource[T](self, kind: type[T]) -> T:
        """A part of the house, for its own hooks. Raises KeyError."""
        found: T = self.subject.resources[kind]
        return found

    def settle(self) -> tuple[str, ...]:
        """The hook has returned: what it set of the exchange stays. Says what that was."""
        wrote = tuple(self.access.wrote)
        if wrote:  # what is to be undone is forgotten, or it would pile up with every event
            self.access = Access(self.access.step)
            self.exchange = Facts(self.subject, self.access)
        return wrote

    def undo(self) -> None:
        """The hook has failed: what it set of the exchange in this call is as it was."""
        self.access.undo()
