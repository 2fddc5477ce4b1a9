"""The response stage: hooks that see, change, add or drop the neutral events of an answer as it streams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ccproxy.exchange import HookResult
from ccproxy.lightllm.events import Event

if TYPE_CHECKING:
    from ccproxy.pipeline.hook import Step
    from ccproxy.pipeline.subject import Subject


class ResponseRun:
    """The response hooks of one answer."""

    def __init__(self, steps: Sequence[Step], subject: Subject, timeout: float) -> None:
        raise NotImplementedError

    @property
    def rewrites(self) -> bool:
        """True if any of them declares to write events: else the answer's bytes can stay as they are."""
        raise NotImplementedError

    async def through(self, events: Iterable[Event]) -> list[Event]:
        """The events that are left of these. Raises HookFailed."""
        raise NotImplementedError

    def results(self) -> list[HookResult]:
        """What became of each hook, once nothing more comes."""
        raise NotImplementedError
