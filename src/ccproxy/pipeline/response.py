"""The response stage: hooks that see, change, add or drop the neutral events of an answer as it streams.

A hook is called as `(ctx, params)` for each event of the families that it declares (see `families`), for the end of
the blocks of these, and always for `End` and `Error`, before which it can say its last words. It returns None, and the
event goes on as it is or as the hook changed it in place; an event, which takes its place; or several, or none. What it
declares to write is what it may change, add and drop; a hook that declares no writes only looks on. One that declares
to write `events` may end an answer too, by an `End` or an `Error`; the hooks before it do not hear of that.

A hook that fails is out for the rest of the answer, and the event goes on as it was before that hook.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ccproxy.exchange import HookResult
from ccproxy.lightllm.events import Event
from ccproxy.pipeline.event_order import Order
from ccproxy.pipeline.families import LAST
from ccproxy.pipeline.listener import Listener

if TYPE_CHECKING:
    from ccproxy.pipeline.hook import Step
    from ccproxy.pipeline.overrides import Override
    from ccproxy.pipeline.subject import Subject


class ResponseRun:
    """The response hooks of one answer. `begin` comes first, `settle` last."""

    def __init__(
        self, steps: Sequence[Step], subject: Subject, timeout: float, override: Override | None = None
    ) -> None:
        """The hooks in the order in which they run; `timeout` is the seconds that one may wait on one event."""
        self._exchange, self._override = subject.exchange, override
        self._listeners = [Listener(step, subject, timeout) for step in steps]
        self._order: Order | None = None
        self._over = self._settled = False

    def begin(self) -> None:
        """Finds out which hooks run: guards and overrides are asked once an answer. Raises HookFailed."""
        for listener in self._listeners:
            if not listener.over:
                listener.begin(self._override)
        if self.rewrites:
            self._order = Order()

    @property
    def runs(self) -> bool:
        """True if any hook is still to hear something."""
        return any(not listener.over for listener in self._listeners)

    @property
    def rewrites(self) -> bool:
        """True if any that runs declares to write events: else the answer's bytes can stay as they are."""
        return any(listener.writes and not listener.over for listener in self._listeners)

    @property
    def waits(self) -> bool:
        """True if any may wait for something."""
        return any(listener.waits and not listener.over for listener in self._listeners)

    def skip(self, reason: str) -> None:
        """No hook runs: the answer has nothing for them."""
        for listener in self._listeners:
            listener.skip(reason)

    def miss(self, reason: str) -> None:
        """The answer cannot be read, so that no hook can do what it is there for: all have failed. Raises HookFailed
        where one of them is such that nothing goes on without it."""
        for listener in self._listeners:
            if not listener.over:
                listener.fail(ValueError(reason))

    async def through(self, events: Iterable[Event]) -> list[Event]:
        """The events that are left of these, each hook seeing what the ones before it left.

        After `End` or `Error` there are none. Raises HookFailed; nothing is left of these events then.
        """
        left: list[Event] = []
        for event in events:
            if self._over:
                break
            left += await self._heard(event)
            self._over = bool(left) and type(left[-1]) in LAST
        return left

    async def _heard(self, event: Event) -> list[Event]:
        left = [event]
        for listener in self._listeners:
            if not listener.over:
                left = await listener.hear(left)
        return left if self._order is None else self._order.mend(event, left)

    def results(self) -> list[HookResult]:
        """What became of each hook, once nothing more comes."""
        return [listener.finish() for listener in self._listeners]

    def settle(self) -> None:
        """Notes in the exchange what became of each hook. May be called more than once."""
        if not self._settled:
            self._settled = True
            self._exchange.hooks += self.results()
