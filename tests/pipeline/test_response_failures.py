"""Response hooks that fail, wait too long, are skipped or are switched off; and what they set of the exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from ccproxy.lightllm import events as ev
from ccproxy.pipeline.failures import HookFailed, Unfit
from ccproxy.pipeline.overrides import Override
from ccproxy.pipeline.response import ResponseRun
from tests.pipeline.answers import ANSWER, begun, declared, only, passed, step, text_of
from tests.pipeline.subjects import subject


def fails_there(ctx: Any, params: Any) -> None:
    """Masks text until it comes to " there"."""
    if isinstance(ctx.event, ev.TextDelta):
        there = ctx.event.text == " there"
        ctx.event.text = "*****"
        if there:
            raise LookupError("no such host")


async def fails_there_too(ctx: Any, params: Any) -> None:
    await asyncio.sleep(0)
    fails_there(ctx, params)


def fails_there_late(ctx: Any, params: Any) -> Iterator[ev.Event]:
    """Has yielded by then."""
    yield ev.TextDelta(1, "more")
    fails_there(ctx, params)
    yield ctx.event


@pytest.mark.parametrize("function", [fails_there, fails_there_too])
@pytest.mark.parametrize("each", [1, 100])
def test_a_hook_that_fails_is_out_and_the_event_goes_on(
    function: Any, each: int, caplog: pytest.LogCaptureFixture
) -> None:
    run = begun([declared(function, [], ["text"], name="mask")])
    left = passed(run, each=each)
    assert text_of(left) == "***** there"
    assert len(left) == len(ANSWER)
    result = only(run)
    assert (result.name, result.stage, result.outcome) == ("mask", "response", "failed")
    assert (result.reason, result.wrote) == ("no such host", ("text",))
    (record,) = caplog.records
    assert "hook mask (hooks.response[0]) failed" in record.getMessage()
    assert record.exc_info is not None


def test_what_a_generator_gave_before_it_failed_is_not_there() -> None:
    run = begun([declared(fails_there_late, ["**"], ["**"])])
    left = passed(run, [ev.TextStart(1), ev.TextDelta(1, " there"), ev.TextDelta(1, "x"), ev.End()])
    assert text_of(left).endswith(" therex")


def test_the_others_go_on() -> None:
    seen: list[ev.Event] = []
    hooks = [
        declared(fails_there, [], ["text"], name="mask"),
        declared(lambda ctx, params: seen.append(ctx.event), ["**"], name="look"),
    ]
    run = begun(hooks)
    assert seen == passed(run) if seen else passed(run) == seen
    assert [(result.name, result.outcome) for result in run.results()] == [("mask", "failed"), ("look", "ran")]


@pytest.mark.parametrize("writes", [[], ["text"]])
def test_a_hook_without_which_nothing_goes_on(writes: list[str]) -> None:
    def refuse(ctx: Any, params: Any) -> None:
        if isinstance(ctx.event, ev.TextDelta) and "there" in ctx.event.text:
            raise LookupError("no such host")

    run = begun([declared(refuse, ["text"], writes, name="check", on_error="fail")])
    with pytest.raises(HookFailed, match="hook check failed: no such host") as caught:
        passed(run)
    assert isinstance(caught.value.__cause__, LookupError)
    assert (only(run).outcome, only(run).reason) == ("failed", "no such host")


def test_unfit_is_no_failure() -> None:
    def unfit(ctx: Any, params: Any) -> None:
        raise Unfit("no use here")

    run = begun([declared(unfit, ["text"], on_error="fail")])
    assert passed(run) == list(ANSWER)
    assert (only(run).outcome, only(run).reason) == ("skipped", "no use here")


async def forever(ctx: Any, params: Any) -> None:
    await asyncio.Event().wait()


async def forever_in_pieces(ctx: Any, params: Any) -> Any:
    yield ctx.event
    await asyncio.Event().wait()


@pytest.mark.parametrize("function", [forever, forever_in_pieces])
def test_a_hook_that_waits_too_long_has_failed(function: Any) -> None:
    run = begun([declared(function, ["text"], ["text"])], timeout=0.01)
    assert run.waits
    assert passed(run) == list(ANSWER)
    assert (only(run).outcome, only(run).reason) == ("failed", "it took longer than 0.01 s")
    assert 0.01 <= only(run).seconds < 5
    run = begun([declared(function, ["text"], ["text"], on_error="fail")], timeout=0.01)
    with pytest.raises(HookFailed, match="took longer"):
        passed(run)


def test_a_timeout_of_the_hooks_own_is_its_own() -> None:
    async def own(ctx: Any, params: Any) -> None:
        raise TimeoutError("the policy server did not answer")

    run = begun([declared(own, ["text"])])
    passed(run)
    assert only(run).reason == "the policy server did not answer"


def test_a_client_that_leaves_ends_the_waiting() -> None:
    run = begun([declared(forever, ["text"])])

    async def main() -> None:
        waiting = asyncio.create_task(run.through(ANSWER))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    assert only(run).outcome == "ran"


# -- which hooks run


def test_the_guard_is_asked_once_an_answer_and_sees_the_exchange() -> None:
    asked: list[str] = []

    def guard(ctx: Any) -> bool:
        asked.append(ctx.exchange.model)
        return bool(ctx.exchange.session == "s-1")

    for session, outcome in (("s-1", "ran"), (None, "skipped")):
        about = subject({})
        about.exchange.session = session
        facts = ["text", "exchange.session", "exchange.model"]
        run = begun([declared(lambda ctx, params: None, facts, ["text"], guard=guard)], about)
        assert (run.runs, run.rewrites) == (session is not None, session is not None)
        passed(run)
        assert only(run).outcome == outcome
        assert only(run).reason == ("" if session else "guard")
    assert asked == ["m-1", "m-1"]


def test_a_guard_has_no_event() -> None:
    run = begun([declared(lambda ctx, params: None, ["text"], guard=lambda ctx: bool(ctx.event))])
    assert only(run).outcome == "failed"
    with pytest.raises(HookFailed):
        begun([declared(lambda ctx, params: None, ["text"], guard=lambda ctx: bool(ctx.event), on_error="fail")])


def test_overrides_switch_hooks_on_and_off() -> None:
    def no(ctx: Any) -> bool:
        return False

    hooks = [
        declared(lambda ctx, params: None, [], ["text"], name="off"),
        declared(lambda ctx, params: None, ["text"], name="on", guard=no),
        declared(lambda ctx, params: None, ["text"], name="guarded", guard=no),
    ]
    run = begun(hooks, override=Override(frozenset({"on"}), frozenset({"off"})))
    assert not run.rewrites
    passed(run)
    assert [(result.name, result.outcome, result.reason) for result in run.results()] == [
        ("off", "skipped", "override"),
        ("on", "ran", ""),
        ("guarded", "skipped", "guard"),
    ]


def test_an_answer_with_nothing_for_hooks() -> None:
    never = declared(lambda ctx, params: pytest.fail("it ran"), ["**"], ["**"], guard=lambda ctx: pytest.fail("asked"))
    run = ResponseRun([step(never)], subject({}), 1.0)
    run.skip("the provider answered 429")
    run.begin()
    assert not run.runs
    assert not run.rewrites
    assert passed(run) == list(ANSWER)
    assert (only(run).outcome, only(run).reason) == ("skipped", "the provider answered 429")


def test_an_answer_that_cannot_be_read() -> None:
    run = begun([declared(lambda ctx, params: None, ["text"]), declared(lambda ctx, params: None, [], ["text"])])
    run.miss("the answer cannot be read")
    assert not run.runs
    assert [result.outcome for result in run.results()] == ["failed", "failed"]
    run = begun([declared(lambda ctx, params: None, ["text"], on_error="fail")])
    with pytest.raises(HookFailed, match="cannot be read"):
        run.miss("the answer cannot be read")


def test_no_answer_came() -> None:
    run = ResponseRun([step(declared(lambda ctx, params: None))], subject({}), 1.0)
    assert (only(run).outcome, only(run).reason) == ("skipped", "no answer came")


def test_results_are_noted_once() -> None:
    about = subject({})
    run = begun([declared(lambda ctx, params: None, ["text"], name="look")], about)
    passed(run)
    run.settle()
    run.settle()
    (result,) = about.exchange.hooks
    assert (result.name, result.stage, result.outcome) == ("look", "response", "ran")
    assert result.seconds > 0


# -- what they set of the exchange


def test_what_a_hook_may_set_of_the_exchange() -> None:
    def note(ctx: Any, params: Any) -> None:
        if isinstance(ctx.event, ev.UsageUpdate):
            ctx.exchange.tag("tokens", str(ctx.event.usage.total))
            ctx.exchange.session = "s-1"
            ctx.exchange.conversation = "c-1"

    about = subject({})
    run = begun([declared(note, ["usage"], ["exchange.tags", "exchange.session", "exchange.conversation"])], about)
    assert not run.rewrites
    assert passed(run) == list(ANSWER)
    exchange = about.exchange
    assert (exchange.tags, exchange.session, exchange.conversation) == ({"tokens": "16"}, "s-1", "c-1")
    assert only(run).wrote == ("exchange.tags", "exchange.session", "exchange.conversation")


@pytest.mark.parametrize("field", ["provider", "model", "credential"])
def test_it_is_too_late_for_the_rest(field: str) -> None:
    run = begun([declared(lambda ctx, params: setattr(ctx.exchange, field, "x"), ["text"], [f"exchange.{field}"])])
    passed(run)
    assert only(run).outcome == "failed"


def test_a_failing_call_leaves_no_trace_and_those_before_it_do() -> None:
    def note(ctx: Any, params: Any) -> None:
        if isinstance(ctx.event, ev.TextDelta):
            ctx.exchange.tag(ctx.event.text.strip(), "seen")
            if "there" in ctx.event.text:
                raise LookupError("enough")

    about = subject({})
    passed(begun([declared(note, ["text"], ["exchange.tags"])], about))
    assert about.exchange.tags == {"Hello": "seen"}


def test_what_is_not_declared_cannot_be_set() -> None:
    about = subject({})
    run = begun([declared(lambda ctx, params: ctx.exchange.tag("a", "b"), ["text"], ["text"])], about)
    passed(run)
    assert about.exchange.tags == {}
    assert "exchange.tags" in only(run).reason


def test_hooks_get_their_parameters_their_state_and_what_the_house_lends() -> None:
    def count(ctx: Any, params: Any) -> None:
        ctx.state["seen"] = ctx.state.get("seen", 0) + params
        ctx.resource(list).append(ctx.state["seen"])
        assert not hasattr(ctx, "respond")

    lent: list[int] = []
    about = subject({})
    about.resources = {list: lent}
    steps = [step(declared(count, ["text"], name="a"), params=1), step(declared(count, ["text"], name="b"), params=10)]
    run = begun(steps, about)
    passed(run)
    assert {result.outcome for result in run.results()} == {"ran"}
    assert max(lent) == 60
    assert 6 in lent
