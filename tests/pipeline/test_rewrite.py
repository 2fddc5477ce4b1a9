"""`ctx.body.rewrite`: every text through a function, and back again if the hook fails."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.pipeline.context import Context
from ccproxy.pipeline.failures import Undeclared
from ccproxy.pipeline.hook import Step
from tests.pipeline.declared import step
from tests.pipeline.subjects import subject

TEXTS = st.text("abc s", max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(bool), inner, max_size=4),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(st.sampled_from(["messages", "system", "model", "x"]), JSON, max_size=4)


def context(document: Any, *writes: str) -> tuple[Context, Any]:
    given = subject(document)
    return Context(given, Step(step("h", writes, writes).hook, "inbound")), given


def expected(value: Any) -> tuple[Any, int]:
    """By way of another algorithm."""
    if isinstance(value, str):
        return value.replace("s", "*"), int("s" in value)
    if isinstance(value, list):
        pairs = [expected(item) for item in value]
        return [one for one, _ in pairs], sum(count for _, count in pairs)
    if isinstance(value, dict):
        members = {name: expected(item) for name, item in value.items()}
        return {name: one for name, (one, _) in members.items()}, sum(count for _, count in members.values())
    return value, 0


@given(DOCUMENTS)
def test_every_text_goes_through_and_nothing_else(document: dict[str, Any]) -> None:
    ctx, given = context(document, "**")
    wanted, count = expected(document)
    assert ctx.body.rewrite("**", lambda text: text.replace("s", "*")) == count
    ctx.settle()
    assert given.draft.document() == wanted
    assert given.draft.changed is (count > 0)
    assert list(ctx.access.wrote) == (["**"] if count else [])
    ctx.undo()
    assert json.dumps(given.draft.document()) == json.dumps(document)
    assert given.draft.written_out() is given.draft.raw


@given(DOCUMENTS, st.integers(0, 8))
def test_a_function_that_fails_leaves_nothing(document: dict[str, Any], at: int) -> None:
    def change(text: str) -> str:
        seen.append(text)
        if len(seen) > at:
            raise RuntimeError("enough")
        return text + "!"

    seen: list[str] = []
    ctx, given = context(document, "**")
    try:
        ctx.body.rewrite("**", change)
    except RuntimeError:
        ctx.undo()
        assert json.dumps(given.draft.document()) == json.dumps(document)
        assert given.draft.written_out() is given.draft.raw


def test_a_place_of_its_own() -> None:
    document = {"system": "as", "messages": [{"content": "s"}, {"content": [{"text": "s", "n": 1}]}], "model": "s"}
    ctx, given = context(document, "system", "messages.*.content")
    assert ctx.body.rewrite("system", str.upper) == 1
    assert ctx.body.rewrite("messages.*.content", str.upper) == 2
    assert ctx.body.rewrite("messages.7.content", str.upper) == 0
    ctx.settle()
    assert given.draft.document() == {
        "system": "AS", "messages": [{"content": "S"}, {"content": [{"text": "S", "n": 1}]}], "model": "s",
    }  # fmt: skip
    with pytest.raises(Undeclared):
        ctx.body.rewrite("model", str.upper)


def test_nothing_goes_through_twice() -> None:
    ctx, given = context({"messages": [{"content": [{"content": "s", "text": "t"}]}]}, "**")
    assert ctx.body.rewrite("**.content", lambda text: text + "!") == 2
    assert given.draft.document() == {"messages": [{"content": [{"content": "s!", "text": "t!"}]}]}
    assert ctx.body.rewrite("messages.**", lambda text: text + "?") == 2
    assert given.draft.document() == {"messages": [{"content": [{"content": "s!?", "text": "t!?"}]}]}


def test_a_text_stays_a_text() -> None:
    ctx, given = context({"system": "s", "list": ["s"]}, "**")
    for path in ("system", "list", "**"):
        with pytest.raises(TypeError, match="not NoneType"):
            ctx.body.rewrite(path, lambda text: None)  # type: ignore[arg-type,return-value]
    ctx.undo()
    assert given.draft.document() == {"system": "s", "list": ["s"]}
