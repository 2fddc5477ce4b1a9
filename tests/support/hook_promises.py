"""What ccproxy promises of hooks, whatever they are given to work on: as assertions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import combinations_with_replacement, permutations
from typing import Any

import orjson
from pydantic_ai.messages import ModelRequest, SystemPromptPart, TextPart, UserPromptPart

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.pipeline.context import Context
from ccproxy.pipeline.dag import Cycle
from ccproxy.pipeline.draft import Draft
from ccproxy.pipeline.failures import InvalidOverride, Unfit
from ccproxy.pipeline.hook import Step
from ccproxy.pipeline.overrides import parse_override
from ccproxy.pipeline.paths import Path, covers, overlap, parse
from ccproxy.pipeline.pipeline import build_pipeline
from ccproxy.pipeline.values import snapshot
from tests.pipeline.declared import step
from tests.pipeline.subjects import context, subject

GUARDIAN = Step(step("guardian").hook, "inbound", overridable=False)
KNOWN = [step("redact"), step("house_rules"), step("looks"), GUARDIAN]
MOST_PATHS = 5


def check_override(value: str) -> None:
    """What a client says about hooks is understood, or refused with a reason."""
    try:
        said = parse_override(value, KNOWN, ["absent"])
    except InvalidOverride:
        return
    assert not said.unguarded & said.without
    assert said.unguarded <= {one.name for one in KNOWN if one.overridable}
    assert said.without <= {one.name for one in KNOWN if one.overridable} | {"absent"}


def check_paths(texts: list[str]) -> list[Path]:
    """Paths are read, or refused with a reason; what one is to another is the same from both sides."""
    paths = []
    for text in texts[:MOST_PATHS]:
        with suppress(ValueError):
            paths.append(parse(text))
    for one, other in combinations_with_replacement(paths, 2):
        assert overlap(one, other) == overlap(other, one)
    for one, other in permutations(paths, 2):
        assert not covers(one, other) or overlap(one, other)
    for path in paths:
        assert overlap(path, path)
        assert covers(path, path)
    return paths


def check_order(paths: list[Path]) -> None:
    """Hooks that declare so have an order, or a circle that can be told."""
    texts = [path.text for path in paths]
    steps = [step(f"hook_{at}", texts[at:], texts[: at + 1]) for at in range(len(texts))]
    try:
        levels = build_pipeline(steps).graphs["inbound"].levels
    except Cycle:
        return
    assert sorted(one.name for level in levels for one in level) == [one.name for one in steps]


def check_body(format: WireFormat, raw: bytes, path: str, value: Any) -> None:
    """Each thing that can be done to a body by a path is done, or refused; undone, nothing of it is left."""
    for do in DEEDS:
        work = subject(raw, format=format)
        ctx = context(work)
        with suppress(*REFUSALS):
            do(ctx, path, value)
            ctx.settle()
            if work.draft.changed:
                assert same(orjson.loads(work.draft.written_out()), work.draft.document())
        check_undone(ctx, work.draft, raw)


def check_typed(format: WireFormat, raw: bytes, text: str) -> None:
    """To look at a model call changes nothing; what is changed can be undone."""
    for do in LOOKS:
        work = subject(raw, format=format)
        ctx = context(work)
        with suppress(Unfit):
            do(ctx)
        ctx.settle()
        assert not work.draft.changed
        assert not ctx.access.wrote
        assert work.draft.written_out() is raw
        check_undone(ctx, work.draft, raw)
    for write in WRITES:
        work = subject(raw, format=format)
        ctx = context(work)
        with suppress(*REFUSALS):
            write(ctx, text)
            ctx.settle()
        check_undone(ctx, work.draft, raw)


def check_fields(name: str, value: str) -> None:
    """A header field is set, or refused; undone, the others are as they were, in their order."""
    work = subject({}, headers=[(b"A", b"1"), (name.encode("latin-1", "replace"), b"2"), (b"B", b"3")])
    before, ctx = list(work.headers), context(work, writes=["headers.*"])
    for do in (ctx.headers.set, ctx.headers.add):
        with suppress(ValueError):
            do(name, value)
            sent = work.headers
            assert not any(set(b"\r\n\0") & {*field, *content} for field, content in sent if content != b"2")
            assert value in ctx.headers.get_all(name)
    with suppress(ValueError):
        ctx.headers.delete(name)
    ctx.undo()
    assert work.headers == before


def check_undone(ctx: Context, draft: Draft, raw: bytes) -> None:
    """The request is as it was before the hook."""
    ctx.undo()
    assert not draft.changed
    assert draft.written_out() is raw
    with suppress(Unfit):
        assert same(draft.document(), orjson.loads(raw))


def _read(ctx: Context, path: str, value: Any) -> None:
    found = ctx.body.get(path)
    assert ctx.body.has(path) or found is None or found == []


def _change_in_place(ctx: Context, path: str, value: Any) -> None:
    found = ctx.body.get(path)
    if isinstance(found, dict):
        found["new"] = value
    elif isinstance(found, list):
        found.append(value)


def _delete(ctx: Context, path: str, value: Any) -> None:
    ctx.body.delete(path)


def _rewrite(ctx: Context, path: str, value: Any) -> None:
    ctx.body.rewrite(path, lambda text: text[::-1])


def _all(ctx: Context, path: str, value: Any) -> None:
    for do in (_rewrite, _change_in_place, _assign, _delete, _change_in_place):
        with suppress(KeyError, ValueError):
            do(ctx, path, value)


def _assign(ctx: Context, path: str, value: Any) -> None:
    ctx.body.assign(path, value)


DEEDS = (_read, _change_in_place, _assign, _delete, _rewrite, _all)
REFUSALS = (Unfit, InvalidCall, KeyError, ValueError, TypeError)
"""What tells a hook that it cannot be done. TypeError: what JSON has not, or is too deep."""


def _prompt(ctx: Context, text: str) -> None:
    ctx.system.insert(0, SystemPromptPart(text))


def _message(ctx: Context, text: str) -> None:
    ctx.messages.append(ModelRequest([UserPromptPart(text)]))


def _words(ctx: Context, text: str) -> None:
    for message in ctx.messages:
        for part in message.parts:
            if isinstance(part, UserPromptPart | TextPart):
                part.content = text


def _rest(ctx: Context, text: str) -> None:
    ctx.tools = ctx.tools[1:]
    ctx.settings["max_tokens"] = len(text)
    ctx.messages = ctx.messages[::-1]


LOOKS: tuple[Callable[[Context], object], ...] = (
    lambda ctx: (ctx.messages, ctx.system, ctx.tools, ctx.settings),
    lambda ctx: ctx.settings,
)
WRITES = (_prompt, _message, _words, _rest)


def same(one: Any, other: Any) -> bool:
    """True for values that are the same JSON, in the same order: 1 is not 1.0."""
    return snapshot(one) == snapshot(other)
