"""Whether a provider is out of capacity, and what is done about it. Decides only: `walking` asks and waits."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from ccproxy.exchange import Headers
from ccproxy.transport.google_errors import GoogleError, NotJson, read_error
from ccproxy.transport.pauses import jittered, spoken, told
from ccproxy.transport.upstream import CapacityPolicy

WORDS = frozenset({"RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL", ""})
"""What Google calls an error (google.rpc.Code) for which another attempt is worth its while."""
PRINTED = re.compile(r"[A-Z][A-Z_]{0,39}", re.ASCII)
FIRST_PAUSE = 1.0
"""Seconds before the model is asked again for the first time, where no time is told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt came to."""

    said: str = ""
    """What kind of error it is, in words; empty for an answer that is none."""
    is_short: bool = False
    """Out of capacity."""
    delay: float | None = None
    """The seconds that are to be waited for."""
    is_lasting: bool = False
    """No pause helps; another model may."""


GOOD = Verdict()
NO_ANSWER = Verdict("neither JSON nor events (200)")
"""Not of a model."""


def of_silence(kind: str) -> Verdict:
    """Of an attempt without an answer."""
    return Verdict(f"no answer ({kind})", is_short=True)


def of_status(status: int) -> Verdict:
    """Of an answer whose body is not looked at."""
    if status < 300:
        return GOOD
    return Verdict(f"refused ({status})" if status >= 400 else f"redirected ({status})")


def of_answer(status: int, headers: Headers, body: bytes, policy: CapacityPolicy) -> Verdict:
    """Of a whole answer. Not every error with a listed status is one of capacity; what is no JSON comes from a server
    before the model."""
    if status not in policy.statuses:
        return of_status(status)
    try:
        error = read_error(body)
    except NotJson:
        return _short(f"{status}", GoogleError(), headers)
    if error is None:
        return of_status(status)
    return _judged(status, error, headers, is_listed=True)


def of_message(data: bytes, headers: Headers, policy: CapacityPolicy) -> Verdict:
    """Of status 200, by the data of a stream's first event or by a whole body."""
    try:
        error = read_error(data) if b'"error"' in data else None
    except NotJson:
        return GOOD
    return GOOD if error is None else _judged(error.code, error, headers, is_listed=error.code in policy.statuses)


def _judged(status: int | None, error: GoogleError, headers: Headers, *, is_listed: bool) -> Verdict:
    word = error.status if PRINTED.fullmatch(error.status) else ""
    said = " ".join(str(each) for each in (status, word) if each)
    if is_listed and error.status in WORDS:
        return _short(said, error, headers)
    return Verdict(f"refused ({said})")


def _short(said: str, error: GoogleError, headers: Headers) -> Verdict:
    delays = (error.told_delay, told(headers), error.written_delay)
    delay = next((each for each in delays if each is not None), None)
    is_lasting = error.is_lasting or delay == inf  # of no length that is known
    return Verdict(f"out of capacity ({said})", is_short=True, delay=delay, is_lasting=is_lasting)


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: an attempt after a pause of so many seconds, or nothing."""

    pause: float = 0.0
    model: str | None = None
    """Another model that is to be asked; None for the same."""
    stop: str = ""
    """Why nothing more is tried; empty where something is."""


class Course:
    """One call's way through its attempts.

    Args:
        policy: how often, how long, and which other models.
        model: the model that is asked for.
        chance: gives a number from 0 to 1 each time.
        may_change: False where the client has pinned its model.
    """

    def __init__(
        self, policy: CapacityPolicy, model: str, chance: Callable[[], float], *, may_change: bool = True
    ) -> None:
        self._policy, self._chance = policy, chance
        asked = model.removeprefix("models/")
        self._others = [each for each in dict.fromkeys(policy.fallback_models) if may_change and each != asked]
        self._may_change = may_change
        self._again = self._own = 0
        """How often it is asked again; how often of that after a pause that was not told."""
        self.walks = False
        """True once it has come to other models."""

    def is_final(self, verdict: Verdict) -> bool:
        """True for an answer that goes to the client. No error of another model does."""
        return not (verdict.said if self.walks else verdict.is_short)

    def after(self, verdict: Verdict, spent: float) -> Step:
        """The step after an answer that is not final, `spent` seconds after the first one."""
        if self.walks or verdict.is_lasting:
            return self._other(spent)
        policy, is_left = self._policy, self._again < self._policy.attempts
        pause = verdict.delay if verdict.delay is not None else self._own_pause() if is_left else 0.0
        if pause > policy.terminal_delay:
            return Step(stop=f"a pause of {pause:.0f} s is asked for")
        if not is_left or pause > policy.max_delay:
            return self._other(spent)
        if spent + pause > policy.budget:
            return Step(stop=f"in {spoken(pause)} the {policy.budget:g} s would be over that there are for it")
        self._again += 1
        self._own += verdict.delay is None
        return Step(pause)

    def _other(self, spent: float) -> Step:
        if not self._others:
            return Step(stop="no other model is left" if self._may_change else "no other model may be asked")
        if spent > self._policy.budget:
            return Step(stop=f"the {self._policy.budget:g} s are over that there are for it")
        self.walks = True
        return Step(model=self._others.pop(0))

    def _own_pause(self) -> float:
        return min(jittered(FIRST_PAUSE, self._own + 1, self._chance), self._policy.max_delay)
