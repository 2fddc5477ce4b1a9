"""Which events a response hook hears, by what it declares."""

from __future__ import annotations

import typing
from collections.abc import Sequence

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.pipeline.families import FAMILIES, KINDS, check_families
from ccproxy.pipeline.hook import Hook, hook
from tests.pipeline.answers import ANSWER, heard

STOPS = {"text": [1], "thinking": [0], "tool_calls": [2], "refusal": [3]}
"""The blocks of each family in the answer."""


def test_every_event_is_known() -> None:
    assert set(typing.get_args(ev.Event.__value__)) == KINDS
    of_families = [kind for kinds in FAMILIES.values() for kind in kinds]
    assert len(of_families) == len(set(of_families))
    assert KINDS.difference(of_families) == {ev.BlockStop, ev.End, ev.Error, ev.Ping, ev.Unknown}


@pytest.mark.parametrize("how", ["reads", "writes"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_hook_hears_its_family_the_end_of_its_blocks_and_the_end(family: str, how: str) -> None:
    expected = [
        event
        for event in ANSWER
        if type(event) in FAMILIES[family]
        or (isinstance(event, ev.BlockStop) and event.index in STOPS.get(family, ()))
        or isinstance(event, ev.End)
    ]
    assert len(expected) > 1
    assert heard(**{how: [family]}) == expected


@pytest.mark.parametrize("everything", ["events", "**", "*"])
def test_a_hook_can_hear_everything(everything: str) -> None:
    assert heard([everything]) == list(ANSWER)
    unknown = ev.Unknown({"type": "new"}, WireFormat.ANTHROPIC)
    assert heard([everything], events=[unknown, ev.Error(ev.WireError(500, "no"))])[0] == unknown


def test_who_declares_nothing_hears_the_end_alone() -> None:
    error = ev.Error(ev.WireError(529, "overloaded"))
    assert heard() == [ev.End()]
    assert heard(events=[*ANSWER[:6], error]) == [error]
    assert heard(["exchange.session"], ["exchange.tags"]) == [ev.End()]


def test_nothing_is_heard_after_the_end() -> None:
    assert heard(["**"], events=[*ANSWER, *ANSWER]) == list(ANSWER)
    assert heard(["**"], events=[ev.Error(ev.WireError(500, "no")), ev.End()]) == [ev.Error(ev.WireError(500, "no"))]


def test_an_index_can_be_used_twice() -> None:
    """Of blocks of two families, one after the other."""
    first: list[ev.Event] = [ev.TextStart(0), ev.TextDelta(0, "a"), ev.BlockStop(0)]
    second: list[ev.Event] = [ev.ThinkingStart(0), ev.ThinkingDelta(0, "b"), ev.BlockStop(0)]
    assert heard(["text"], events=[*first, *second, ev.End()]) == [*first, ev.End()]
    assert heard(["thinking"], events=[*first, *second, ev.End()]) == [*second, ev.End()]


def declaring(stages: Sequence[str], reads: Sequence[str], writes: Sequence[str] = ()) -> Hook:
    made: Hook = hook(stage=stages, reads=reads, writes=writes)(lambda ctx, params: None)  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize("path", [*FAMILIES, "events", "**", "exchange.session", "exchange.tags"])
def test_what_can_be_declared(path: str) -> None:
    check_families(declaring(["response"], [path]))
    check_families(declaring(["response"], [], [path]))


@pytest.mark.parametrize(
    "path", ["messages", "texts", "text.0", "headers.x-project", "headers.*", "max_tokens", "input"]
)
def test_what_no_answer_has_is_an_error_at_load(path: str) -> None:
    for reads, writes in (([path], []), (["text"], [path])):
        with pytest.raises(ValueError, match="declares") as caught:
            declaring(["response"], reads, writes)
        assert repr(path) in str(caught.value)
    check_families(declaring(["inbound", "response"], [path, "text"]))
    check_families(declaring(["outbound"], [path]))
