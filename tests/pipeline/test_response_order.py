"""Whatever hooks leave of an answer, what goes on is an answer that every format can write."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.call_ids import with_distinct_ids
from ccproxy.lightllm.stream_translator import StreamTranslator
from ccproxy.lightllm.translate import write_answer
from ccproxy.pipeline.event_order import Order
from tests.pipeline.answers import ANSWER, begun, declared, only, passed, text_of
from tests.support.examples import examples
from tests.support.judges import body_faults, stream_faults
from tests.support.neutral import answers, block, samples

quick = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
FORMATS = CLIENT_FORMATS


def nothing(ctx: Any, params: Any) -> None:
    pass


def check(left: list[ev.Event]) -> None:
    """Asserts that all four formats can be written from it, as a stream and as a body."""
    assert isinstance(left[-1], ev.End | ev.Error)
    for format in FORMATS:
        asked = Asked("m-1", {"stream_options": {"include_usage": True}})
        out = StreamTranslator(format, format, asked).write(copy.deepcopy(left))
        faults = [fault for fault in stream_faults(format, out) if not fault.endswith(".input is None")]
        assert faults == [], (left, out)  # arguments of a call that a hook made no JSON are its own business
        answer = collect(with_distinct_ids(copy.deepcopy(left)))
        if answer.error is None:
            body = write_answer(answer, format, Asked("m-1"))
            assert body_faults(format, body) == [], (left, body)


@settings(quick, max_examples=200)
@given(st.booleans().flatmap(lambda failing: answers(failing=failing)), st.integers(1, 5))
def test_an_answer_that_no_hook_changes_is_not_changed(events: list[ev.Event], each: int) -> None:
    assert passed(begun([declared(nothing, [], ["**"])]), events, each) == events


@pytest.mark.parametrize("events", samples())
def test_samples_are_not_changed(events: list[ev.Event]) -> None:
    assert passed(begun([declared(nothing, [], ["**"])]), events) == events


def strangers() -> st.SearchStrategy[ev.Event]:
    """Events that have no business where they come."""
    index = st.integers(0, 7)
    return st.one_of(
        st.builds(ev.TextDelta, index, st.sampled_from(["x", ""])),
        st.builds(ev.ThinkingDelta, index, st.just("x")),
        st.builds(ev.ArgumentsDelta, index, st.sampled_from(["{}", "", "{"])),
        st.builds(ev.RefusalDelta, index, st.just("no")),
        st.builds(ev.CitationDelta, index, st.just(ev.Citation(url="https://a.example"))),
        st.builds(ev.Signature, index, st.just(ev.Opaque(WireFormat.ANTHROPIC, "QUJD"))),
        st.builds(ev.TextStart, index),
        st.builds(ev.ThinkingStart, index),
        st.builds(ev.ToolCallStart, index, st.sampled_from(["call_1", "call_2"]), st.just("f")),
        st.builds(ev.BlockStop, index),
        st.builds(ev.ServerToolResult, st.sampled_from(["srv_1", "srv_2"]), st.just("web_search")),
        st.just(ev.MessageStart()),
        st.just(ev.Finish(ev.StopReason.DONE)),
        st.just(ev.UsageUpdate(ev.Usage(output=1))),
    )


@settings(quick, max_examples=examples(250))
@given(st.booleans().flatmap(lambda failing: answers(failing=failing)), st.data())
def test_whatever_hooks_drop_double_and_add(events: list[ev.Event], data: st.DataObject) -> None:
    def meddle(ctx: Any, params: Any) -> list[ev.Event] | None:
        match data.draw(st.integers(0, 9)):
            case 0:
                return []
            case 1:
                return [ctx.event, copy.deepcopy(ctx.event)]
            case 2:
                return [data.draw(strangers()), ctx.event]
            case 3:
                return [*data.draw(block(data.draw(st.integers(0, 7)))), ctx.event]
            case 4:
                return [ev.End()] if data.draw(st.integers(0, 9)) == 0 else None
        return None

    run = begun([declared(meddle, [], ["**"])])
    left = passed(run, events, data.draw(st.integers(1, 4)))
    assert only(run).outcome == "ran"
    check(left)


def dropped(*drop: ev.Event) -> list[ev.Event]:
    """What is left of the answer without these events."""
    left = passed(begun([declared(lambda ctx, params: [] if ctx.event in drop else None, [], ["**"])]))
    check(left)
    return left


@pytest.mark.parametrize("opener", [event for event in ANSWER if type(event).__name__.endswith("Start")][1:])
def test_a_block_goes_with_its_beginning(opener: Any) -> None:
    assert not [event for event in dropped(opener) if getattr(event, "index", None) == opener.index]


def test_a_result_goes_with_its_call() -> None:
    left = dropped(ANSWER[12])
    assert not any(isinstance(event, ev.ServerToolResult) for event in left)


def test_an_answer_without_its_calls_does_not_end_for_one() -> None:
    left = dropped(ANSWER[9])
    assert [event for event in left if isinstance(event, ev.Finish)] == [ev.Finish(ev.StopReason.DONE)]
    assert [event for event in dropped() if isinstance(event, ev.Finish)] == [ev.Finish(ev.StopReason.TOOL_CALL)]


def test_an_answer_begins_whatever_was_dropped() -> None:
    assert dropped(ANSWER[0])[:2] == [ev.MessageStart(), ev.ThinkingStart(0)]


def held_until(last: type) -> Callable[[Any, Any], list[ev.Event] | None]:
    def hold(ctx: Any, params: Any) -> list[ev.Event] | None:
        if isinstance(ctx.event, ev.TextDelta):
            ctx.state.setdefault("held", []).append(ctx.event)
            return []
        if isinstance(ctx.event, last) and "held" in ctx.state:
            return [*ctx.state.pop("held"), ctx.event]
        return None

    return hold


@pytest.mark.parametrize("last", [ev.BlockStop, ev.End])
def test_text_that_is_let_go_too_late_is_not_lost(last: type) -> None:
    left = passed(begun([declared(held_until(last), [], ["text"])]))
    assert text_of(left) == "Hello there"
    check(left)


def test_a_block_that_was_opened_for_late_text_ends_before_the_next() -> None:
    def late(ctx: Any, params: Any) -> list[ev.Event] | None:
        return [ev.TextDelta(1, "late"), ctx.event] if isinstance(ctx.event, ev.ToolCallStart) else None

    left = passed(begun([declared(late, ["tool_calls"], ["text"])]))
    at = left.index(ev.TextDelta(1, "late"))
    assert left[at - 1 : at + 3] == [ev.TextStart(1), ev.TextDelta(1, "late"), ev.BlockStop(1), ANSWER[9]]
    check(left)


def test_empty_text_is_dropped() -> None:
    def empty(ctx: Any, params: Any) -> None:
        if isinstance(ctx.event, ev.TextDelta):
            ctx.event.text = ""

    left = passed(begun([declared(empty, [], ["text"])]))
    assert left == [event for event in ANSWER if not isinstance(event, ev.TextDelta)]


def test_order_is_kept_where_only_the_beginning_came() -> None:
    order = Order()
    assert order.put([ev.TextDelta(0, "a"), ev.TextDelta(0, "b")]) == [
        ev.MessageStart(), ev.TextStart(0), ev.TextDelta(0, "a"), ev.TextDelta(0, "b"),
    ]  # fmt: skip
    assert order.put([ev.End(), ev.TextDelta(0, "c")]) == [ev.BlockStop(0), ev.End()]
    assert order.put([ev.End()]) == []
