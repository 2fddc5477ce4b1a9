"""Response hooks on answers that are made by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ccproxy.exchange import HookResult
from ccproxy.lightllm import events as ev
from ccproxy.pipeline.hook import Hook, OnError, Step, hook
from ccproxy.pipeline.overrides import Override
from ccproxy.pipeline.response import ResponseRun
from ccproxy.pipeline.subject import Subject
from tests.pipeline.subjects import subject

SOURCE = ev.Citation(url="https://a.example", title="A", raw={"type": "x"})
ANSWER: tuple[ev.Event, ...] = (
    ev.MessageStart("msg_1", "m-1"),
    ev.ThinkingStart(0), ev.ThinkingDelta(0, "hm"), ev.BlockStop(0),
    ev.TextStart(1), ev.TextDelta(1, "Hello"), ev.TextDelta(1, " there"), ev.CitationDelta(1, SOURCE), ev.BlockStop(1),
    ev.ToolCallStart(2, "call_1", "look"), ev.ArgumentsDelta(2, "{}"), ev.BlockStop(2),
    ev.ServerToolCall("srv_1", "web_search", {"query": "q"}), ev.ServerToolResult("srv_1", "web_search", "found"),
    ev.Media("image/png", "aWs="), ev.Ping(),
    ev.RefusalStart(3), ev.RefusalDelta(3, "no"), ev.BlockStop(3),
    ev.UsageUpdate(ev.Usage(11, 5)), ev.Finish(ev.StopReason.TOOL_CALL), ev.End(),
)  # fmt: skip
"""One of nearly everything."""

type Function = Callable[[Any, Any], Any]


def declared(
    function: Function, reads: Sequence[str] = (), writes: Sequence[str] = (), name: str = "", **more: Any
) -> Hook:
    """A response hook of a function."""
    made = hook(stage="response", reads=reads, writes=writes, **more)(function)
    return made if not name else Hook(**{field: getattr(made, field) for field in Hook.__slots__} | {"name": name})


def step(made: Hook, on_error: OnError | None = None, params: Any = None) -> Step:
    """A hook in its place."""
    return Step(made, "response", params, on_error or made.on_error, made.overridable, "hooks.response[0]")


def begun(
    hooks: Iterable[Hook | Step], about: Subject | None = None, override: Override | None = None, timeout: float = 30.0
) -> ResponseRun:
    """A run whose guards have been asked."""
    steps = [step(each) if isinstance(each, Hook) else each for each in hooks]
    run = ResponseRun(steps, about or subject({}), timeout, override)
    run.begin()
    return run


def passed(run: ResponseRun, events: Iterable[ev.Event] = ANSWER, each: int = 1) -> list[ev.Event]:
    """What is left of events that come so many at a time."""

    async def main() -> list[ev.Event]:
        left, coming = [], list(events)
        for at in range(0, len(coming), each):
            left += await run.through(coming[at : at + each])
        return left

    return asyncio.run(main())


def heard(reads: Sequence[str] = (), writes: Sequence[str] = (), events: Iterable[ev.Event] = ANSWER) -> list[ev.Event]:
    """The events that a hook with these declarations is called for."""
    got: list[ev.Event] = []
    passed(begun([declared(lambda ctx, params: got.append(ctx.event), reads, writes)]), events)
    return got


def only(run: ResponseRun) -> HookResult:
    """What became of the one hook."""
    (result,) = run.results()
    return result


def text_of(events: Iterable[ev.Event]) -> str:
    """The text in an answer."""
    return "".join(event.text for event in events if isinstance(event, ev.TextDelta))
