"""Hooks at work: who runs, who does not, what is noted, and that nothing of a failed hook stays."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any

import pytest

from ccproxy.exchange import HookResult
from ccproxy.pipeline.context import Context
from ccproxy.pipeline.dag import arrange
from ccproxy.pipeline.draft import NotJson
from ccproxy.pipeline.executor import run_stage
from ccproxy.pipeline.failures import HookFailed
from ccproxy.pipeline.hook import Hook, Step, hook
from ccproxy.pipeline.native import Wrote, native_hook
from ccproxy.pipeline.overrides import Override
from ccproxy.pipeline.subject import Subject
from tests.pipeline.subjects import subject

BODY = {"model": "m", "max_tokens": 9, "metadata": {"user_id": "u"}, "messages": []}
NOBODY = frozenset[str]()


def steps(*hooks: Hook) -> list[Step]:
    return [Step(one, "inbound", on_error=one.on_error, overridable=one.overridable) for one in hooks]


def run(given: Subject, *hooks: Hook, override: Override | None = None, patience: float = 5.0) -> list[HookResult]:
    asyncio.run(run_stage(arrange(steps(*hooks)), given, patience, override))
    return given.exchange.hooks


@hook(stage="inbound", reads=["max_tokens"], writes=["max_tokens"])
def cap(ctx: Context, params: Any) -> None:
    ctx.body.assign("max_tokens", min(ctx.body.get("max_tokens"), 5))


@hook(stage="inbound", writes=["headers.x-team"])
def sign(ctx: Context, params: Any) -> None:
    ctx.headers.set("x-team", "blue")


@hook(stage="inbound", writes=["max_tokens", "headers.x-team", "exchange.session", "exchange.tags"])
def breaks(ctx: Context, params: Any) -> None:
    ctx.body.assign("max_tokens", 1)
    ctx.headers.set("x-team", "red")
    ctx.exchange.session = "s"
    ctx.exchange.tag("project", "p")
    ctx.respond(200, "never")
    raise RuntimeError("no luck")


@hook(stage="inbound", writes=["max_tokens"], on_error="fail")
def must(ctx: Context, params: Any) -> None:
    ctx.body.assign("max_tokens", 1)
    raise RuntimeError("no way")


def test_what_hooks_do_is_done_and_noted() -> None:
    given = subject(BODY, [(b"X-Team", b"green"), (b"A", b"1")])
    results = run(given, cap, sign)
    assert given.draft.document() == BODY | {"max_tokens": 5}
    assert given.headers == [(b"X-Team", b"blue"), (b"A", b"1")]
    assert given.exchange.request.headers == [(b"X-Team", b"green"), (b"A", b"1")]
    told = [(one.name, one.stage, one.outcome, one.reason, one.wrote) for one in results]
    assert told == [
        ("cap", "inbound", "ran", "", ("max_tokens",)),
        ("sign", "inbound", "ran", "", ("headers.x-team",)),
    ]
    assert all(one.seconds > 0 for one in results)


def test_a_failing_hook_leaves_no_trace_but_its_result() -> None:
    given = subject(BODY, [(b"X-Team", b"green")])
    before = given.draft.raw
    results = run(given, breaks, sign)
    assert given.draft.document() == BODY
    assert given.draft.written_out() is before
    assert given.headers == [(b"X-Team", b"blue")]
    assert (given.exchange.session, given.exchange.tags, given.answer) == (None, {}, None)
    assert [(one.outcome, one.reason, one.wrote) for one in results] == [
        ("failed", "no luck", ()),
        ("ran", "", ("headers.x-team",)),
    ]


def test_a_hook_that_may_not_fail_stops_the_request() -> None:
    given = subject(BODY)
    with pytest.raises(HookFailed, match="hook must failed: no way") as caught:
        run(given, must, cap)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert [one.name for one in given.exchange.hooks] == ["must"]
    assert given.draft.document() == BODY


def test_guards_are_asked_first_and_a_client_can_go_round_them() -> None:
    @hook(stage="inbound", reads=["metadata"], guard=lambda ctx: ctx.body.has("metadata.none"))
    def shy(ctx: Context, params: Any) -> None:
        ran.append(1)

    ran: list[int] = []
    assert [(one.outcome, one.reason) for one in run(subject(BODY), shy)] == [("skipped", "guard")]
    assert not ran
    run(subject(BODY), shy, override=Override(frozenset({"shy"}), NOBODY))
    assert ran == [1]
    results = run(subject(BODY), shy, cap, override=Override(NOBODY, frozenset({"shy", "cap"})))
    assert [(one.outcome, one.reason) for one in results] == [("skipped", "override")] * 2
    assert ran == [1]


def test_a_hook_that_would_end_the_program_has_failed() -> None:
    @hook(stage="inbound", writes=["max_tokens"])
    def leaves(ctx: Context, params: Any) -> None:
        ctx.body.assign("max_tokens", 1)
        sys.exit("bye")

    @hook(stage="inbound", writes=["max_tokens"])
    async def leaves_later(ctx: Context, params: Any) -> None:
        await asyncio.sleep(0)
        sys.exit(3)

    given = subject(BODY)
    results = run(given, leaves, leaves_later)
    assert [(one.outcome, one.reason) for one in results] == [("failed", "bye"), ("failed", "3")]
    assert given.draft.document() == BODY


def test_a_guard_that_declines_leaves_nothing() -> None:
    def meddles(ctx: Context) -> bool:
        ctx.body.assign("max_tokens", 1)
        ctx.body.get("metadata")["user_id"] = "other"
        ctx.respond(200, "no")
        return False

    @hook(stage="inbound", reads=["metadata"], writes=["max_tokens", "metadata"], guard=meddles)
    def never(ctx: Context, params: Any) -> None:
        raise AssertionError

    given = subject(BODY)
    assert [(one.outcome, one.reason, one.wrote) for one in run(given, never)] == [("skipped", "guard", ())]
    assert given.draft.document() == BODY
    assert given.draft.written_out() is given.draft.raw
    assert given.answer is None


def test_a_guard_that_fails_is_a_hook_that_fails() -> None:
    @hook(stage="inbound", guard=lambda ctx: bool(1 / 0), on_error="fail")
    def odd(ctx: Context, params: Any) -> None:
        raise AssertionError

    with pytest.raises(HookFailed, match="division by zero"):
        run(subject(BODY), odd)


@pytest.mark.parametrize("body", [b"", b"not json", b'{"a":', b"\xff\xfe"])
def test_hooks_for_json_pass_over_what_is_none(body: bytes) -> None:
    given = subject(body)
    results = run(given, cap, sign)
    assert [(one.outcome, one.wrote) for one in results] == [("skipped", ()), ("ran", ("headers.x-team",))]
    assert "not valid JSON" in results[0].reason
    assert given.draft.written_out() is given.draft.raw
    with pytest.raises(NotJson):
        given.draft.document()


def test_what_is_not_declared_is_not_written() -> None:
    @hook(stage="inbound", reads=["messages"], writes=["max_tokens"])
    def greedy(ctx: Context, params: Any) -> None:
        ctx.body.assign("max_tokens", 1)
        ctx.body.assign("model", "other")

    @hook(stage="inbound", reads=["metadata"])
    def sly(ctx: Context, params: Any) -> None:
        ctx.body.get("metadata")["user_id"] = "another"

    given = subject(BODY)
    results = run(given, greedy, sly)
    assert [one.outcome for one in results] == ["failed", "failed"]
    assert "'model'" in results[0].reason
    assert "writes=[" in results[0].reason
    assert given.draft.document() == BODY
    assert given.draft.written_out() is given.draft.raw


def test_an_answer_ends_the_stage() -> None:
    @hook(stage="inbound", writes=["max_tokens"])
    def answers(ctx: Context, params: Any) -> None:
        ctx.respond(200, "enough")

    given = subject(BODY)
    results = run(given, answers, cap, sign)
    assert given.answer is not None
    assert (given.answer.status, given.answer.text, given.answer.by) == (200, "enough", "answers")
    assert [(one.name, one.outcome, one.reason) for one in results] == [
        ("answers", "ran", ""),
        ("sign", "skipped", "answered by answers"),
        ("cap", "skipped", "answered by answers"),
    ]
    assert given.draft.document() == BODY


def test_async_hooks_of_one_level_wait_together_and_the_next_level_waits_for_them() -> None:
    async def main() -> None:
        met = asyncio.Barrier(2)
        log: list[str] = []

        def waiter(name: str) -> Hook:
            async def wait(ctx: Context, params: Any) -> None:
                async with asyncio.timeout(5):
                    await met.wait()  # never passes if the two run one after the other
                log.append(name)
                ctx.body.assign(f"metadata.{name}", True)

            wait.__name__ = name
            return hook(stage="inbound", writes=[f"metadata.{name}"])(wait)

        @hook(stage="inbound", reads=["metadata"])
        def last(ctx: Context, params: Any) -> None:
            log.append("last")
            assert ctx.body.get("metadata") == {"user_id": "u", "one": True, "two": True}

        given = subject(BODY)
        await run_stage(arrange(steps(last, waiter("one"), waiter("two"))), given, 5.0)
        assert [one.outcome for one in given.exchange.hooks] == ["ran"] * 3
        assert log[-1] == "last"

    asyncio.run(main())


def test_of_two_at_once_the_failed_one_is_undone_and_the_other_stays() -> None:
    async def main() -> None:
        met = asyncio.Barrier(2)

        @hook(stage="inbound", writes=["metadata.good", "headers.x-good"])
        async def good(ctx: Context, params: Any) -> None:
            ctx.body.assign("metadata.good", 1)
            ctx.headers.add("x-good", "1")
            await met.wait()

        @hook(stage="inbound", writes=["metadata.bad", "headers.x-bad"])
        async def bad(ctx: Context, params: Any) -> None:
            ctx.body.assign("metadata.bad", 1)
            ctx.headers.add("x-bad", "1")
            await met.wait()
            raise ValueError("bad")

        given = subject(BODY, [(b"a", b"1")])
        await run_stage(arrange(steps(good, bad)), given, 5.0)
        assert given.draft.document()["metadata"] == {"user_id": "u", "good": 1}
        assert given.headers == [(b"a", b"1"), (b"x-good", b"1")]

    asyncio.run(main())


def test_a_hook_that_hangs_has_failed() -> None:
    @hook(stage="inbound", writes=["max_tokens"])
    async def hangs(ctx: Context, params: Any) -> None:
        ctx.body.assign("max_tokens", 1)
        await asyncio.get_running_loop().create_future()

    given = subject(BODY)
    results = run(given, hangs, cap, patience=0.01)
    assert (results[0].outcome, results[0].reason) == ("failed", "it took longer than 0.01 s")
    assert given.draft.document() == BODY | {"max_tokens": 5}


def test_a_plain_function_may_return_what_is_to_be_waited_for() -> None:
    @hook(stage="inbound", writes=["exchange.session"])
    def sometimes(ctx: Context, params: Any) -> Awaitable[None]:
        async def rest() -> None:
            await asyncio.sleep(0)
            ctx.exchange.session = "late"

        return rest()

    given = subject(BODY)
    assert run(given, sometimes)[0].wrote == ("exchange.session",)
    assert given.exchange.session == "late"


def test_a_request_that_goes_away_takes_its_hooks_with_it() -> None:
    async def main() -> None:
        begun = asyncio.Event()

        @hook(stage="inbound")
        async def long(ctx: Context, params: Any) -> None:
            begun.set()
            await asyncio.get_running_loop().create_future()

        task = asyncio.create_task(run_stage(arrange(steps(long)), subject(BODY), 60.0))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_reads_that_are_not_declared_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    @hook(stage="inbound", reads=["metadata"])
    def curious(ctx: Context, params: Any) -> None:
        ctx.body.get("metadata.user_id")
        ctx.body.get("model")

    (one,) = steps(curious)
    for _ in range(3):
        asyncio.run(run_stage(arrange([one]), subject(BODY), 5.0))
    assert one.undeclared == ["model"]
    assert sum("'model'" in record.message for record in caplog.records) == 1


def test_hooks_of_the_house_run_once_beside_one_that_waits() -> None:
    """A credential that has to be fetched does not have its neighbours begin anew."""
    runs: list[str] = []

    @native_hook("inbound", reads=[], writes=["headers.x-a"], guard=lambda subject: not runs)
    def first(subject: Subject) -> tuple[str, ...]:
        runs.append("first")
        return ("headers.x-a",)

    @native_hook("inbound", reads=[], writes=["exchange.session"], guard=lambda subject: True)
    def fetches(subject: Subject) -> Wrote:
        async def later() -> tuple[str, ...]:
            await asyncio.sleep(0)
            runs.append("fetched")
            return ("exchange.session",)

        return later()

    results = run(subject(BODY), first, fetches, sign)
    assert runs == ["first", "fetched"]
    assert [(one.name, one.outcome, one.wrote) for one in results] == [
        ("first", "ran", ("headers.x-a",)),
        ("fetches", "ran", ("exchange.session",)),
        ("sign", "ran", ("headers.x-team",)),
    ]
