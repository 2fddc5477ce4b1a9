"""The matrix: kind of error x position x repetitions x other models -> attempts, pauses, and what the client gets.

The real transport over a loopback socket, on a clock that nobody waits for; what must come of a case is worked out by
`capacity_rules`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import pytest

from tests.transport.capacity_kinds import BREAKS, BY_NAME, KINDS, Kind, Position
from tests.transport.capacity_rules import LUCK, Answers, Outcome, outcome
from tests.transport.capacity_stage import End, Script, Stage, Virtual, delivery_of, end_of
from tests.transport.peer import Peer, ok

NOT_FOUND = Kind("404", 404, "NOT_FOUND", short=False)
OTHERS: Answers = {
    "good": [None],
    "missing": [NOT_FOUND],
    "moved": [BY_NAME["elsewhere"]],
    "page": [BY_NAME["a page"]],
}
LISTS = {
    "no other": [],
    "works": ["good"],
    "second works": ["missing", "good"],
    "all fail": ["missing", "same"],
    "no models": ["moved", "page", "good"],
    "itself": ["a"],
    "itself, then works": ["a", "same", "same", "good"],
}


class Case(NamedTuple):
    kinds: tuple[str, ...]
    position: Position
    sticky: int
    fallbacks: str
    pinned: bool = False

    def __str__(self) -> str:
        words = [" then ".join(self.kinds), self.position, f"{self.sticky} more", self.fallbacks]
        return ", ".join(words) + ", pinned" * self.pinned


def cases() -> Iterator[Case]:
    for kind in KINDS:
        for sticky in (0, 1, 3):
            for position in ("status line", "first event"):
                if position == "first event" and (kind.fields or kind.name in ("coded", "no credits", "500")):
                    continue  # nothing that the status line's would not show
                few = ["no other", "works"] if sticky == 1 else LISTS
                yield from (Case((kind.name,), position, sticky, fallbacks) for fallbacks in few)
                yield Case((kind.name,), position, sticky, "works", pinned=True)
            yield Case((kind.name,), "later", sticky, "works")
        yield from (Case((kind.name,), "body", 1, fallbacks) for fallbacks in LISTS)
    for first in ("429", "429, a pause is told", "HTML"):
        for second in KINDS:
            for fallbacks in ("no other", "works"):
                yield Case((first, second.name), "status line", 3, fallbacks)
            if first == "429":
                yield Case((first, "503", second.name, "good"), "status line", 3, "works")
                yield Case((first, second.name), "first event", 3, "works")
                yield Case((first, second.name), "body", 3, "works")


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def stage(runner: asyncio.Runner) -> Iterator[tuple[Stage, Peer]]:
    made = Stage()
    peer = Peer(made.serve)
    runner.run(peer.__aenter__())
    yield made, peer
    runner.run(made.pool.close())
    runner.run(peer.__aexit__())


GOOD = ok(b"good", b"Content-Type: application/json")


@pytest.mark.parametrize("case", [*dict.fromkeys(cases())], ids=str)
def test_matrix(runner: asyncio.Runner, stage: tuple[Stage, Peer], case: Case) -> None:
    kinds = [None if name == "good" else BY_NAME[name] for name in case.kinds]
    answers: Answers = {"a": kinds, "same": kinds[:1], **OTHERS}
    with_renewal = {model: [*after_renewal(of_model, case.position)] for model, of_model in answers.items()}
    expected = outcome(with_renewal, case.position, case.sticky, LISTS[case.fallbacks], pinned=case.pinned)
    runner.run(compare(*stage, case, with_renewal, expected))


def after_renewal(kinds: list[Kind | None], position: Position) -> Iterator[Kind | None]:
    """What is answered where the renewed credential is taken."""
    for kind in kinds:
        yield kind
        if kind is not None and kind.status == 401 and position == "status line":
            yield None


async def compare(stage: Stage, peer: Peer, case: Case, answers: Answers, expected: Outcome) -> None:
    virtual = Virtual(luck=LUCK)
    stage.script = Script(
        {
            model: [GOOD if kind is None else partial(raw, kind, case.position) for kind in kinds]
            for model, kinds in answers.items()
        }
    )
    way = stage.transport(peer, virtual.clock, fallback_models=LISTS[case.fallbacks], sticky_retry_attempts=case.sticky)
    delivery = delivery_of(peer, pinned=case.pinned)
    request = delivery.request
    end = await end_of(way, delivery)
    assert stage.script.asked == expected.asked
    assert virtual.slept == pytest.approx(expected.slept)
    assert end == end_expected(case, answers, expected)
    assert delivery.walk is not None
    assert delivery.walk.model == expected.model
    assert (delivery.request is request) == (expected.model == "a")
    assert b'"model": "%b"' % expected.model.encode() in delivery.request.body
    assert len(delivery.attempts) == len(expected.asked)
    assert all(attempt.note for attempt in delivery.attempts[:-1])


def raw(kind: Kind, position: Position, model: str, number: int) -> bytes:
    return kind.reply(position, model, number)[0]


def end_expected(case: Case, answers: Answers, expected: Outcome) -> End:
    if not expected.number:
        return End(0, b"", "reset")
    kinds = answers[expected.model]
    kind = kinds[min(expected.number, len(kinds)) - 1]
    if kind is None:
        return End(200, b"good")
    body = kind.reply(case.position, expected.model, expected.number)[1]
    status = kind.status if case.position == "status line" else 200
    return End(status, body, "reset" if kind.name == BREAKS else "")
