"""Merging: what nobody changed keeps its own words, and what was changed comes through."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.pipeline.merge import merge
from ccproxy.pipeline.values import MISSING, copied, differences, same, snapshot, thawed

PLAIN = {"type": "text", "text": "a"}
OTHER = {"type": "text", "text": "b"}


@pytest.mark.parametrize(
    ("before", "after", "now", "expected"),
    [
        (1, 2, 1, 2),
        (1, 1, "1", "1"),
        (1, True, 1, True),
        ({"a": 1, "b": 2}, {"a": 3, "b": 2}, {"b": "2", "a": 1, "own": None}, {"b": "2", "a": 3, "own": None}),
        ({"a": 1}, {"a": 1, "c": [1]}, {"a": "1"}, {"a": "1", "c": [1]}),
        ({"a": 1, "b": 2}, {"a": 1}, {"b": 2, "a": "1"}, {"a": "1"}),
        ([1, 2, 3], [1, 2, 3, 4], ["1", "2", "3"], ["1", "2", "3", 4]),
        ([1, 2, 3], [1, 3], ["1", "2", "3"], ["1", "3"]),
        ([1, 2, 3], [0, 1, 2, 3], ["1", "2", "3"], [0, "1", "2", "3"]),
        ([1, 2, 3], [1, 5, 3], ["1", 2, "3"], ["1", 5, "3"]),
        ([1, 2], [1], ["1"], [1]),
        ([], [1], [], [1]),
        ([PLAIN], [OTHER], "a", "b"),
        ([PLAIN], [PLAIN, OTHER], "a", [PLAIN, OTHER]),
        ([PLAIN], [OTHER | {"cache_control": {}}], "a", [OTHER | {"cache_control": {}}]),
        ([PLAIN], [OTHER], "something else", [OTHER]),
        ([{"role": "user", "content": [PLAIN]}], [{"role": "user", "content": [OTHER]}], "a", "b"),
        ([{"role": "user", "content": "a"}], [{"role": "x", "content": "a"}], "a", [{"role": "x", "content": "a"}]),
        ([PLAIN], [OTHER], {"text": "a"}, {"text": "b"}),
        ([PLAIN], [PLAIN, OTHER], {"text": "a"}, [PLAIN, OTHER]),
        ("a", "b", [PLAIN | {"own": 1}], [OTHER | {"own": 1}]),
        ("a", "b", ["a"], ["b"]),
        ("a", "b", [PLAIN, PLAIN], "b"),
        ("a", ["b"], [PLAIN], ["b"]),
        ({"aName": {"b": 1}}, {"aName": {"b": 2}}, {"a_name": {"b": 1, "c": 1}}, {"a_name": {"b": 2, "c": 1}}),
        ({"aName": 1}, {}, {"a_name": 1, "b": 2}, {"b": 2}),
        ({}, {"aName": 1}, {"a_name": 2}, {"a_name": 2, "aName": 1}),
    ],
)  # fmt: skip
def test_merge(before: Any, after: Any, now: Any, expected: Any) -> None:
    kept = copy.deepcopy((before, after, now))
    merged = merge(before, after, now)
    assert same(merged, expected), merged
    assert (before, after, now) == kept


def test_what_is_said_elsewhere_is_said_anew() -> None:
    """A function as Chat has it, among tools of Responses: a description beside it would count for nothing."""
    before = {"type": "function", "name": "f", "description": "old"}
    now = {"type": "function", "function": {"name": "f", "description": "old"}}
    after = before | {"description": "new"}
    assert merge([before], [after], [now]) == [after]


def test_lists_in_another_order_are_written_anew() -> None:
    search, function = {"googleSearch": {}}, {"functionDeclarations": [{"name": "f"}]}
    more = {"functionDeclarations": [{"name": "f"}, {"name": "g"}]}
    assert merge([function, search], [more, search], [search, function]) == [more, search]
    named = [{"type": "function", "name": name} for name in "ab"]
    assert merge(named, named[1:], named[::-1]) == named[1:]


def test_what_stays_is_shared_and_what_comes_is_copied() -> None:
    now, new = [{"text": "a"}, {"text": "b"}], {"text": "c"}
    merged = merge(now, [*now, new], now)
    assert merged[0] is now[0]
    assert merged[2] == new
    assert merged[2] is not new


def test_what_json_has_not() -> None:
    with pytest.raises(TypeError, match=r"args\.0"):
        merge({"a": 1}, {"a": {"args": [{1}]}}, {"a": 1})


names = st.sampled_from(["type", "text", "a", "b", "a_name", "aName"])
scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b"]) | st.just(1.0)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
objects = st.recursive(scalars, lambda inner: st.dictionaries(names, inner, max_size=4), max_leaves=12)


@settings(deadline=None)
@given(values, values)
def test_in_the_same_words_the_change_comes_through(before: Any, after: Any) -> None:
    assert same_in_any_order(merge(before, after, before), after)


@settings(deadline=None)
@given(values, values)
def test_nothing_changed(before: Any, now: Any) -> None:
    assert merge(before, copy.deepcopy(before), now) is now


@settings(deadline=None)
@given(values, values, values)
def test_any_three_can_be_merged(before: Any, after: Any, now: Any) -> None:
    kept = copy.deepcopy((before, after, now))
    snapshot(merge(before, after, now))
    assert (before, after, now) == kept


@settings(deadline=None)
@given(values, values)
def test_differences_are_where_values_differ(before: Any, after: Any) -> None:
    assert bool(list(differences(before, after))) == (not same(before, after))


@settings(deadline=None)
@given(objects, objects)
def test_differences_say_what_makes_one_the_other(before: Any, after: Any) -> None:
    patched = copy.deepcopy({"root": before})
    for steps, value in differences(before, after):
        *way, last = ("root", *steps)
        container: Any = patched
        for step in way:
            container = container[step]
        if value is MISSING:
            del container[last]
        else:
            container[last] = value
    assert same_in_any_order(patched["root"], after)


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        ([1, 2, 3], [1, 5, 3], [(1,)]),
        ([1, 2, 3], [1, 3], [(1,)]),
        ([1, 2], [1, 2, 3, 4], [(2,), (3,)]),
        ([{"a": [1]}], [{"a": [2]}], [(0, "a", 0)]),
        ({"a": {"": 1}}, {"a": {"": 2}}, [("a",)]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, [()]),
    ],
)
def test_differences(before: Any, after: Any, places: list[tuple[Any, ...]]) -> None:
    assert [steps for steps, _ in differences(before, after)] == places


def same_in_any_order(one: Any, other: Any) -> bool:
    return snapshot(in_order(one)) == snapshot(in_order(other))


def in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: in_order(value[name]) for name in sorted(value)}
    return [in_order(one) for one in value] if isinstance(value, list) else value


@given(values)
def test_copies_are_the_same_and_share_nothing(value: Any) -> None:
    for copy_of in (copied(value), thawed(snapshot(value))):
        assert same(copy_of, value)
        assert not ({*containers(copy_of)} & {*containers(value)})


def containers(value: Any) -> list[int]:
    """The identities of all lists and objects in a value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    own = [id(value)] if isinstance(value, dict | list) else []
    return [*own, *(one for each in inner for one in containers(each))]


@given(values, values)
def test_same_is_what_is_written_the_same(one: Any, other: Any) -> None:
    assert same(one, other) == (repr(one) == repr(other))
