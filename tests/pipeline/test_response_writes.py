"""What a response hook may do to the events that it hears, and what becomes of it where it may not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from tests.pipeline.answers import ANSWER, Function, begun, declared, only, passed, text_of

NEW = ev.TextDelta(1, "new")


def masked(text: str) -> str:
    return text.replace("Hello", "*****")


def in_place(ctx: Any, params: Any) -> None:
    if isinstance(ctx.event, ev.TextDelta):
        ctx.event.text = masked(ctx.event.text)


def another(ctx: Any, params: Any) -> ev.Event | None:
    return replace(ctx.event, text=masked(ctx.event.text)) if isinstance(ctx.event, ev.TextDelta) else None


def assigned(ctx: Any, params: Any) -> None:
    ctx.event = another(ctx, params) or ctx.event


def several(ctx: Any, params: Any) -> list[ev.Event]:
    event = ctx.event
    if not isinstance(event, ev.TextDelta):
        return [event]
    return [ev.TextDelta(event.index, piece) for piece in masked(event.text)]


def generated(ctx: Any, params: Any) -> Iterator[ev.Event]:
    yield from several(ctx, params)


async def awaited(ctx: Any, params: Any) -> list[ev.Event]:
    return several(ctx, params)


async def in_place_too(ctx: Any, params: Any) -> None:
    in_place(ctx, params)


async def generated_too(ctx: Any, params: Any) -> AsyncIterator[ev.Event]:
    for event in several(ctx, params):
        yield event


@pytest.mark.parametrize("each", [1, 4, 100])
@pytest.mark.parametrize(
    "function", [in_place, another, assigned, several, generated, awaited, in_place_too, generated_too]
)
def test_the_ways_to_change_an_event(function: Function, each: int) -> None:
    run = begun([declared(function, ["text"], ["text"])])
    assert run.rewrites
    left = passed(run, each=each)
    assert text_of(left) == "***** there"
    assert [event for event in left if not isinstance(event, ev.TextDelta)] == [
        event for event in ANSWER if not isinstance(event, ev.TextDelta)
    ]
    assert (only(run).outcome, only(run).reason, only(run).wrote) == ("ran", "", ("text",))


@pytest.mark.parametrize("function", [in_place, another, assigned, several, generated, awaited, generated_too])
def test_who_declares_no_writes_changes_nothing(function: Function) -> None:
    run = begun([declared(function, ["text"])])
    assert not run.rewrites
    assert passed(run) == list(ANSWER)
    assert (only(run).outcome, only(run).wrote) == ("failed", ())
    assert "it writes 'text' but declares to write nothing" in only(run).reason


@pytest.mark.parametrize(
    "function",
    [
        lambda ctx, params: None,
        lambda ctx, params: ctx.event,
        lambda ctx, params: [ctx.event],
        lambda ctx, params: replace(ctx.event),
        lambda ctx, params: iter((ctx.event,)),
    ],
)
def test_what_changes_nothing_needs_no_leave(function: Function) -> None:
    run = begun([declared(function, ["**"])])
    assert passed(run) == list(ANSWER)
    assert (only(run).outcome, only(run).wrote) == ("ran", ())


def dropping(kind: type) -> Function:
    return lambda ctx, params: [] if isinstance(ctx.event, kind) else None


@pytest.mark.parametrize("kind", [ev.UsageUpdate, ev.Ping, ev.Media, ev.Finish])
def test_an_event_can_be_dropped(kind: type) -> None:
    run = begun([declared(dropping(kind), [], ["**"])])
    assert passed(run) == [event for event in ANSWER if not isinstance(event, kind)]
    assert only(run).outcome == "ran"
    run = begun([declared(dropping(kind), ["**"], ["text"])])
    assert passed(run) == list(ANSWER)
    assert only(run).outcome == "failed"


def test_the_end_cannot_be_dropped() -> None:
    run = begun([declared(lambda ctx, params: [], [], ["**"])])
    assert passed(run) == [ev.MessageStart(), ev.End()]
    error = ev.Error(ev.WireError(500, "no"))
    assert passed(begun([declared(lambda ctx, params: [], [], ["**"])]), [error]) == [error]
    run = begun([declared(lambda ctx, params: ev.End(), [], ["**"])])
    assert passed(run, [error]) == [error]


def test_last_words_stand_before_the_end() -> None:
    def sign(ctx: Any, params: Any) -> list[ev.Event] | None:
        words: list[ev.Event] = [ev.TextStart(9), ev.TextDelta(9, "signed"), ev.BlockStop(9)]
        return words if isinstance(ctx.event, ev.End | ev.Error) else None

    words = [ev.TextStart(9), ev.TextDelta(9, "signed"), ev.BlockStop(9)]
    assert passed(begun([declared(sign, [], ["text"])])) == [*ANSWER[:-1], *words, ev.End()]
    error = ev.Error(ev.WireError(500, "no"))
    assert passed(begun([declared(sign, [], ["text"])]), [*ANSWER[:2], error])[2:] == [*words, error]


def test_a_hook_may_end_the_answer_if_it_declares_everything() -> None:
    def cut(ctx: Any, params: Any) -> list[ev.Event] | None:
        if isinstance(ctx.event, ev.TextDelta) and "there" in ctx.event.text:
            return [ev.Finish(ev.StopReason.FILTER), ev.End()]
        return None

    run = begun([declared(cut, [], ["events"]), declared(lambda ctx, params: None, ["**"])])
    left = passed(run)
    assert left == [*ANSWER[:6], ev.Finish(ev.StopReason.FILTER), ev.BlockStop(1), ev.End()]
    run = begun([declared(cut, [], ["text", "finish"])])
    assert passed(run) == list(ANSWER)
    assert "it writes 'events'" in only(run).reason


def test_an_end_can_become_an_error() -> None:
    def refuse(ctx: Any, params: Any) -> ev.Event | None:
        return ev.Error(ev.WireError(400, "against the rules")) if isinstance(ctx.event, ev.End) else None

    assert passed(begun([declared(refuse, [], ["**"])])) == [
        *ANSWER[:-1],
        ev.Error(ev.WireError(400, "against the rules")),
    ]
    run = begun([declared(refuse, [], ["text"])])
    assert passed(run) == list(ANSWER)
    assert only(run).outcome == "failed"


def test_hooks_see_what_those_before_them_left() -> None:
    seen: list[ev.Event] = []
    hooks = [
        declared(in_place, [], ["text"]),
        declared(dropping(ev.Media), [], ["media"]),
        declared(lambda ctx, params: seen.append(ctx.event), ["**"]),
    ]
    run = begun(hooks)
    left = passed(run, each=3)
    assert seen == left
    assert text_of(seen) == "***** there"
    assert not any(isinstance(event, ev.Media) for event in left)
    assert [result.wrote for result in run.results()] == [("text",), ("media",), ()]


def test_an_event_that_a_hook_keeps_is_its_own() -> None:
    """What it does later to one that has gone on has no effect."""

    def late(ctx: Any, params: Any) -> None:
        for event in ctx.state.setdefault("kept", []):
            if isinstance(event, ev.TextDelta):
                event.text = "changed"
        ctx.state["kept"].append(ctx.event)

    run = begun([declared(late, ["text"])])
    assert passed(run, each=100) == list(ANSWER)
    assert only(run).outcome == "ran"


@pytest.mark.parametrize(
    ("change", "family"),
    [
        (lambda event: event.usage.update(ev.Usage(output=99)), ev.UsageUpdate),
        (lambda event: event.input.update(query="else"), ev.ServerToolCall),
        (lambda event: event.input["deep"].append(1), ev.ServerToolCall),
        (lambda event: setattr(event.citation, "title", "B"), ev.CitationDelta),
    ],
)
def test_a_change_deep_in_an_event_is_a_change(change: Any, family: type) -> None:
    events = [*ANSWER[:-1], ev.ServerToolCall("srv_2", "x", {"deep": []}), ev.End()]
    before = repr(events)

    def touch(ctx: Any, params: Any) -> None:
        if isinstance(ctx.event, family) and (family is not ev.ServerToolCall or "deep" in ctx.event.input):
            change(ctx.event)

    watching = begun([declared(touch, ["**"])])
    assert repr(passed(watching, events)) == before
    assert only(watching).outcome == "failed"
    writing = begun([declared(touch, [], ["**"])])
    assert repr(passed(writing, events)) != before
    assert only(writing).outcome == "ran"
    assert repr(events) == before


def test_the_providers_own_wording_goes_with_what_a_hook_changes() -> None:
    """Writers of the provider's format would write it, and the change were lost."""
    raw = {"type": "text", "secret": "s"}
    origin = WireFormat.ANTHROPIC
    events: list[ev.Event] = [
        ev.MessageStart(),
        ev.ServerToolCall("srv_1", "f", {"q": "s"}, raw, origin),
        ev.ServerToolResult("srv_1", "f", "s", [ev.Citation(title="s", raw=raw)], raw=raw, origin=origin),
        ev.TextStart(0), ev.TextDelta(0, "s"), ev.CitationDelta(0, ev.Citation(title="s", raw=raw)), ev.BlockStop(0),
        ev.End(),
    ]  # fmt: skip

    def mask(ctx: Any, params: Any) -> None:
        match ctx.event:
            case ev.ServerToolCall():
                ctx.event.input = {"q": "*"}
            case ev.ServerToolResult():
                ctx.event = replace(
                    ctx.event, output="*", sources=[replace(one, title="*") for one in ctx.event.sources]
                )
            case ev.CitationDelta():
                ctx.event.citation.title = "*"

    left = passed(begun([declared(mask, [], ["**"])]), events)
    assert "secret" not in repr(left)
    assert "title='s'" not in repr(left)
    assert "secret" in repr(passed(begun([declared(lambda ctx, params: None, [], ["**"])]), events))


BAD: list[Any] = [
    "text", b"text", {"a": 1}, 5, object(), [5], ["text"], [None], [[ev.End()]], ev.Usage(),
    ev.TextDelta(1, None), ev.TextDelta(1, b"x"), ev.TextDelta("1", "x"), ev.TextDelta(True, "x"),  # type: ignore[arg-type]
    ev.TextDelta(1, "half \ud83d"), ev.TextDelta(2**70, "x"),
    ev.ToolCallStart(7, "", "f"), ev.ToolCallStart(7, "c", ""),
    ev.UsageUpdate(None), ev.UsageUpdate(ev.Usage(input="many")), ev.Finish("stop"),  # type: ignore[arg-type]
    ev.ServerToolCall("a", "f", {"a": object()}), ev.ServerToolCall("a", "f", []),  # type: ignore[arg-type]
    ev.LogprobsDelta(1, [1]),  # type: ignore[list-item]
    ev.CitationDelta(1, ev.Citation(kind="book")), ev.Signature(0, "sig"),  # type: ignore[arg-type]
    ev.Error(ev.WireError("500", "no")), ev.Redacted(ev.Opaque("anthropic", 5)),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=[type(bad).__name__ for bad in BAD])
def test_what_is_no_event_fails_the_hook_and_changes_nothing(bad: Any) -> None:
    run = begun([declared(lambda ctx, params: bad if ctx.event == ANSWER[5] else None, [], ["**"])])
    assert passed(run) == list(ANSWER)
    assert only(run).outcome == "failed"


def test_blocks_that_a_hook_makes_are_of_their_family() -> None:
    def note(ctx: Any, params: Any) -> list[ev.Event] | None:
        block: list[ev.Event] = [ev.TextStart(50), ev.TextDelta(50, "note"), ev.BlockStop(50)]
        return [*block, ctx.event] if isinstance(ctx.event, ev.ToolCallStart) else None

    run = begun([declared(note, ["tool_calls"], ["text"])])
    assert text_of(passed(run)) == "Hello therenote"
    assert (only(run).outcome, only(run).wrote) == ("ran", ("text",))
    run = begun([declared(note, ["text"], ["tool_calls"])])
    assert passed(run) == list(ANSWER)
    assert only(run).outcome == "failed"


def test_a_block_stop_made_anew_is_the_same() -> None:
    def flush(ctx: Any, params: Any) -> Iterator[ev.Event]:
        if isinstance(ctx.event, ev.BlockStop):
            yield ev.TextDelta(ctx.event.index, "!")
            yield ev.BlockStop(ctx.event.index)
        else:
            yield ctx.event

    run = begun([declared(flush, [], ["text"])])
    assert text_of(passed(run)) == "Hello there!"
    assert (only(run).outcome, only(run).wrote) == ("ran", ("text",))
