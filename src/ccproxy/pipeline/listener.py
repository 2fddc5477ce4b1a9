"""One response hook at work on one answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from inspect import isasyncgenfunction
from typing import TYPE_CHECKING, Any

from ccproxy.exchange import HookResult
from ccproxy.lightllm.events import BlockStop, Error, Event
from ccproxy.pipeline.answer_context import AnswerContext
from ccproxy.pipeline.failures import RAISED, HookFailed, Undeclared, Unfit, is_the_end
from ccproxy.pipeline.families import ALL, FAMILY_OF, KINDS, LAST, OPENERS, families
from ccproxy.pipeline.made import checked, copied, detached
from ccproxy.pipeline.returned import gathered

if TYPE_CHECKING:
    from ccproxy.pipeline.hook import Step
    from ccproxy.pipeline.overrides import Override
    from ccproxy.pipeline.subject import Subject

logger = logging.getLogger(__name__)


class Listener:
    """Hands a hook the events that it declares, and finds out what it did to them."""

    def __init__(self, step: Step, subject: Subject, timeout: float) -> None:
        self.step, self._timeout, self._exchange = step, timeout, subject.exchange
        self._context = AnswerContext(subject, step)
        hook = step.hook
        self.writes = families(hook.writes)
        self._hears = self.writes | families(hook.reads)
        self.waits = hook.concurrent or isasyncgenfunction(hook.function)
        """True if it may wait for something."""
        self.over = False
        """True once it hears nothing more, because it was skipped or has failed."""
        self.result = HookResult(step.name, "response", "skipped", "no answer came")
        self._wrote: dict[str, None] = {}
        self._blocks: dict[int, str] = {}
        """The families of the blocks that are open, as this hook has seen and left them."""

    def begin(self, override: Override | None) -> None:
        """Asks the guard. Raises HookFailed where that fails and the hook is one without which nothing goes on."""
        begun = time.perf_counter()
        self.result.outcome, self.result.reason = "ran", ""
        name, guard = self.step.name, self.step.hook.guard
        try:
            if override is not None and name in override.without:
                self.skip("override")
            elif override is not None and name in override.unguarded:
                pass
            elif guard is not None and not guard(self._context):
                self.skip("guard")
        except RAISED as error:  # whatever it is, the answer is not lost
            self.fail(error)
        finally:
            self.result.seconds += time.perf_counter() - begun

    def skip(self, reason: str) -> None:
        """It is not to run, or no longer."""
        self.over = True
        self.result.outcome, self.result.reason = "skipped", reason

    async def hear(self, events: Iterable[Event]) -> list[Event]:
        """What the hook leaves of these events; up to the last one, if it is among them. Raises HookFailed."""
        out: list[Event] = []
        for event in events:
            kind, family = type(event), self._family(event)
            if not self.over and (family in self._hears or kind in LAST):
                out += await self._told(event, family)
            else:
                out.append(event)
            if out and type(out[-1]) in LAST:
                break
        return out

    async def _told(self, event: Event, family: str) -> Iterable[Event]:
        context, begun = self._context, time.perf_counter()
        given = context.event = copied(event)
        try:
            returned = self.step.hook.function(context, self.step.params)
            if returned is not None and type(returned) not in KINDS:
                returned = await gathered(returned, self._timeout)
            left = self._left(event, family, given, returned)
            self._wrote |= dict.fromkeys(context.settle())
        except RAISED as error:
            if is_the_end(error):
                raise
            self.fail(error)
            return (event,)
        finally:
            self.result.seconds += time.perf_counter() - begun
        return left

    def _left(self, event: Event, family: str, given: Event, returned: Any) -> list[Event]:
        """The events that go on in the place of one. Raises Undeclared and TypeError."""
        if returned is None:
            returned = self._context.event
            if returned is given and given == event:  # the way that must be short
                return [event]
        made = returned if isinstance(returned, list) else [returned]
        left = [detached(checked(one), event) for one in made]
        if event in left:
            left[left.index(event)] = event
        touched = [self._family(one) for one in left if one is not event]
        if type(event) in LAST:
            left = _ended(left, event)
        elif event not in left:
            touched.append(family)
        self._check(touched)
        self._wrote |= dict.fromkeys(touched)
        return left

    def _family(self, event: Any) -> str:
        """The family of an event. Of what opens and ends blocks that is noted."""
        kind = type(event)
        if kind is BlockStop:
            return self._blocks.pop(event.index, ALL)
        family = FAMILY_OF.get(kind, ALL)
        if kind in OPENERS:
            self._blocks[event.index] = family
        return family

    def _check(self, touched: list[str]) -> None:
        for family in touched:
            if family not in self.writes:
                declared = ", ".join(path.text for path in self.step.hook.writes) or "nothing"
                raise Undeclared(f"it writes {family!r} but declares to write {declared}: add it to writes=[…]")

    def fail(self, error: BaseException) -> None:
        """The hook has raised: the event goes on as it was, and the hook is out. Raises HookFailed."""
        self._context.undo()
        if isinstance(error, Unfit):
            return self.skip(str(error))
        self.over = True
        reason = self.result.reason = str(error) or repr(error)
        self.result.outcome = "failed"
        where = f"hook {self.step.name} ({self.step.source}) failed on the answer of exchange {self._exchange.id}"
        logger.warning("%s: %s", where, reason, exc_info=error)
        if self.step.on_error == "fail":
            raise HookFailed(self.step.name, error) from error
        return None

    def finish(self) -> HookResult:
        """What became of it."""
        self.result.wrote = tuple(self._wrote)
        return self.result


def _ended(left: list[Event], event: Event) -> list[Event]:
    """What a hook says last stands before the last event, which stays, or is an error instead."""
    last = next((one for one in left if isinstance(one, Error)), event)
    return [*(one for one in left if type(one) not in LAST), last]
