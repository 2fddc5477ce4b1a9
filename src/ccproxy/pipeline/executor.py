"""Running the hooks of one stage on one request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any

from ccproxy.exchange import HookResult
from ccproxy.pipeline.context import Context
from ccproxy.pipeline.dag import Graph
from ccproxy.pipeline.failures import RAISED, HookFailed, Refusal, Unfit, is_the_end
from ccproxy.pipeline.guards import Quick
from ccproxy.pipeline.hook import Step
from ccproxy.pipeline.overrides import Override
from ccproxy.pipeline.subject import Subject

logger = logging.getLogger(__name__)


class Turn:
    """One hook's turn on one request: its guard, its function, and what became of it."""

    __slots__ = ("_begun", "_context", "_subject", "error", "result", "step")

    def __init__(self, step: Step, subject: Subject) -> None:
        self.step, self._subject = step, subject
        self._context: Context | None = None
        self.result = HookResult(step.name, step.stage, "ran")
        self.error: BaseException | None = None
        """What it failed with."""
        self._begun = 0.0

    def begin(self, override: Override | None) -> Awaitable[Any] | None:
        """Runs it, or as much of it as goes without waiting: then what is to be waited for is returned."""
        self._begun = time.perf_counter()
        try:
            reason = self._why_not(override)
            if reason:
                self._skip(reason)
                return None
            context = self._context = self._context or Context(self._subject, self.step)
            returned = self.step.hook.function(context, self.step.params)
            if returned is not None and isawaitable(returned):
                return returned
            self._settle()
        except RAISED as error:  # whatever it is, the request is not lost
            self._end(error)
        return None

    async def wait(self, rest: Awaitable[Any], patience: float) -> None:
        """Runs the rest of it. Raises nothing but for cancellation."""
        limit = asyncio.timeout(None if self.step.hook.patient else patience)
        try:
            async with limit:
                await rest
            self._settle()
        except TimeoutError as error:
            self._end(TimeoutError(f"it took longer than {patience:g} s") if limit.expired() else error)
        except RAISED as error:
            if is_the_end(error):
                raise
            self._end(error)

    def _why_not(self, override: Override | None) -> str:
        """Why it does not run; empty if it does."""
        answered, step = self._subject.answer, self.step
        if answered is not None:
            return f"answered by {answered.by}"
        if override is not None and step.name in override.without:
            return "override"
        guard = step.hook.guard
        if guard is None or (override is not None and step.name in override.unguarded):
            return ""
        if isinstance(guard, Quick):
            return "" if guard.fits(self._subject) else "guard"
        context = self._context = Context(self._subject, step)
        if guard(context):
            return ""
        context.undo()  # it looks, and has nothing to say about the request
        return "guard"

    def _settle(self) -> None:
        assert self._context is not None
        self._context.settle()
        self.result.wrote = tuple(self._context.access.wrote)
        self.result.seconds = time.perf_counter() - self._begun

    def _skip(self, reason: str) -> None:
        self.result.outcome, self.result.reason = "skipped", reason
        self.result.seconds = time.perf_counter() - self._begun

    def _end(self, error: BaseException) -> None:
        """The hook has raised: the request is as it was before."""
        if self._context is not None:
            self._context.undo()
        if isinstance(error, Unfit):
            self._skip(str(error))
            return
        self.error = error
        self.result.outcome, self.result.reason = "failed", str(error) or repr(error)
        self.result.seconds = time.perf_counter() - self._begun
        if self.step.on_error == "continue":  # else whoever refuses the request says why
            where = f"hook {self.step.name} ({self.step.source}) failed on exchange {self._subject.exchange.id}"
            known = isinstance(error, Refusal)  # it says what is wrong, and nothing is wrong with the hook
            logger.warning("%s: %s", where, self.result.reason, exc_info=None if known else error)


async def run_stage(graph: Graph, subject: Subject, patience: float, override: Override | None = None) -> None:
    """Runs the hooks of a stage, level by level; those of one level that wait for something wait together.

    What became of each is noted in the exchange. Where one answers, no other runs. One that waits for longer than
    `patience` seconds has failed.

    Raises:
        HookFailed: for a hook with `on_error: fail`, once all of its level have ended.
    """
    for level in graph.levels:
        left = run_native(level, subject) if override is None and subject.answer is None else level
        turns = [Turn(step, subject) for step in left]
        waiting = [(turn, rest) for turn in turns if (rest := turn.begin(override)) is not None]
        if len(waiting) == 1:
            await waiting[0][0].wait(waiting[0][1], patience)
        elif waiting:
            await asyncio.gather(*(turn.wait(rest, patience) for turn, rest in waiting))
        subject.exchange.hooks += [turn.result for turn in turns]
        for turn in turns:
            if turn.error is not None and turn.step.on_error == "fail":
                raise HookFailed(turn.step.name, turn.error) from turn.error


def run_native(level: tuple[Step, ...], subject: Subject) -> tuple[Step, ...]:
    """Runs the first hooks of a level, as far as they are of the house, in the short way. Returns those that are left.

    What is left begins with one that is not of the house, or has to wait for something, or fails: it is begun anew, and
    has left everything as it was.
    """
    for place, step in enumerate(level):
        hook = step.hook
        if hook.native is None:
            return level[place:]
        assert isinstance(hook.guard, Quick)
        if not hook.guard.fits(subject):
            subject.exchange.hooks.append(HookResult(step.name, step.stage, "skipped", "guard"))
            continue
        begun = time.perf_counter()
        try:
            wrote = hook.native(subject)
        except (Exception, SystemExit):  # noqa: BLE001  it raises it again where that is dealt with
            return level[place:]
        if not isinstance(wrote, tuple):
            wrote.close()
            return level[place:]
        result = HookResult(step.name, step.stage, "ran", "", time.perf_counter() - begun, wrote)
        subject.exchange.hooks.append(result)
    return ()
