"""How two requests differ: made-up bodies in all four formats."""

from __future__ import annotations

import copy
import json
import time
from collections import Counter
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.cli.flows.diff.words import value_lines
from ccproxy.exchange import CLIENT_FORMATS, HttpRequest, WireFormat
from ccproxy.flows.diff.requests import Difference, diff_messages
from ccproxy.flows.diff.values import text_edits, value_changes
from ccproxy.flows.parts.parts import canonical, parts_of
from tests.support.conversations import TELLERS, Conversation, conversations

FORMATS = list(CLIENT_FORMATS)
EXAMPLES = settings(max_examples=40, deadline=None)


def request(document: Any, content_type: bytes = b"application/json") -> HttpRequest:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return HttpRequest("POST", b"/", [(b"content-type", content_type)], body)


def diff(old: Any, new: Any, format: WireFormat | None = None) -> Difference:
    return diff_messages(request(old), request(new), format, format)


def told(found: Difference) -> list[tuple[str, str, str, int | None, int | None]]:
    return [(each.what, each.how, each.name, each.old_place, each.new_place) for each in found.changes]


TURN = {"model": "m", "max_tokens": 5, "system": "Be brief.", "messages": [{"role": "user", "content": "hello"}]}
ANSWER = {"role": "assistant", "content": [{"type": "text", "text": "hi there"}]}
MORE = {"role": "user", "content": [{"type": "text", "text": "and now?", "cache_control": {"type": "ephemeral"}}]}


def test_the_next_turn_of_a_conversation() -> None:
    found = diff(TURN, TURN | {"messages": [*TURN["messages"], ANSWER, MORE], "temperature": 0.5})
    assert found.kind == "request"
    assert told(found) == [
        ("parameter", "added", "temperature", None, None),
        ("message", "added", "assistant", None, 2),
        ("message", "added", "user", None, 3),
    ]
    assert [each.text for each in found.changes[1:]] == ["hi there", "and now?"]
    assert found.same == {"parameters": 2, "system blocks": 1, "tools": 0, "messages": 1}


def test_a_cache_mark_that_goes_on_is_no_change_of_a_message() -> None:
    def marked(at: int, count: int) -> dict[str, Any]:
        said = [{"role": "user", "content": [{"type": "text", "text": f"say {n}"}]} for n in range(count)]
        said[at]["content"][0]["cache_control"] = {"type": "ephemeral"}
        return TURN | {"messages": said}

    found = diff(marked(1, 2), marked(2, 3))
    assert told(found) == [("message", "added", "user", None, 3)]
    (mark,) = found.marks
    assert (mark.name, mark.value, mark.gone, mark.come) == (
        "cache_control", '{"type":"ephemeral"}', ("message 2",), ("message 3",)
    )  # fmt: skip


def test_a_text_that_becomes_a_block_is_told_apart() -> None:
    as_block = TURN | {"messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]}
    found = diff(TURN, as_block)
    assert (found.changes, found.empty) == ((), False)
    assert [(mark.name, mark.gone) for mark in found.marks] == [("content", ("message 1",))]


def test_a_word_of_a_message() -> None:
    old = TURN | {"messages": [TURN["messages"][0], ANSWER]}
    new = TURN | {"messages": [TURN["messages"][0], {**ANSWER, "content": [{"type": "text", "text": "hi here"}]}]}
    (change,) = diff(old, new).changes
    assert (change.what, change.how, change.old_place, change.new_place) == ("message", "changed", 2, 2)
    (block,) = change.blocks
    (value,) = block.values
    assert value.path == "text"
    assert [(edit.sign, edit.text) for edit in value.edits] == [("=", "hi "), ("-", "there"), ("+", "here")]


def test_tools_are_known_by_their_names() -> None:
    def tools(*names: str, **more: Any) -> dict[str, Any]:
        return TURN | {"tools": [{"name": name, "input_schema": {"type": "object", **more}} for name in names]}

    assert told(diff(tools("a", "b", "c"), tools("a", "c", "d"))) == [
        ("tool", "removed", "b", 2, None), ("tool", "added", "d", None, 3)
    ]  # fmt: skip
    assert told(diff(tools("a", "b", "c"), tools("c", "a", "b"))) == [("tool", "moved", "c", 3, 1)]
    (change,) = diff(tools("a"), tools("a", title="t")).changes
    assert [(value.path, value.how) for value in change.values] == [("input_schema.title", "added")]


def test_messages_of_other_words_are_not_what_became_of_each_other() -> None:
    """A conversation that was edited and goes on otherwise."""
    new = [{"role": "user", "content": "something else altogether"}]
    assert [how for _, how, *_ in told(diff(TURN, TURN | {"messages": new}))] == ["removed", "added"]


def test_a_thousand_messages_of_which_two_are_new() -> None:
    """Not timed: a comparison of each with each would not end within the test's time limit."""
    said = [{"role": "user", "content": f"message {n} " + "word " * 200} for n in range(1000)]
    start = time.process_time()
    found = diff(TURN | {"messages": said[:998]}, TURN | {"messages": said})
    assert told(found) == [("message", "added", "user", None, n) for n in (999, 1000)]
    assert time.process_time() - start < 20


GEMINI = {
    "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "generationConfig": {"temperature": 1},
    "tools": [{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}, {"googleSearch": {}}],
}
CHAT = {
    "model": "m",
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}]},
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "hm",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
    ],
    "tools": [{"type": "function", "function": {"name": "f"}}],
}
RESPONSES = {
    "model": "m",
    "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "hello"}]},
        {"type": "reasoning", "id": "r1", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "rain"},
    ],
}


def test_what_the_formats_say_is_read() -> None:
    parts = parts_of(GEMINI)
    assert parts is not None
    assert [tool.name for tool in parts.tools] == ["f", "g", "googleSearch"]
    assert (parts.system[0].text, parts.parameters) == ("Be brief.", {"generationConfig.temperature": 1})
    assert parts_of({"model": "m", "project": "p", "request": GEMINI}).messages == parts.messages  # type: ignore[union-attr]

    chat = parts_of(CHAT)
    assert chat is not None
    assert [block.text for block in chat.system] == ["Be brief."]
    assert [[(block.kind, block.text) for block in each.blocks] for each in chat.messages] == [
        [("image", "https://a.example/b.png")],
        [("thinking", "hm"), ("tool_use", '{"a":1}')],
        [("tool_result", "rain")],
    ]
    responses = parts_of(RESPONSES)
    assert responses is not None
    assert [(each.role, each.blocks[0].kind, each.blocks[0].text) for each in responses.messages] == [
        ("user", "text", "hello"),
        ("assistant", "thinking", "hm"),
        ("assistant", "tool_use", '{"a":1}'),
        ("tool", "tool_result", "rain"),
    ]


def test_bodies_that_are_no_requests() -> None:
    found = diff({"a": [1, 2, {"b": "c"}]}, {"a": [1, {"b": "d"}], "x": None})
    assert found.kind == "json"
    assert [(each.path, each.how) for each in found.values] == [
        ("a[1].b", "changed"), ("a[1]", "removed"), ("x", "added")
    ]  # fmt: skip
    form = b"application/x-www-form-urlencoded"
    found = diff_messages(request(b"a=1&b=2&b=3", form), request(b"a=1&b=2", form))
    assert (found.kind, [each.path for each in found.values]) == ("form", ["b"])
    found = diff_messages(request(b"\0\xff\1"), request(b"\0\xff\2\3"))
    assert (found.kind, found.sizes, found.differ_at, found.values) == ("binary", (3, 4), 2, ())
    assert diff_messages(request(b"one"), request({})).kind == "mixed"
    assert diff_messages(request(b""), request(b"")).empty


def test_the_same_json_in_other_bytes() -> None:
    found = diff(b'{"a":1,"messages":[{"role":"user","content":"x"}],"model":"m"}',
                 b'{ "a":1,"messages":[{"role":"user","content":"x"}],"model":"m"}')  # fmt: skip
    assert (found.kind, found.changes, found.differ_at) == ("request", (), 1)


def test_numbers_and_truth_are_not_mixed_up() -> None:
    assert [each.path for each in value_changes({"a": 1, "b": 1, "c": 2}, {"a": True, "b": 1.0, "c": 2})] == ["a", "b"]


@pytest.mark.parametrize("count", [10, 500, 5000])
def test_deep_json(count: int) -> None:
    deep = b'{"messages":' + b"[" * count + b"1" + b"]" * count + b',"model":"m"}'
    other = deep.replace(b"1", b"2")
    assert diff(deep, deep, WireFormat.ANTHROPIC).empty
    found = diff(deep, other, WireFormat.ANTHROPIC)
    assert found.changes or found.values


# -- anything

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
NAMES = ["role", "content", "parts", "type", "text", "tool_calls", "id", "input", "cache_control", "name", "function"]
NAMES += ["functionCall", "inlineData", "source", "data", "output", "call_id", "arguments", "functionDeclarations"]
VALUES = ["user", "assistant", "system", "tool", "text", "tool_use", "tool_result", "message", "function_call", ""]
odd_values = st.recursive(
    json_values | st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=16,
)
HEADS = ["messages", "contents", "input", "system", "systemInstruction", "tools", "instructions", "request", "model"]
odd_bodies = st.dictionaries(st.sampled_from(HEADS), odd_values, max_size=6) | json_values
formats = st.sampled_from([*FORMATS, None])


def accounted(found: Difference, old: Any, new: Any, format: WireFormat | None) -> None:
    """Each part of either request is the same or in one change."""
    sections = {"parameters": "parameter", "system blocks": "system block", "tools": "tool", "messages": "message"}
    before, after = parts_of(old, format), parts_of(new, format)
    assert before is not None
    assert after is not None
    for section, what in sections.items():
        counts = Counter(each.how for each in found.changes if each.what == what)
        kept = found.same[section] + counts["changed"] + counts["moved"]
        attribute = {"system blocks": "system"}.get(section, section)
        assert kept + counts["removed"] == len(getattr(before, attribute))
        assert kept + counts["added"] == len(getattr(after, attribute))


@EXAMPLES
@given(odd_bodies, odd_bodies, formats)
def test_any_json(old: Any, new: Any, format: WireFormat | None) -> None:
    found = diff(old, new, format)
    if found.kind == "request":
        accounted(found, old, new, format)
    assert diff(old, old, format).empty
    if canonical(old) != canonical(new):
        assert not found.empty


@EXAMPLES
@given(conversations(), conversations(), st.sampled_from(FORMATS))
def test_any_conversations(one: Conversation, other: Conversation, format: WireFormat) -> None:
    old, new = TELLERS[format](one), TELLERS[format](other)
    found = diff(old, new, format)
    assert found.kind == "request"
    accounted(found, old, new, format)
    assert not diff(old, copy.deepcopy(old), format).changes


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [leaf for name, member in inner for leaf in leaves(member, (*path, name))]
    return found if isinstance(value, dict | list) and value else [path]


@EXAMPLES
@given(conversations() | odd_bodies, st.sampled_from(FORMATS), st.data())
def test_nothing_is_missed(subject: Any, format: WireFormat, data: st.DataObject) -> None:
    """Whatever one value in a request is changed to, the difference says so."""
    old = TELLERS[format](subject) if isinstance(subject, Conversation) else subject
    path = data.draw(st.sampled_from(leaves(old)))
    new = {"root": copy.deepcopy(old)}
    place: Any = new
    for step in ("root", *path)[:-1]:
        place = place[step]
    last = ("root", *path)[-1]
    place[last] = f"{place[last]} and more"
    found = diff(old, new["root"], format)
    assert found.changes or found.marks or found.values


@EXAMPLES
@given(st.text(max_size=60), st.text(max_size=60))
def test_edits_make_one_text_of_the_other(old: str, new: str) -> None:
    edits = text_edits(old, new)
    assert "".join(edit.text for edit in edits if edit.sign != "+") == old
    assert "".join(edit.text for edit in edits if edit.sign != "-") == new


@EXAMPLES
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes(old: bytes, new: bytes) -> None:
    found = diff_messages(request(old), request(new))
    assert found.empty == (old == new)
    assert found.kind == "binary" or old == new or found.values or found.kind in ("json", "form", "mixed", "request")


def test_what_gemini_has_in_its_path_is_neither_left_out_nor_put_in() -> None:
    said = {"messages": [{"role": "user", "content": "hello"}]}
    asked = HttpRequest(
        "POST", b"/v1/chat/completions", [], json.dumps({"model": "m-1", "stream": True, "seed": 3, **said}).encode()
    )
    spoken = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}).encode()
    sent = HttpRequest("POST", b"/v1beta/models/gemini-x:streamGenerateContent?alt=sse", [], spoken)
    there = diff_messages(asked, sent, WireFormat.OPENAI, WireFormat.GEMINI).rows
    assert [(row.how, row.old, row.new) for row in there if row.what == "parameter"] == [
        ("changed", "model", "model in the path"),
        ("same", "stream", "stream in the path"),
        ("removed", "seed", None),
    ]
    back = diff_messages(sent, asked, WireFormat.GEMINI, WireFormat.OPENAI).rows
    assert [(row.how, row.old, row.new) for row in back if row.what == "parameter"] == [
        ("changed", "model in the path", "model"),
        ("same", "stream in the path", "stream"),
        ("added", None, "seed"),
    ]


def test_of_a_name_that_changed_both_are_told() -> None:
    (change,) = value_changes("gpt-5", "gemini-5")
    assert [click.unstyle(line) for line in value_lines(change, 80, "")] == ['~: "gpt-5" \u2192 "gemini-5"']
