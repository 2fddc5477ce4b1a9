"""The order of any hooks, held against an oracle that knows no paths, only sets of concrete places."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ccproxy.pipeline.dag import Cycle, Edge, Graph, arrange
from ccproxy.pipeline.hook import Step
from tests.pipeline.declared import step

MESSAGES = {"m00", "m01", "m10", "m11"}
SETTINGS = {"max_tokens", "top_p"}
BODY = MESSAGES | SETTINGS | {"s0", "s1", "user", "session", "model"}
HOLDS: dict[str, set[str]] = {
    "messages": MESSAGES,
    "input": MESSAGES,
    "contents.0": {"m00", "m01"},
    "messages.*.content": {"m00", "m10"},
    "messages.1.role": {"m11"},
    "messages.-1": MESSAGES,
    "system": {"s0", "s1"},
    "instructions": {"s0", "s1"},
    "system.0": {"s0"},
    "system.1": {"s1"},
    "metadata": {"user", "session"},
    "metadata.user_id": {"user"},
    "settings": SETTINGS,
    "max_tokens": {"max_tokens"},
    "top_p": {"top_p"},
    "model": {"model"},
    "**": BODY,
    "*": BODY,
    "headers.X": {"hx"},
    "headers.x": {"hx"},
    "headers.y": {"hy"},
    "headers.*": {"hx", "hy"},
    "exchange.model": {"e"},
}
"""Declarations, and the places that each of them holds."""


@dataclass(frozen=True)
class Oracle:
    """What a hook declares."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]

    @property
    def sees_all(self) -> bool:
        return bool({"**", "*"} & set(self.reads))

    @property
    def writes_body(self) -> bool:
        return bool(places(self.writes) & BODY)


def places(declared: tuple[str, ...]) -> set[str]:
    return set().union(*(HOLDS[one] for one in declared))


def tied(before: Oracle, after: Oracle) -> list[str]:
    """The writes of one hook that force it before another."""
    return [path for path in before.writes if HOLDS[path] & places(after.reads) and forces(path, before, after)]


def forces(path: str, before: Oracle, after: Oracle) -> bool:
    if after.sees_all and before.writes_body and not before.sees_all:
        return True
    if before.sees_all and after.writes_body and not after.sees_all and HOLDS[path] <= BODY:
        return False
    both_rewrite = HOLDS[path] & places(before.reads) and HOLDS[path] & places(after.writes)
    return not both_rewrite


def in_conflict(one: Oracle, other: Oracle) -> bool:
    return bool(
        places(one.writes) & places(other.writes + other.reads) or places(other.writes) & places(one.writes + one.reads)
    )


def shortest_circle(hooks: list[Oracle]) -> int:
    """How many hooks the shortest circle has, by powers of the matrix of all that is forced; 0 if there is none."""
    numbers = range(len(hooks))
    once = {(a, b) for a in numbers for b in numbers if a != b and tied(hooks[a], hooks[b])}
    ways = once
    for length in range(2, len(hooks) + 1):
        ways = {(a, c) for a, b in ways for also_b, c in once if b == also_b}
        if any(a == b for a, b in ways):
            return length
    return 0


DECLARED = st.sampled_from(list(HOLDS))
ORACLES = st.builds(Oracle, st.lists(DECLARED, max_size=2).map(tuple), st.lists(DECLARED, max_size=2).map(tuple))
ANY = st.lists(ORACLES, max_size=7)


@st.composite
def orderly(draw: st.DrawFn) -> list[Oracle]:
    """Hooks that do not wait for each other: whoever would close a circle stays out."""
    hooks: list[Oracle] = []
    for hook in draw(st.lists(ORACLES, min_size=1, max_size=10)):
        if not shortest_circle([*hooks, hook]):
            hooks.append(hook)
    return hooks


@st.composite
def circular(draw: st.DrawFn) -> list[Oracle]:
    """A circle among other hooks, with which it may make shorter ones."""
    apart = st.sampled_from(["messages", "system", "metadata.user_id", "settings", "headers.x", "exchange.model"])
    ring = draw(st.lists(apart, min_size=2, max_size=5, unique=True))
    closed = [Oracle((path,), (following,)) for path, following in zip(ring, [*ring[1:], ring[0]], strict=True)]
    return draw(st.permutations([*closed, *draw(st.lists(ORACLES, max_size=3))]))


def steps_of(hooks: list[Oracle]) -> list[Step]:
    return [step(f"h{number}", hook.reads, hook.writes) for number, hook in enumerate(hooks)]


def number(one: Step) -> int:
    return int(one.name[1:])


def order(graph: Graph) -> list[int]:
    return [number(one) for one in graph.steps]


@given(orderly())
def test_the_order_is_a_topological_order_of_the_declarations(hooks: list[Oracle]) -> None:
    graph = arrange(steps_of(hooks))
    found = order(graph)
    assert sorted(found) == list(range(len(hooks)))
    event(f"{len(graph.levels)} levels")
    for place, after in enumerate(found):
        assert not [before for before in found[place + 1 :] if tied(hooks[before], hooks[after])]


@given(orderly())
def test_every_tie_is_there_with_its_paths(hooks: list[Oracle]) -> None:
    graph = arrange(steps_of(hooks))
    forced = {(number(edge.before), number(edge.after)): list(edge.paths) for edge in graph.edges if edge.forced}
    numbers = range(len(hooks))
    expected = {(a, b): tied(hooks[a], hooks[b]) for a in numbers for b in numbers if a != b}
    assert forced == {pair: list(dict.fromkeys(paths)) for pair, paths in expected.items() if paths}


@given(orderly(), st.data())
def test_the_list_decides_nothing_that_is_forced(hooks: list[Oracle], data: st.DataObject) -> None:
    listed = steps_of(hooks)
    found = order(arrange(data.draw(st.permutations(listed))))
    for edge in arrange(listed).edges:
        if edge.forced:
            assert found.index(number(edge.before)) < found.index(number(edge.after))


@given(orderly())
def test_two_hooks_of_one_level_never_conflict(hooks: list[Oracle]) -> None:
    for level in arrange(steps_of(hooks)).levels:
        names = [number(one) for one in level]
        assert not [(a, b) for a in names for b in names if a != b and in_conflict(hooks[a], hooks[b])]


@given(orderly())
def test_a_hook_runs_as_early_as_its_ties_let_it_and_a_level_in_the_lists_order(hooks: list[Oracle]) -> None:
    graph = arrange(steps_of(hooks))
    for place, level in enumerate(graph.levels):
        assert [number(one) for one in level] == sorted(number(one) for one in level)
        previous = graph.levels[place - 1] if place else ()
        for one in level:
            assert not place or [edge for edge in graph.edges if edge.after is one and edge.before in previous]


@given(orderly())
def test_the_list_decides_what_is_free(hooks: list[Oracle]) -> None:
    """A pair tied by the list alone stands in its order, unless a chain of other ties says otherwise."""
    edges = arrange(steps_of(hooks)).edges
    for edge in edges:
        if not edge.forced and number(edge.before) > number(edge.after):
            assert reaches(edge.before, edge.after, [other for other in edges if other is not edge])


@given(orderly())
def test_a_list_in_good_order_keeps_it_wherever_two_hooks_are_tied(hooks: list[Oracle]) -> None:
    listed = arrange(steps_of(hooks)).steps
    again = arrange(listed)
    assert again.steps == listed
    assert all(listed.index(edge.before) < listed.index(edge.after) for edge in again.edges)


@given(ANY)
def test_the_same_list_gives_the_same_order(hooks: list[Oracle]) -> None:
    listed = steps_of(hooks)
    assert outcome(listed) == outcome(listed)


@given(ANY)
def test_a_circle_is_found_where_there_is_one_and_only_there(hooks: list[Oracle]) -> None:
    found = isinstance(outcome(steps_of(hooks)), str)
    event("circle" if found else "none")
    assert found is bool(shortest_circle(hooks))


@given(circular())
def test_a_circle_is_told_arrow_by_arrow_and_is_the_shortest(hooks: list[Oracle]) -> None:
    with pytest.raises(Cycle) as told:
        arrange(steps_of(hooks))
    first, *arrows = str(told.value).split(" -> ")
    parts = [re.fullmatch(r"h(\d) \((.+)\)", arrow) for arrow in arrows]
    names = [int(first[1:]), *(int(part[1]) for part in parts if part)]
    assert names[0] == names[-1]
    assert len(set(names)) == len(arrows) == shortest_circle(hooks)
    for before, after, part in zip(names, names[1:], parts, strict=False):
        assert part is not None
        assert part[2].split(", ") == list(dict.fromkeys(tied(hooks[before], hooks[after])))


def outcome(listed: list[Step]) -> Graph | str:
    """The graph, or what is told of a circle."""
    try:
        return arrange(listed)
    except Cycle as error:
        return str(error)


def reaches(begin: Step, end: Step, edges: list[Edge]) -> bool:
    """True if a chain of edges leads from one to the other."""
    seen = [begin]
    for one in seen:
        seen += [edge.after for edge in edges if edge.before is one and edge.after not in seen]
    return end in seen
