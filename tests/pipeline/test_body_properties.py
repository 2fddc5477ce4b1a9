"""The body by paths: glom itself says what a path means, and undoing is exact whatever was done."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import glom
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.pipeline.body import Body
from tests.pipeline.subjects import body
from tests.support.examples import examples

NAMES = ("a", "b", "0", "1", "-1", "long name")
names = st.sampled_from(NAMES)
scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)
objects = st.dictionaries(names, documents, max_size=4)
steps = st.sampled_from((*NAMES, "2", "-2", "+1", " 0 ", "1_0", "x", "¹"))
plain = st.lists(steps, min_size=1, max_size=4).map(".".join)
wild = st.lists(steps | st.sampled_from(["*", "**", "*"]), min_size=1, max_size=4).map(".".join)
writable = wild.filter(lambda path: path.rpartition(".")[2] not in ("*", "**"))
MISSING = "(missing)"
quick = settings(deadline=None)


def by_glom(document: Any, path: str) -> Any:
    """What glom finds among JSON values; of texts and numbers it finds Python's attributes, too."""
    try:
        return glom.glom(document, path)
    except glom.GlomError:
        return MISSING


@settings(quick, max_examples=examples(400))
@given(objects, plain | wild)
def test_get_is_gloms(document: Any, path: str) -> None:
    view, draft, allowed = body(document)
    assert view.get(path, MISSING) == by_glom(document, path)
    view.settle()
    assert not draft.changed
    allowed.undo()
    assert draft.document() == document


@settings(quick, max_examples=examples(300))
@given(objects, plain, documents)
def test_assign_is_gloms(document: Any, path: str, value: Any) -> None:
    view, draft, allowed = body(document)
    expected = copy.deepcopy(document)
    try:
        glom.assign(expected, path, value, missing=dict)
    except (glom.GlomError, TypeError, AttributeError):
        try:
            view.assign(path, value)
        except KeyError:
            assert draft.document() == document
            return
        raise AssertionError(f"glom assigns nothing at {path}") from None
    view.assign(path, value)
    assert orjson.dumps(draft.document()) == orjson.dumps(expected)
    allowed.undo()
    assert orjson.dumps(draft.document()) == orjson.dumps(document)


@settings(quick, max_examples=examples(300))
@given(objects, writable, scalars)
def test_assign_to_each_is_gloms(document: Any, path: str, value: Any) -> None:
    view, draft, allowed = body(document)
    expected = copy.deepcopy(document)
    try:
        view.assign(path, value)
    except KeyError:
        assert draft.document() == document
        return
    if not view.has(path):
        assert draft.document() == document
        return
    glom.assign(expected, path, value, missing=dict)
    assert orjson.dumps(draft.document()) == orjson.dumps(expected)
    allowed.undo()
    assert orjson.dumps(draft.document()) == orjson.dumps(document)


@settings(quick, max_examples=300)
@given(objects, plain | writable)
def test_delete_is_gloms(document: Any, path: str) -> None:
    view, draft, allowed = body(document)
    expected = copy.deepcopy(document)
    try:
        glom.delete(expected, path, ignore_missing=True)
    except glom.GlomError:  # a text has no members to delete
        return
    view.delete(path)
    assert orjson.dumps(draft.document()) == orjson.dumps(expected)
    assert draft.changed == (document != expected)
    allowed.undo()
    assert orjson.dumps(draft.document()) == orjson.dumps(document)


def change(view: Body, data: st.DataObject, held: list[Any]) -> None:
    """Does something to a body: what was got before may be changed in place at any time."""
    path = data.draw(plain | wild, "path")
    match data.draw(st.sampled_from(["get", "assign", "delete", "in place", "in place", "settle"]), "operation"):
        case "get":
            found = view.get(path)
            found = [found, *found] if isinstance(found, list) else [found]
            held += [one for one in found if isinstance(one, list | dict)]
        case "assign":
            view.assign(path, data.draw(documents, "value"))
        case "delete":
            view.delete(path)
        case "settle":
            view.settle()
        case "in place" if held:
            in_place(data.draw(st.sampled_from(held), "container"), data)


def in_place(container: Any, data: st.DataObject) -> None:
    if data.draw(st.booleans(), "clear"):
        container.clear()
    elif isinstance(container, list):
        container.insert(data.draw(st.integers(0, 3), "index"), data.draw(documents, "value"))
    else:
        container[data.draw(names, "name")] = data.draw(documents, "value")


@settings(quick, max_examples=examples(400))
@given(objects, st.data())
def test_undoing_is_exact(document: Any, data: st.DataObject) -> None:
    view, draft, allowed = body(document)
    held: list[Any] = []
    for _ in range(data.draw(st.integers(1, 8), "operations")):
        with contextlib.suppress(KeyError, ValueError):
            change(view, data, held)
    if data.draw(st.booleans(), "settled"):
        view.settle()
        assert draft.changed or orjson.dumps(draft.document()) == orjson.dumps(document)
        assert orjson.loads(draft.written_out()) == draft.document()
    allowed.undo()
    assert orjson.dumps(draft.document()) == orjson.dumps(document)
    assert not draft.changed
    assert draft.written_out() is draft.raw


def test_what_is_found_twice_is_removed_once() -> None:
    view, draft, allowed = body({"a": [[1, 2, 3], 4]})
    view.delete("**.**.0")
    assert draft.document() == {"a": [4]}
    allowed.undo()
    assert draft.document() == {"a": [[1, 2, 3], 4]}
