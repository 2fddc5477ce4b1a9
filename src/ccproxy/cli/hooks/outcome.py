"""What happened when a hook was tried, in lines for people."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from ccproxy.cli.flows.story import MARKS
from ccproxy.cli.words import duration, visible

if TYPE_CHECKING:
    from ccproxy.pipeline.trial import Trial

type Field = tuple[str, str]

NOTED = ("model", "session", "conversation", "system_hash")
MOST_OF_AN_ANSWER = 200
"""Characters of an answer's text that are shown."""


def told(trial: Trial, sent: Sequence[Field], *, verbose: bool) -> str:
    """The lines for standard error.

    Args:
        trial: what became of it.
        sent: the header fields that it was tried with.
        verbose: whether a failure is told with the whole traceback.
    """
    lines = [headline(trial), *(f"  {name:<14}{visible(text)}" for name, text in facts(trial, sent))]
    if trial.error is not None:
        lines += [f"  {visible(line)}" for line in where(trial.error, verbose=verbose)]
    return "\n".join(lines)


def headline(trial: Trial) -> str:
    """`● shorter  ran in 0.3 ms, inbound`."""
    result, wire = trial.result, trial.exchange.format
    sign, color = MARKS[result.outcome]
    kind = f"a body in the format {wire}" if wire is not None else "a body of no known format"
    time = duration(result.seconds * 1000)
    reason = f": {result.reason}" if result.reason else ""
    told = f"{result.outcome} in {time}, {result.stage}, on {kind}{reason}"
    return f"{click.style(sign, fg=color)} {click.style(visible(result.name), bold=True)}  {visible(told)}"


def facts(trial: Trial, sent: Sequence[Field]) -> Iterator[Field]:
    """What else is worth knowing, by name."""
    if trial.result.outcome == "ran":
        yield "wrote", ", ".join(trial.result.wrote) or "nothing"
    for sign, fields in (("-", missing(sent, trial.headers)), ("+", missing(trial.headers, sent))):
        for name, value in fields:
            yield "header", f"{sign} {name}: {shown(name, value)}"
    yield from noted(trial)
    if trial.undeclared:
        yield "undeclared", f"it reads {', '.join(trial.undeclared)}: add that to reads=[…]"
    if trial.answer is not None:
        said = trial.answer.text or (trial.answer.body or b"").decode("utf-8", "replace")
        yield "answered", f"{trial.answer.status} in place of a provider: {said[:MOST_OF_AN_ANSWER]}"


def noted(trial: Trial) -> Iterator[Field]:
    """What the hook noted of the exchange, or chose for it."""
    if "exchange.provider" in trial.result.wrote:
        yield "provider", str(trial.provider)
    for name in NOTED:
        if f"exchange.{name}" in trial.result.wrote:
            yield name, str(getattr(trial.exchange, name))
    for name, value in trial.tags.items():
        yield "tag", f"{name}={value}"
    for field, _ in trial.credential:
        yield "credential", f"{field.decode('latin-1')} (not shown)"


def missing(these: Sequence[Field], those: Sequence[Field]) -> list[Field]:
    """The fields of `these` that are not among `those`."""
    return list((Counter(these) - Counter(those)).elements())


def shown(name: str, value: str) -> str:
    """A field's value, unless it is a credential."""
    from ccproxy.flows.secrets.redact import redact_value

    return redact_value(name, value.encode("latin-1", "replace"))


def where(error: BaseException, *, verbose: bool) -> list[str]:
    """The lines of the hook's own code that led to an error, or the whole traceback."""
    told = traceback.TracebackException.from_exception(error)
    if not verbose:
        frames = [frame for frame in told.stack if "/ccproxy/pipeline/" not in frame.filename.replace("\\", "/")]
        told.stack = traceback.StackSummary.from_list(frames)
        told.__cause__ = told.__context__ = None
    return "".join(told.format()).splitlines()
