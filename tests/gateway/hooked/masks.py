"""Response hooks as people write them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ccproxy.lightllm import events as ev
from ccproxy.pipeline.holdback import Holdback
from ccproxy.pipeline.hook import Hook, hook

SECRET = r"sk-[a-z0-9]{4,12}"
LONGEST = 15
MASK = "[key]"


@hook(stage="response", reads=["text"], writes=["text"])
def mask(ctx: Any, params: Any) -> Iterator[ev.Event]:
    """Masks keys in text, also such as are cut in two."""
    event = ctx.event
    if isinstance(event, ev.TextDelta):
        held = ctx.state.setdefault(event.index, Holdback(SECRET, MASK, LONGEST))
        text = held.feed(event.text)
        if text:
            yield ev.TextDelta(event.index, text)
    elif isinstance(event, ev.BlockStop):
        rest = ctx.state.pop(event.index).flush() if event.index in ctx.state else ""
        if rest:
            yield ev.TextDelta(event.index, rest)
        yield event
    elif not isinstance(event, ev.LogprobsDelta):
        yield event


@hook(stage="response", writes=["text"])
async def shout(ctx: Any, params: Any) -> None:
    """Writes text in capitals, and takes its time."""
    await asyncio.sleep(0)
    if isinstance(ctx.event, ev.TextDelta):
        ctx.event.text = ctx.event.text.upper()


@hook(stage="response", reads=["**"], writes=["exchange.tags"])
def count(ctx: Any, params: Any) -> None:
    """Counts events by their names; tells at the end."""
    seen = ctx.state.setdefault("seen", Counter())
    seen[type(ctx.event).__name__] += 1
    if isinstance(ctx.event, ev.TextDelta):
        seen["characters"] += len(ctx.event.text)
    if isinstance(ctx.event, ev.UsageUpdate):
        seen["output"] = max(seen["output"], ctx.event.usage.output or 0)
    if isinstance(ctx.event, ev.ArgumentsDelta):
        ctx.state["arguments"] = ctx.state.get("arguments", "") + ctx.event.json
    if isinstance(ctx.event, ev.End | ev.Error):
        for name, number in seen.items():
            ctx.exchange.tag(name, str(number))
        ctx.exchange.tag("arguments", ctx.state.get("arguments", ""))


@hook(stage="response", reads=["text"])
async def look(ctx: Any, params: Any) -> None:
    """Looks at text, and takes its time."""
    await asyncio.sleep(0)


def failing(writes: list[str], on_error: str, at: str = "llo") -> Hook:
    """A hook that fails at a text."""

    def broken(ctx: Any, params: Any) -> None:
        """Fails."""
        if isinstance(ctx.event, ev.TextDelta) and at in ctx.event.text:
            raise LookupError("no such word")

    return hook(stage="response", reads=["text"], writes=writes, on_error=on_error)(broken)  # type: ignore[arg-type]


@hook(stage="response", writes=["events"])
def nothing(ctx: Any, params: Any) -> None:
    """Declares everything, and does nothing."""
