"""Hooks that make of a request what leaves run last, but for those that look at what leaves."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from ccproxy.pipeline.hook import Step
from ccproxy.pipeline.late import arrange_all
from tests.pipeline.declared import step
from tests.pipeline.test_dag import levels, ties


def late(name: str = "late") -> Step:
    made = step(name, reads=["**", "headers.*"], writes=["**", "headers.*"])
    return replace(made, hook=replace(made.hook, late=True))


OTHERS = [
    step("writes", writes=["messages"]),
    step("rewrites", reads=["**"], writes=["**"]),
    step("heads", reads=["model"], writes=["headers.x-team"]),
    step("reads", reads=["headers.x-team", "tools"]),
    step("alone", writes=["exchange.tags"]),
]


def test_it_runs_after_all_that_write_or_read_wherever_it_is_listed() -> None:
    for listed in permutations([*OTHERS, late()]):
        graph = arrange_all(listed)
        assert levels(graph)[-1] == "late"
        assert len(graph.steps) == 6


@pytest.mark.parametrize("other", OTHERS)
def test_what_ties_it_to_another_is_told(other: Step) -> None:
    told = ties(arrange_all([late(), other]))
    expected = [(other.name, "late", " ".join(path.text for path in other.hook.writes), True)]
    assert told == (expected if other.name in ("writes", "rewrites", "heads") else [])


def test_who_signs_the_body_and_who_waits_for_that_come_after_it() -> None:
    signs = step("signs", reads=["**"], writes=["headers.x-signature"])
    sees = step("sees", reads=["headers.x-signature"], writes=["headers.x-log"])
    for listed in permutations([signs, sees, late(), *OTHERS[:2]]):
        assert levels(arrange_all(listed))[-3:] == ["late", "signs", "sees"]
    assert ("late", "signs", "** headers.*", True) in ties(arrange_all([signs, late()]))


def test_without_one_nothing_is_other_than_before() -> None:
    assert levels(arrange_all(OTHERS[:2])) == ["writes", "rewrites"]


def test_two_keep_the_lists_order() -> None:
    assert levels(arrange_all([late("a"), late("b")])) == ["a", "b"]
