"""What a hook sees of a request as a whole: what it may do, and that all of it can be taken back."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_ai.messages import ModelRequest, UserPromptPart

from ccproxy.pipeline.context import Context
from ccproxy.pipeline.failures import Undeclared
from ccproxy.pipeline.hook import Hook, Stage, Step
from ccproxy.pipeline.paths import parse
from ccproxy.pipeline.subject import LocalAnswer, Subject
from tests.pipeline.declared import nothing
from tests.pipeline.subjects import HEADERS, context, subject

DOCUMENT: dict[str, Any] = {
    "model": "m-1",
    "max_tokens": 5,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Hello"}],
    "metadata": {"user_id": "u"},
}
EVERYTHING = ("**", "headers.*", "exchange.*")


def everything(given: Subject) -> Context:
    return context(given, EVERYTHING, EVERYTHING)


def in_stage(given: Subject, stage: Stage, writes: tuple[str, ...] = EVERYTHING) -> Context:
    """A hook of another stage."""
    paths = tuple(map(parse, writes))
    return Context(given, Step(Hook("hook", nothing, (stage,), paths, paths), stage))


def test_all_that_is_known_of_an_exchange() -> None:
    given = subject(DOCUMENT)
    given.provider, given.exchange.session, given.exchange.jail = "anthropic", "s", "box"
    given.exchange.client, given.exchange.tags["a"] = ("127.0.0.1", 9), "b"
    facts = everything(given).exchange
    assert (facts.id, facts.method, facts.path) == (given.exchange.id, "POST", "/v1/messages")
    assert (facts.format, facts.client, facts.front) == ("anthropic", ("127.0.0.1", 9), "reverse")
    assert (facts.jail, facts.stage, facts.provider, facts.model) == ("box", "inbound", "anthropic", "m-1")
    assert (facts.session, facts.conversation, facts.system_hash) == ("s", None, None)
    assert facts.tags == {"a": "b"}
    facts.tags["c"] = "d"
    assert given.exchange.tags == {"a": "b"}


def test_facts_that_there_are_not() -> None:
    facts = everything(subject(DOCUMENT)).exchange
    with pytest.raises(AttributeError, match="known are id, "):
        _ = facts.request
    for name in ("id", "path", "tags", "jail", "request"):
        with pytest.raises(AttributeError, match="cannot set"):
            setattr(facts, name, "x")


def test_facts_are_declared(caplog: pytest.LogCaptureFixture) -> None:
    given = subject(DOCUMENT)
    ctx = context(given, ["exchange.session"], ["exchange.provider"])
    _ = ctx.exchange.id, ctx.exchange.session, ctx.exchange.provider, ctx.exchange.path
    assert ctx.access.step.undeclared == []
    _ = ctx.exchange.model
    assert ctx.access.step.undeclared == ["exchange.model"]
    ctx.exchange.provider = "other"
    for name in ("session", "model", "conversation"):
        with pytest.raises(Undeclared, match=rf"exchange\.{name}"):
            setattr(ctx.exchange, name, "x")
    with pytest.raises(Undeclared, match=r"exchange\.tags"):
        ctx.exchange.tag("a", "b")
    assert (given.exchange.session, given.exchange.model, given.exchange.tags) == (None, None, {})


def test_facts_that_are_set() -> None:
    given = subject(DOCUMENT)
    given.provider = "anthropic"
    given.exchange.session = "before"
    ctx = everything(given)
    facts = ctx.exchange
    facts.provider, facts.model, facts.session = "other", "m-2", None
    facts.conversation, facts.system_hash = "c", "h"
    facts.tag("a", "b")
    facts.tag("a", "c")
    assert (facts.provider, given.provider, given.chosen) == ("other", "anthropic", "other")
    assert (facts.model, facts.session, facts.conversation, facts.system_hash) == ("m-2", None, "c", "h")
    assert facts.tags == {"a": "c"}
    assert list(ctx.access.wrote) == [
        *("exchange.provider", "exchange.model", "exchange.session", "exchange.conversation", "exchange.system_hash"),
        "exchange.tags",
    ]
    ctx.undo()
    assert (given.chosen, given.exchange.model, given.exchange.session) == (None, None, "before")
    assert (given.exchange.conversation, given.exchange.system_hash, given.exchange.tags) == (None, None, {})


@pytest.mark.parametrize(
    ("name", "value", "stage", "allowed"),
    [
        ("provider", "p", "inbound", True),
        ("provider", "p", "outbound", False),
        ("model", "m", "response", False),
        ("credential", [(b"authorization", b"Bearer x")], "outbound", True),
        ("credential", [(b"authorization", b"Bearer x")], "inbound", False),
        ("session", "s", "response", True),
    ],
)
def test_what_is_set_in_which_stage(name: str, value: Any, stage: Stage, allowed: bool) -> None:
    ctx = in_stage(subject(DOCUMENT), stage)
    if allowed:
        setattr(ctx.exchange, name, value)
        return
    with pytest.raises(AttributeError, match=f"not in {stage}"):
        setattr(ctx.exchange, name, value)


@pytest.mark.parametrize(("name", "value"), [("provider", 3), ("session", b"s"), ("model", ["m"])])
def test_facts_of_another_type(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=name):
        setattr(everything(subject(DOCUMENT)).exchange, name, value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"text": "No."}, LocalAnswer(403, "No.", None, [], "hook")),
        ({"body": b"\x00"}, LocalAnswer(403, None, b"\x00", [], "hook")),
        ({"body": "é"}, LocalAnswer(403, None, "é".encode(), [], "hook")),
        ({"body": {"a": 1}}, LocalAnswer(403, None, b'{"a":1}', [(b"Content-Type", b"application/json")], "hook")),
        ({"body": [], "headers": {"X": "y"}},
         LocalAnswer(403, None, b"[]", [(b"Content-Type", b"application/json"), (b"X", b"y")], "hook")),
        ({}, LocalAnswer(403, None, None, [], "hook")),
    ],
)  # fmt: skip
def test_answers(given: dict[str, Any], expected: LocalAnswer) -> None:
    request = subject(DOCUMENT)
    ctx = context(request, [], [])
    ctx.respond(403, **given)
    assert request.answer == expected
    ctx.undo()
    assert request.answer is None


@pytest.mark.parametrize("status", [100, 199, 600, 0, -1])
def test_statuses_that_no_answer_has(status: int) -> None:
    request = subject(DOCUMENT)
    with pytest.raises(ValueError, match=str(status)):
        context(request).respond(status)
    with pytest.raises(ValueError, match="not both"):
        context(request).respond(200, "text", body="body")
    assert request.answer is None


@pytest.mark.parametrize(("name", "value"), [("a b", "c"), ("a", "b\r\nc: d"), ("a", "\u20ac")])
def test_header_fields_that_no_answer_has(name: str, value: str) -> None:
    request = subject(DOCUMENT)
    with pytest.raises(ValueError, match="header field"):
        context(request).respond(200, headers={name: value})
    assert request.answer is None


@pytest.mark.parametrize("first", [True, False])
def test_of_two_answers_that_of_the_hook_that_fails_is_taken_back(first: bool) -> None:
    request = subject(DOCUMENT)
    one, other = context(request), context(request)
    one.respond(200, "first")
    other.respond(200, "second")
    (one if first else other).undo()
    assert request.answer is not None
    assert request.answer.text == ("second" if first else "first")


def test_parts_of_the_house() -> None:
    class Pantry:
        """Something to lend."""

    request, pantry = subject(DOCUMENT), Pantry()
    request.resources = {Pantry: pantry}
    assert context(request).resource(Pantry) is pantry
    with pytest.raises(KeyError):
        context(request).resource(dict)


def test_a_request_that_is_no_json_has_headers_and_facts() -> None:
    given = subject(b"\xff", is_call=False)
    ctx = everything(given)
    ctx.headers.set("x-new", "1")
    ctx.exchange.session = "s"
    ctx.settle()
    assert (given.headers[-1], given.draft.changed) == ((b"x-new", b"1"), False)


def test_headers_are_the_subjects_own() -> None:
    given = subject(DOCUMENT)
    ctx = everything(given)
    ctx.headers.delete("content-type")
    assert [name for name, _ in given.headers] == [b"Host"]
    assert given.exchange.request.headers == HEADERS


def state(given: Subject) -> Any:
    """All that a hook can change."""
    exchange = given.exchange
    return (
        orjson.dumps(given.draft.document()),
        given.draft.changed,
        list(given.headers),
        (exchange.model, exchange.session, exchange.conversation, exchange.system_hash, dict(exchange.tags)),
        (given.chosen, given.credential, given.answer),
    )


DEEDS: list[Any] = [
    lambda ctx: ctx.body.assign("metadata.user_id", "v"),
    lambda ctx: ctx.body.delete("metadata"),
    lambda ctx: ctx.body.get("messages").append({"role": "user", "content": "More"}),
    lambda ctx: ctx.body.get("metadata", {}).clear(),
    lambda ctx: ctx.messages.append(ModelRequest([UserPromptPart("More")])),
    lambda ctx: setattr(ctx, "system", "Be long."),
    lambda ctx: ctx.settings.update(max_tokens=9),
    lambda ctx: setattr(ctx, "tools", []),
    lambda ctx: ctx.headers.set("host", "other"),
    lambda ctx: ctx.headers.add("x-new", "1"),
    lambda ctx: ctx.headers.delete("content-type"),
    lambda ctx: setattr(ctx.exchange, "session", "s"),
    lambda ctx: setattr(ctx.exchange, "provider", "p"),
    lambda ctx: ctx.exchange.tag("a", "b"),
    lambda ctx: ctx.respond(200, "Hello"),
    lambda ctx: ctx.settle(),
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(DEEDS), max_size=8), st.booleans())
def test_everything_is_taken_back_together(deeds: list[Any], settled: bool) -> None:
    given = subject(DOCUMENT)
    before = copy.deepcopy(state(given))
    ctx = everything(given)
    for deed in deeds:
        deed(ctx)
    if settled:
        ctx.settle()
    ctx.undo()
    assert state(given) == before
    assert given.draft.written_out() is given.draft.raw


@settings(deadline=None)
@given(st.lists(st.sampled_from(DEEDS), max_size=5), st.lists(st.sampled_from(DEEDS), max_size=5))
def test_what_was_done_before_stays(first: list[Any], second: list[Any]) -> None:
    given = subject(DOCUMENT)
    ctx = everything(given)
    for deed in first:
        deed(ctx)
    ctx.settle()
    before = state(given)
    later = Context(given, Step(Hook("later", nothing, ("inbound",), *[tuple(map(parse, EVERYTHING))] * 2), "inbound"))
    for deed in second:
        deed(later)
    later.undo()
    assert state(given) == before
