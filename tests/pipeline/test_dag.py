"""The order of hooks, by examples."""

from __future__ import annotations

from itertools import permutations

import pytest

from ccproxy.pipeline.dag import Cycle, Graph, arrange
from ccproxy.pipeline.hook import Step
from tests.pipeline.declared import step


def levels(graph: Graph) -> list[str]:
    return [" ".join(one.name for one in level) for level in graph.levels]


def ties(graph: Graph) -> list[tuple[str, str, str, bool]]:
    return [(edge.before.name, edge.after.name, " ".join(edge.paths), edge.forced) for edge in graph.edges]


def test_no_hooks_have_no_levels() -> None:
    assert arrange([]) == Graph()


def test_who_writes_runs_before_who_reads_wherever_it_is_listed() -> None:
    reader, writer = step("reader", reads=["metadata"]), step("writer", writes=["metadata.user_id", "tools"])
    for listed in permutations([reader, writer]):
        graph = arrange(listed)
        assert levels(graph) == ["writer", "reader"]
        assert ties(graph) == [("writer", "reader", "metadata.user_id", True)]


def test_who_shares_nothing_stands_on_one_level_in_the_lists_order() -> None:
    listed = [step("c", writes=["messages.0"]), step("a", writes=["messages.1"]), step("b", reads=["system"])]
    assert levels(arrange(listed)) == ["c a b"]
    assert levels(arrange(listed[::-1])) == ["b a c"]


def test_names_that_apis_give_to_one_thing_are_one_path() -> None:
    listed = [step("reader", reads=["contents.*.parts", "max_tokens"]), step("writer", writes=["input", "settings"])]
    assert ties(arrange(listed)) == [("writer", "reader", "input settings", True)]


def test_rewriters_of_one_thing_run_in_the_lists_order() -> None:
    one, other = (step(name, reads=["messages"], writes=["messages"]) for name in "ab")
    assert ties(arrange([one, other])) == [("a", "b", "messages", False)]
    assert ties(arrange([other, one])) == [("b", "a", "messages", False)]


def test_writers_of_one_thing_run_in_the_lists_order() -> None:
    listed = [step("b", writes=["system"]), step("a", writes=["instructions", "tools"])]
    assert ties(arrange(listed)) == [("b", "a", "system", False)]


def test_rewriters_follow_what_is_forced_by_others() -> None:
    last = step("last", reads=["messages", "exchange.model"], writes=["messages"])
    first = step("first", reads=["messages"], writes=["messages", "tools"])
    middle = step("middle", reads=["tools"], writes=["exchange.model"])
    graph = arrange([last, first, middle])
    assert levels(graph) == ["first", "middle", "last"]
    assert ("first", "last", "messages", False) in ties(graph)


SIGNER = step("signer", reads=["**"], writes=["system.0", "headers.x-signature"])
WRITERS = [
    step("blind", writes=["metadata.user_id"]),
    step("rewriter", reads=["system"], writes=["system"]),
    step("looks_at_what_it_writes", reads=["system"], writes=["metadata"]),
    step("writes_all", writes=["*"]),
]


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
def test_who_signs_the_body_runs_after_all_who_write_any_of_it(writer: Step) -> None:
    for listed in permutations([SIGNER, writer]):
        graph = arrange(listed)
        assert levels(graph) == [writer.name, "signer"]
        assert all(edge.forced for edge in graph.edges)


def test_who_only_reads_what_the_signer_writes_runs_after_it() -> None:
    readers = [step("log", reads=["system"]), step("send", reads=["headers.*"], writes=["headers.y"])]
    assert levels(arrange([*readers, SIGNER, WRITERS[0]])) == ["blind", "signer", "log send"]


def test_two_that_rewrite_the_whole_body_run_in_the_lists_order() -> None:
    one, other = (step(name, reads=["**"], writes=["**"]) for name in "ab")
    assert levels(arrange([other, one])) == ["b", "a"]


def test_two_that_wait_for_each_other_are_told() -> None:
    one = step("one", reads=["metadata.user_id"], writes=["messages"])
    other = step("other", reads=["messages.*.content"], writes=["metadata", "tools"])
    with pytest.raises(Cycle, match=r"^one -> other \(messages\) -> one \(metadata\)$"):
        arrange([one, other])


def test_of_several_circles_the_shortest_is_told() -> None:
    around = [step(name, reads=[before], writes=[name]) for name, before in ("ac", "ba", "cb")]
    pair = [step("x", reads=["q", "a"], writes=["p", "r"]), step("y", reads=["p", "r"], writes=["q"])]
    with pytest.raises(Cycle, match=r"^x -> y \(p, r\) -> x \(q\)$"):
        arrange([*around, *pair])
