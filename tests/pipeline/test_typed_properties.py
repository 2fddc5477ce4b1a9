"""Any request of any format: looking at it changes nothing; what is changed arrives, and nothing else with it."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_ai.messages import ModelRequest, TextPart, ToolCallPart, ToolReturnPart, UserPromptPart
from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.pipeline.context import Context
from ccproxy.pipeline.failures import Unfit
from ccproxy.pipeline.places import Steps
from ccproxy.pipeline.values import differences, snapshot
from tests.pipeline.subjects import context, subject
from tests.support.conversations import TELLERS, Conversation, conversations
from tests.support.disorder import FORMATS, bent, documents, to_json
from tests.support.examples import examples

quick = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
formats = st.sampled_from(FORMATS)
NEW = "New words."


def parts(ctx: Context, kind: type) -> Iterable[Any]:
    """All parts of a kind in the conversation."""
    return (part for message in ctx.messages for part in message.parts if isinstance(part, kind))


def say(ctx: Context) -> bool:
    """Changes what the user says first."""
    for part in parts(ctx, UserPromptPart):
        for at, item in enumerate(part.content):
            if isinstance(item, str):
                part.content[at] = NEW
                return True
    return False


def answer(ctx: Context) -> bool:
    """Changes what the model said first."""
    for part in parts(ctx, TextPart):
        part.content = NEW
        return True
    return False


def call(ctx: Context) -> bool:
    """Gives a call other arguments."""
    for part in parts(ctx, ToolCallPart):
        part.args = {"new": NEW}
        return True
    return False


def result(ctx: Context) -> bool:
    """Changes what a call brought."""
    for part in parts(ctx, ToolReturnPart):
        if isinstance(part.content, str):
            part.content = NEW
            return True
    return False


def prompt(ctx: Context) -> bool:
    """Changes the system prompt."""
    ctx.system = NEW
    return True


def limit(ctx: Context) -> bool:
    """Sets a limit."""
    ctx.settings["max_tokens"] = 4321
    return True


def declare(ctx: Context) -> bool:
    """Adds a tool."""
    ctx.tools.append(ToolDefinition(name="new", description=NEW))
    return True


def describe(ctx: Context) -> bool:
    """Changes the description of a tool."""
    for tool in ctx.tools:
        tool.description = NEW
        return True
    return False


def go_on(ctx: Context) -> bool:
    """Adds a message."""
    ctx.messages.append(ModelRequest([UserPromptPart([NEW])]))
    return True


def begin(ctx: Context) -> bool:
    """Puts a message before the others."""
    ctx.messages.insert(0, ModelRequest([UserPromptPart([NEW])]))
    return True


def forget(ctx: Context) -> bool:
    """Takes the first message away."""
    if len(ctx.messages) > 1:
        del ctx.messages[0]
        return True
    return False


CHANGES: list[Callable[[Context], bool]] = [
    say, answer, call, result, prompt, limit, declare, describe, go_on, begin, forget,
]  # fmt: skip


def told(ctx: Context) -> Any:
    """What a call says, in plain values."""
    return (
        [part for message in ctx.messages for part in map(plain, message.parts)],
        [part.content for part in ctx.system],
        [(tool.name, tool.description, tool.parameters_json_schema) for tool in ctx.tools],
        dict(ctx.settings),
    )


def plain(part: Any) -> Any:
    """What a part says."""
    if isinstance(part, ToolCallPart):
        args = part.args if isinstance(part.args, bool | int | float | list) else part.args_as_dict()  # odd, but sent
        return part.tool_name, part.tool_call_id, args
    content = getattr(part, "content", None)
    return type(part).__name__, [content] if isinstance(content, str) else content


@settings(quick, max_examples=200)
@given(formats, conversations(), st.sampled_from(CHANGES))
def test_what_is_changed_arrives(format: WireFormat, talk: Conversation, change: Callable[[Context], bool]) -> None:
    document = TELLERS[format](talk)
    request = subject(document, format=format)
    ctx = context(request)
    applies = change(ctx)
    expected = copy.deepcopy(told(ctx))
    ctx.settle()
    assert request.draft.changed == (applies and bool(ctx.access.wrote))
    assert told(context(request)) == expected
    ctx.undo()
    assert orjson.dumps(request.draft.document()) == request.draft.written_out() == orjson.dumps(document)


ONE_PLACE = {say, answer, call, result, describe}
"""Changes that show in one place of the document."""


@settings(quick, max_examples=examples(200))
@given(formats, conversations(), st.sampled_from(sorted(ONE_PLACE, key=lambda change: change.__name__)))
def test_nothing_else_is_changed(format: WireFormat, talk: Conversation, change: Callable[[Context], bool]) -> None:
    document = TELLERS[format](talk)
    request = subject(document, format=format)
    ctx = context(request)
    change(ctx)
    ctx.settle()
    places = [steps for steps, _ in differences(document, request.draft.document())]
    assert len({around(steps) for steps in places}) <= 1, places


def around(steps: Steps) -> Steps:
    """The place of the arguments, where it is in them."""
    names = ("input", "args", "arguments")
    return next((steps[: at + 1] for at, step in enumerate(steps) if step in names and at > 0), steps)


@settings(quick, max_examples=200)
@given(formats, st.data())
def test_any_json(format: WireFormat, data: st.DataObject) -> None:
    """Whatever comes: it is no model call, or looking at it and putting it together again changes nothing."""
    nearly = conversations().map(TELLERS[format]).flatmap(bent)
    raw = to_json(data.draw(nearly | documents))
    request = subject(raw, format=format)
    ctx = context(request)
    try:
        told(ctx)
    except Unfit:
        assert not request.draft.changed
        return
    ctx.settle()
    assert request.draft.written_out() is raw
    ctx.messages, ctx.tools = copy.copy(ctx.messages), copy.copy(ctx.tools)
    ctx.settings["max_tokens"] = 4321
    with contextlib.suppress(TypeError):  # what is next to it may be nested too deeply to be written
        ctx.settle()
    ctx.undo()
    assert snapshot(request.draft.document()) == snapshot(orjson.loads(raw))
    assert request.draft.written_out() is raw


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_applies_somewhere(change: Callable[[Context], bool]) -> None:
    """So that none of the tests above passes for want of something to change."""
    document = {
        "model": "m",
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": ["b", {"type": "tool_use", "id": "1", "name": "f"}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "c"}]},
        ],
        "tools": [{"name": "f", "input_schema": {}}],
    }  # fmt: skip
    request = subject(document)
    ctx = context(request)
    assert change(ctx)
    ctx.settle()
    assert request.draft.changed
