"""`ctx.body`: reading and writing by paths, and what counts as a write."""

from __future__ import annotations

import logging
from typing import Any

import orjson
import pytest

from ccproxy.pipeline.body import Body
from ccproxy.pipeline.draft import Draft, NotJson
from ccproxy.pipeline.failures import Undeclared
from tests.pipeline.subjects import access, body

DOCUMENT: dict[str, Any] = {
    "model": "m-1",
    "nothing": None,
    "metadata": {"user_id": "u", "7": "seven"},
    "messages": [{"role": "user", "content": "one"}, {"role": "user", "content": [{"type": "text", "text": "two"}]}],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("model", "m-1"),
        ("nothing", None),
        ("metadata.7", "seven"),
        ("messages.0.content", "one"),
        ("messages.-1.content.0.text", "two"),
        ("messages.*.role", ["user", "user"]),
        ("messages.*.content.*.text", [[], ["two"]]),
        ("messages.**.text", ["two"]),
        ("none.*.role", "default"),
        ("messages.2", "default"),
        ("messages.-3", "default"),
        ("messages.role", "default"),
        ("model.real", "default"),
        ("model.0", "default"),
    ],
)
def test_get(path: str, value: Any) -> None:
    view, _, _ = body(DOCUMENT)
    assert view.get(path, "default") == value
    assert view.has(path) == (value != "default")


def test_has_is_false_where_wildcards_find_nothing() -> None:
    view, _, _ = body(DOCUMENT)
    assert view.get("messages.*.none") == []
    assert not view.has("messages.*.none")


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a."])
def test_what_is_no_path(path: str) -> None:
    view, _, _ = body(DOCUMENT, ["model"], ["model"])
    with pytest.raises(ValueError, match="path"):
        view.get(path)
    with pytest.raises(ValueError, match="path"):
        view.assign(path, 1)


@pytest.mark.parametrize("path", ["messages.*", "**", "metadata.**"])
def test_wildcards_name_no_place_to_write(path: str) -> None:
    view, draft, _ = body(DOCUMENT)
    for write in (lambda: view.assign(path, 1), lambda: view.delete(path)):
        with pytest.raises(ValueError, match="wildcard"):
            write()
    assert not draft.changed


def test_assign_makes_the_objects_on_the_way() -> None:
    view, draft, allowed = body({"a": 1}, writes=["metadata"])
    view.assign("metadata.user.id", "u")
    assert draft.document() == {"a": 1, "metadata": {"user": {"id": "u"}}}
    assert list(allowed.wrote) == ["metadata.user.id"]
    assert orjson.loads(draft.written_out()) == draft.document()


@pytest.mark.parametrize(
    "path",
    ["model.name", "nothing.name", "messages.2", "messages.2.role", "messages.x", "none.*.x", "messages.0.role.x"],
)
def test_assign_where_nothing_can_be(path: str) -> None:
    view, draft, allowed = body(DOCUMENT)
    with pytest.raises(KeyError):
        view.assign(path, 1)
    assert (draft.document(), draft.changed, allowed.wrote) == (DOCUMENT, False, {})


def test_assign_to_each() -> None:
    view, _, _ = body(DOCUMENT)
    value = ["x"]
    view.assign("messages.*.tags", value)
    first, second = view.get("messages")
    assert first["tags"] == second["tags"] == ["x"]
    first["tags"].append("y")
    assert (second["tags"], value) == (["x"], ["x"])


def test_an_assignment_that_fails_for_one_is_made_for_none() -> None:
    view, draft, _ = body({"list": [{}, "text", {}]})
    with pytest.raises(KeyError, match="str"):
        view.assign("list.*.x", 1)
    assert draft.document() == {"list": [{}, "text", {}]}


def test_what_is_assigned_is_a_copy() -> None:
    tags = {"a": [1]}
    view, draft, _ = body({})
    view.assign("tags", tags)
    view.get("tags")["a"].append(2)
    assert tags == {"a": [1]}
    tags["b"] = [3]
    assert draft.document() == {"tags": {"a": [1, 2]}}


RING: list[Any] = []
RING.append(RING)


@pytest.mark.parametrize(
    "value", [{1}, {"a": [object()]}, float("nan"), [float("inf")], b"x", {1: 2}, 2**64, "\ud800", {"\ud800": 1}, RING]
)
def test_what_json_has_not(value: Any) -> None:
    view, draft, _ = body(DOCUMENT)
    with pytest.raises(TypeError, match=r"metadata\.x"):
        view.assign("metadata.x", value)
    assert not draft.changed
    view.get("metadata")["x"] = value
    with pytest.raises(TypeError, match=r"metadata\.x"):
        view.settle()


def test_tuples_are_lists() -> None:
    view, draft, _ = body({})
    view.assign("stop", ("a", "b"))
    assert draft.document() == {"stop": ["a", "b"]}


@pytest.mark.parametrize("path", ["metadata.user_id", "messages.-1", "messages.*.content", "none", "model.x"])
def test_delete(path: str) -> None:
    view, draft, allowed = body(DOCUMENT)
    there = view.has(path)
    view.delete(path)
    assert draft.changed == bool(allowed.wrote) == there
    assert (draft.document() == DOCUMENT) == (not there)
    allowed.undo()
    assert not draft.changed
    assert orjson.dumps(draft.document()) == orjson.dumps(DOCUMENT)


def test_undeclared_writes_are_refused() -> None:
    view, draft, _ = body(DOCUMENT, ["**"], ["metadata.user_id"])
    view.assign("metadata.user_id", "v")
    for write in (
        lambda: view.assign("metadata.other", 1),
        lambda: view.assign("metadata", {}),
        lambda: view.delete("model"),
        lambda: view.delete("not.there"),
    ):
        with pytest.raises(Undeclared, match=r"metadata\.user_id"):
            write()
    assert draft.document() == DOCUMENT | {"metadata": {"user_id": "v", "7": "seven"}}


def test_undeclared_reads_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    view, _, allowed = body(DOCUMENT, ["model"], [])
    with caplog.at_level(logging.WARNING):
        assert view.get("model") == "m-1"
        assert caplog.records == []
        assert view.get("metadata.user_id") == "u"
        assert view.has("metadata.user_id")
    assert len(caplog.records) == 1
    assert allowed.step.undeclared == ["metadata.user_id"]


def test_reading_changes_nothing() -> None:
    view, draft, allowed = body(DOCUMENT)
    for path in ("messages", "**", "messages.*.content", "metadata.user_id"):
        view.get(path)
    view.settle()
    assert (draft.changed, allowed.wrote) == (False, {})
    assert draft.written_out() is draft.raw


def test_a_change_in_place_is_a_write_of_the_path() -> None:
    view, draft, allowed = body(DOCUMENT, ["**"], ["messages"])
    view.get("messages").append({"role": "user", "content": "three"})
    view.settle()
    assert (list(allowed.wrote), draft.changed, draft.version) == (["messages"], True, 1)
    allowed.undo()
    assert (draft.document(), draft.changed) == (DOCUMENT, False)


def test_a_change_in_place_may_be_of_less_than_was_got() -> None:
    view, _, allowed = body(DOCUMENT, ["**"], ["metadata.user_id", "messages.*.content"])
    view.get("metadata")["user_id"] = "v"
    view.get("messages")[1]["content"][0]["text"] = "changed"
    view.settle()
    assert list(allowed.wrote) == ["metadata.user_id", "messages.1.content.0.text"]


@pytest.mark.parametrize("change", [{"user_id": "v"}, {"other": True}])
def test_an_undeclared_change_in_place(change: dict[str, Any]) -> None:
    view, draft, allowed = body(DOCUMENT, ["**"], ["metadata.7"])
    view.get("metadata").update(change)
    with pytest.raises(Undeclared, match=f"metadata.{next(iter(change))}"):
        view.settle()
    allowed.undo()
    assert (draft.document(), draft.changed) == (DOCUMENT, False)


def test_a_change_in_place_of_the_whole() -> None:
    view, draft, allowed = body(DOCUMENT, ["**"], ["metadata.user_id"])
    view.get("**")[0]["metadata"]["user_id"] = "v"
    view.settle()
    assert list(allowed.wrote) == ["metadata.user_id"]
    view.get("**")[0]["other"] = 1
    with pytest.raises(Undeclared, match="other"):
        view.settle()
    allowed.undo()
    assert orjson.dumps(draft.document()) == orjson.dumps(DOCUMENT)


def test_names_that_no_path_has() -> None:
    view, draft, allowed = body({"a": {"": 1, "x.": 2}}, ["a"], ["a"])
    view.get("a")[""] = 3
    view.settle()
    assert list(allowed.wrote) == ["a"]
    assert draft.document() == {"a": {"": 3, "x.": 2}}
    view, _, _ = body({"a": {"": 1, "x.": 2}}, ["a"], ["a.x"])
    view.get("a")["x."] = 3
    with pytest.raises(Undeclared):
        view.settle()


def test_true_is_not_one() -> None:
    view, draft, _ = body({"a": {"b": 1}})
    view.get("a")["b"] = True
    view.settle()
    assert draft.changed
    assert draft.written_out() == b'{"a":{"b":true}}'


def test_what_wildcards_find_is_live() -> None:
    view, draft, allowed = body(DOCUMENT, ["messages"], ["messages.*.content"])
    view.get("messages.*.content")[1].append({"type": "text", "text": "three"})
    view.settle()
    assert list(allowed.wrote) == ["messages.1.content"]
    assert draft.document()["messages"][1]["content"][1]["text"] == "three"
    allowed.undo()
    assert draft.document() == DOCUMENT


def test_writes_by_path_are_no_changes_in_place() -> None:
    """What was got is live: an assignment shows in it, though it is of a path that is written in another way."""
    view, _, allowed = body(DOCUMENT, ["**"], ["messages.-1.content", "metadata.user_id"])
    messages = view.get("messages")
    view.get("metadata")
    view.assign("messages.-1.content", "changed")
    view.delete("metadata.user_id")
    assert messages[1]["content"] == "changed"
    view.settle()
    assert list(allowed.wrote) == ["messages.-1.content", "metadata.user_id"]


def test_an_element_that_is_deleted_from_a_list_that_was_got() -> None:
    document = {"list": [1, 1, 2]}
    view, draft, allowed = body(document, ["**"], ["list.0"])
    view.get("list")
    view.delete("list.0")
    view.settle()
    assert (draft.document(), list(allowed.wrote)) == ({"list": [1, 2]}, ["list.0"])
    allowed.undo()
    assert draft.document() == document


def test_what_is_not_declared_is_got_as_a_copy() -> None:
    """So that hooks that run at the same time do not count each other's changes as their own."""
    view, draft, allowed = body(DOCUMENT, ["model"], ["model"])
    other = Body(draft, access(writes=["metadata"]))
    metadata = view.get("metadata")
    other.assign("metadata.user_id", "v")
    assert metadata["user_id"] == "u"
    view.settle()
    allowed.undo()
    assert draft.document()["metadata"]["user_id"] == "v"
    assert draft.changed
    metadata["user_id"] = "w"
    with pytest.raises(Undeclared, match="metadata"):
        view.settle()


def test_a_hook_that_fails_takes_back_its_own_changes_only() -> None:
    draft = Draft(None, orjson.dumps(DOCUMENT))
    one, other = access(writes=["metadata"]), access(writes=["messages"])
    Body(draft, one).assign("metadata.user_id", "v")
    Body(draft, other).assign("messages.0.content", "changed")
    one.undo()
    assert draft.changed
    assert orjson.loads(draft.written_out())["messages"][0]["content"] == "changed"
    assert draft.document()["metadata"] == DOCUMENT["metadata"]
    other.undo()
    assert not draft.changed


@pytest.mark.parametrize("name", ["headers", "exchange"])
def test_members_named_like_other_rooms(name: str) -> None:
    """`headers.x` is declared for a header, so it allows nothing in the body."""
    document = {name: {"x": 1}}
    view, _, _ = body(document, [f"{name}.x"], [f"{name}.x"])
    with pytest.raises(Undeclared):
        view.assign(f"{name}.x", 2)
    view, draft, _ = body(document)
    view.assign(f"{name}.x", 2)
    assert draft.document() == {name: {"x": 2}}


def test_bodies_that_are_no_object() -> None:
    view, draft, _ = body([{"a": 1}])
    view.assign("0.a", 2)
    assert draft.document() == [{"a": 2}]
    view, _, _ = body("text")
    assert view.get("a", "default") == "default"
    with pytest.raises(KeyError):
        view.assign("a", 1)


def test_bodies_that_are_no_json() -> None:
    view = Body(Draft(None, b"\xff{"), access(["a"], ["a"]))
    for use in (lambda: view.get("a"), lambda: view.has("a"), lambda: view.assign("a", 1), lambda: view.delete("a")):
        with pytest.raises(NotJson, match="JSON"):
            use()
    view.settle()
