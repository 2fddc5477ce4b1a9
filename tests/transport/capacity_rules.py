"""The rules of `gemini_capacity` once more, as a page would tell them: what a call must come to.

Written from docs and contract, for the tests to compare with; it uses nothing of `ccproxy.transport`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.transport.capacity_kinds import BREAKS, Kind, Position

LUCK = 0.5
MAX, TERMINAL, BUDGET = 60.0, 300.0, 120.0
type Answers = dict[str, list[Kind | None]]
"""By model, one after another, the last one for ever; None is a good answer."""


@dataclass
class Outcome:
    """What must have come about."""

    asked: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    model: str = "a"
    number: int = 1
    """Which of the answers of that model the client gets; 0 for none at all."""

    def ask(self, answers: Answers, model: str) -> Kind | None:
        """What a model answers."""
        self.asked.append(model)
        of_model = answers[model]
        return of_model[min(self.asked.count(model), len(of_model)) - 1]


def outcome(answers: Answers, position: Position, sticky: int, fallbacks: list[str], *, pinned: bool) -> Outcome:
    """What becomes of a call for the model `a`."""
    out = Outcome()
    if not stays(out, answers, position, sticky) or pinned:
        return out
    for model in [model for at, model in enumerate(fallbacks) if model not in ["a", *fallbacks[:at]]]:
        kind = answered(out, answers, position, model)
        if kind is None or not is_any_error(kind, position):
            out.model, out.number = model, out.asked.count(model)
            return out
    return out


def stays(out: Outcome, answers: Answers, position: Position, sticky: int) -> bool:
    """Asks `a` for as long as that is right. True if another model is to be asked then."""
    out.number = 0
    untold = 0
    for again in range(sticky + 1):
        kind = answered(out, answers, position, "a")
        if kind is None or kind.name != BREAKS or position == "later":
            out.number = out.asked.count("a")
        if kind is None or not counts_as_short(kind, position) or not out.number:
            return False
        if kind.lasting:
            return True
        wait = kind.told if kind.told is not None else 2**untold * (0.5 + LUCK / 2)
        untold += kind.told is None
        if wait > TERMINAL:
            return False
        if again == sticky or wait > MAX:
            return True
        if sum(out.slept) + wait > BUDGET:
            return False
        out.slept.append(wait)
    raise AssertionError("never comes here")


def answered(out: Outcome, answers: Answers, position: Position, model: str) -> Kind | None:
    """What comes of one attempt. A refused credential is renewed, and the new one is good."""
    kind = out.ask(answers, model)
    if kind is not None and kind.status == 401 and position == "status line":
        kind = out.ask(answers, model)
    return kind


def counts_as_short(kind: Kind, position: Position) -> bool:
    """Nothing is, once a piece of the answer has gone on. An event has to say itself what it is."""
    return position != "later" and kind.short and (position == "status line" or kind.google or kind.name == BREAKS)


def is_any_error(kind: Kind, position: Position) -> bool:
    """What makes another model no better than the first."""
    return position == "status line" or kind.google or kind.name == BREAKS
