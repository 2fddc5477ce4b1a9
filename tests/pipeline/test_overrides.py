"""`x-ccproxy-hooks` (spec: signs, the last mention wins, empty names are nothing), and what it may not say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.pipeline.failures import InvalidOverride
from ccproxy.pipeline.hook import Step
from ccproxy.pipeline.overrides import parse_override
from tests.pipeline.declared import step

NAMES = ["alpha", "beta", "gamma"]
STEPS = [*map(step, NAMES), Step(step("guarded").hook, "inbound", overridable=False)]


def parsed(value: str, absent: tuple[str, ...] = ()) -> tuple[set[str], set[str]]:
    override = parse_override(value, STEPS, absent)
    return set(override.unguarded), set(override.without)


@given(st.lists(st.tuples(st.sampled_from(["+", "-", ""]), st.sampled_from(NAMES)), max_size=8), st.data())
def test_the_last_word_about_a_hook_counts(said: list[tuple[str, str]], data: st.DataObject) -> None:
    space = st.sampled_from(["", " ", "\t "])
    value = ",".join(data.draw(space) + sign + data.draw(space) + name + data.draw(space) for sign, name in said)
    last = {name: sign for sign, name in said}
    assert parsed(value) == ({n for n in last if last[n] == "+"}, {n for n in last if last[n] == "-"})


@pytest.mark.parametrize("value", ["", ",", " , ,", "+", "-, +"])
def test_empty_names_say_nothing(value: str) -> None:
    assert parsed(value) == (set(), set())


@pytest.mark.parametrize("value", ["+delta", "-delta", "delta", "-Alpha", "alpha, -delta", "--alpha"])
def test_an_unknown_name_is_refused_and_the_known_ones_are_named(value: str) -> None:
    with pytest.raises(InvalidOverride, match=r"there is no hook .*: alpha, beta, gamma$"):
        parsed(value)


@pytest.mark.parametrize("value", ["+guarded", "-guarded", "guarded", "-alpha,-guarded"])
def test_hooks_that_guard_something_are_not_the_clients_business(value: str) -> None:
    with pytest.raises(InvalidOverride, match="'guarded' cannot be overridden"):
        parsed(value)


def test_a_hook_that_does_not_run_can_be_switched_off() -> None:
    assert parsed("-shape", ("shape",)) == (set(), {"shape"})
    with pytest.raises(InvalidOverride, match="no hook 'shape'"):
        parsed("+shape", ("shape",))


@given(st.text(st.characters(codec="latin-1"), max_size=60))
def test_whatever_a_client_sends_is_read_or_refused(value: str) -> None:
    try:
        override = parse_override(value, STEPS)
    except InvalidOverride:
        return
    assert override.unguarded | override.without <= set(NAMES)
