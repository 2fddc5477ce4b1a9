"""Where two sequences are the same: any sequences, and such as difflib alone takes minutes for."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.flows.diff.sequences import align, opcodes

items = st.lists(st.sampled_from("abcdefgh"), max_size=30)


def tells_all(old: list[str], new: list[str]) -> int:
    """Asserts that the codes make the new sequence of the old one; returns how many items are the same."""
    codes = list(opcodes(old, new))
    made: list[str] = []
    at = other_at = same = 0
    for tag, begin, end, other, other_end in codes:
        assert (begin, other) == (at, other_at)
        if tag == "equal":
            assert old[begin:end] == new[other:other_end]
            same += end - begin
        made += old[begin:end] if tag == "equal" else new[other:other_end]
        at, other_at = end, other_end
    assert (made, at, other_at) == (new, len(old), len(new))
    return same


@settings(deadline=None)
@given(items, items)
def test_any_sequences(old: list[str], new: list[str]) -> None:
    tells_all(old, new)
    found = align(old, new, lambda one, other: True)
    pairs = [*found.same, *found.moved, *found.changed]
    assert sorted([*found.removed, *(one for one, _ in pairs)]) == list(range(len(old)))
    assert sorted([*found.added, *(other for _, other in pairs)]) == list(range(len(new)))


@pytest.mark.parametrize("kinds", [2, 60, 100_000])
def test_long_sequences(kinds: int) -> None:
    chance = random.Random(kinds)
    old = [str(chance.randrange(kinds)) for _ in range(5000)]
    new = [item if chance.random() < 0.98 else "new" for item in old]
    assert tells_all(old, new) >= (4500 if kinds > 60 else 0)
    assert tells_all(old, old[1000:] + old[:1000]) >= (3900 if kinds > 60 else 0)
