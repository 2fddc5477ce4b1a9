"""`shape.json`: what it looks like, that it says all of a shape, and what is said of one that is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.shaping.member_order import in_order_of, members_of
from ccproxy.shaping.shape import Provenance, Shape, ShapeError
from ccproxy.shaping.virtual import checked, from_text, to_text
from tests.shaping.made_up import SHAPES, error_of, shape

TEXT = """\
{
  "body": {
    "a": [
      "\\u00e9"
    ],
    "b": 1
  },
  "header_order": [
    "B",
    "a",
    "B"
  ],
  "headers": {
    "B": [
      "1",
      "3"
    ],
    "a": "2"
  },
  "method": "POST",
  "url": "https://h.example/p?q=1"
}
"""


def test_the_text_is_sorted_indented_ascii() -> None:
    fields = [(b"B", b"1"), (b"a", b"2"), (b"B", b"3")]
    made = shape(url="https://h.example/p?q=1", headers=fields, body={"b": 1, "a": ["é"]})
    assert to_text(made) == TEXT
    assert from_text(TEXT, "anthropic", made.provenance) == made


@given(SHAPES)
@settings(max_examples=150, deadline=None)
def test_a_shape_comes_back_from_its_text(made: Shape) -> None:
    back = from_text(to_text(made), made.profile, made.provenance)
    assert (back, to_text(back)) == (made, to_text(made))
    ordered = in_order_of(members_of(made.body), back.body)
    assert json.dumps(ordered) == json.dumps(made.body)  # members in the order that they had


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "method": ({"method": ""}, "method"),
    "method of another type": ({"method": ["POST"]}, "method"),
    "method in words": ({"method": "POST now"}, "method"),
    "url": ({"url": ""}, "url"),
    "path for a url": ({"url": "/v1/messages"}, "url"),
    "file for a url": ({"url": "file:///etc/passwd"}, "url"),
    "user in a url": ({"url": "https://me:pw@h.example/"}, "url"),
    "fragment in a url": ({"url": "https://h.example/#part"}, "url"),
    "line in a url": ({"url": "https://h.example/\n"}, "url"),
    "no IPv6": ({"url": "https://[::1/"}, "url"),
    "no port": ({"url": "https://h.example:70000/"}, "url"),
    "headers": ({"headers": []}, "headers"),
    "number for a value": ({"headers": {"a": 1}, "header_order": ["a"]}, "'a'"),
    "number in a list": ({"headers": {"a": ["1", 1]}, "header_order": ["a", "a"]}, "'a'"),
    "no values": ({"headers": {"a": []}, "header_order": []}, "'a'"),
    "line in a value": ({"headers": {"a": "1\r\nb: 2"}, "header_order": ["a"]}, "'a'"),
    "beyond latin-1": ({"headers": {"a": "\u20ac"}, "header_order": ["a"]}, "'a'"),
    "name with a space": ({"headers": {"a b": "1"}, "header_order": ["a b"]}, "'a b'"),
    "pseudo-header": ({"headers": {":path": "/"}, "header_order": [":path"]}, "':path'"),
    "no order": ({"headers": {"a": "1"}, "header_order": None}, "header_order"),
    "not in the order": ({"headers": {"a": "1", "b": "2"}, "header_order": ["a"]}, "'b' 1 times"),
    "only in the order": ({"headers": {"a": "1"}, "header_order": ["a", "b"]}, "'b' 0 times"),
    "twice in the order": ({"headers": {"a": "1"}, "header_order": ["a", "a"]}, "2 times in 'header_order'"),
    "other spelling in the order": ({"headers": {"a": "1"}, "header_order": ["A"]}, "'A'"),
    "body": ({"body": []}, "body"),
    "no number": ({"body": {"a": float("inf")}}, "JSON"),
    "too large a number": ({"body": {"a": 2**70}}, "body"),
    "another member": ({"headerorder": []}, "'headerorder'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named(case: str) -> None:
    other, named = WRONG[case]
    text = json.dumps({"body": {}, "header_order": [], "headers": {}, "method": "POST", "url": "https://h/", **other})
    with pytest.raises(ShapeError, match=r"shape\.json of 'mine'") as raised:
        from_text(text, "mine", Provenance())
    assert named in str(raised.value)


def test_a_number_that_json_has_not_is_refused() -> None:
    for made in (shape(body={"a": float("nan")}), shape(body={"a": "\ud800"}), shape(body={"a": object()})):
        with pytest.raises(ShapeError, match=r"shape\.json of 'anthropic'"):
            checked(made)


def test_what_is_nested_too_deep_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    for broken in (lambda: to_text(shape(body=deep)), lambda: from_text("[" * 100_000, "mine", Provenance())):
        with pytest.raises(ShapeError, match=r"shape\.json"):
            broken()
    while deep:  # or its end would be as deep
        deep = deep.pop("a")


def test_a_shape_that_can_be_sent_is_checked() -> None:
    assert checked(shape()) == shape()
    with pytest.raises(ShapeError, match="'a b'"):
        checked(replace(shape(), headers=[(b"a b", b"")]))


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda data: data.decode("latin-1")))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_shape_or_an_error(text: str) -> None:
    with pytest.raises(ShapeError):
        from_text(text, "mine", Provenance())


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_change_of_a_text_is_a_shape_or_an_error(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TEXT)))
    changed = TEXT[:at] + data.draw(st.text(max_size=3)) + TEXT[at + data.draw(st.integers(0, 3)) :]
    said = error_of(lambda: checked(from_text(changed, "mine", Provenance())))
    assert not said or said.startswith("shape.json of 'mine'")
