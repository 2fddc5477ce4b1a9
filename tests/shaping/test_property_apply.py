"""What the caller said is in a shaped request, whole: taking out what is the shape's gives it back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.shaping.shape import Shape
from tests.shaping.envelopes import IDENTITY, SHAPES, profile, shaped, template

TEXT = st.sampled_from(
    ["", "hi", "a\n\nb", "wörld 😀", "made-up identity", "made-up instructions", "ccproxy:session-id"]
)
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
BLOCK = st.builds(lambda text: {"type": "text", "text": text}, TEXT) | st.sampled_from([IMAGE, IDENTITY])
NESTED = [[1, [2, {"a": None}]], {"a": {"b": "ccproxy:request-id"}}, {"parts": [{"text": "hi"}]}, [IDENTITY], IMAGE]
VALUE = st.sampled_from([None, True, 0, -1.5, "", "text", "ccproxy:session-id", [], {}, *NESTED])
TYPICAL: dict[str, st.SearchStrategy[Any]] = {
    "model": st.just("made-up-model"),
    "messages": st.lists(st.builds(lambda content: {"role": "user", "content": content}, st.lists(BLOCK, max_size=2))),
    "system": TEXT | st.lists(BLOCK, max_size=3) | st.none(),
    "metadata": st.builds(lambda user: {"user_id": user}, TEXT) | st.none(),
    "instructions": TEXT | st.none(),
    "max_tokens": st.integers(1, 99),
    "tools": st.lists(st.sampled_from([{"name": "a", "input_schema": {}}, {"type": "function", "name": "b"}])),
}
UNKNOWN = st.dictionaries(st.sampled_from(["new", "mode", "lane", "credits", "ccproxy"]), VALUE, max_size=2)


def content_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Requests with any of a profile's content fields, and with members that it knows nothing of."""
    fields = {field: TYPICAL.get(field, VALUE) for field in profile(name).content_fields}
    content = st.fixed_dictionaries({}, optional=fields)
    own = st.builds(lambda one, other: {**other, **one}, content, UNKNOWN)
    if name != "gemini":
        return own
    return own | st.builds(lambda call, outer: {**outer, "request": call}, own, own)


def stripped(result: dict[str, Any], own: dict[str, Any], shape: Shape, fields: list[str]) -> dict[str, Any]:
    """The content fields of a shaped request without what the shape has put into them."""
    kept = {field: result[field] for field in fields if field in result}
    for field in ("metadata", "instructions"):
        if field in shape.body and own.get(field) is None and field in kept:
            of_shape = kept.pop(field)
            assert field == "metadata" or of_shape == shape.body[field]
            kept |= {field: None} if field in own else {}
    if "system" in shape.body and "system" in kept:
        kept |= without_identity(kept.pop("system"), own.get("system"), present="system" in own)
    return kept


def without_identity(system: Any, own: Any, *, present: bool) -> dict[str, Any]:
    """The caller's system prompt out of a shaped one, in the form that it had."""
    if system == own:  # it begins like the shape's by itself
        assert own == IDENTITY["text"] or own[0] == IDENTITY
        return {"system": own}
    assert system[0] == IDENTITY
    if own in (None, "", []):
        assert len(system) == 1
        return {"system": own} if present else {}
    return {"system": system[1]["text"] if isinstance(own, str) and len(system) == 2 else system[1:]}


@pytest.mark.parametrize("name", SHAPES)
def test_taking_the_shape_away_gives_the_callers_content(name: str) -> None:
    """500 requests for each packaged profile."""
    by, shape, fields = template(name), SHAPES[name], profile(name).content_fields
    looked_at = []

    @settings(max_examples=500, deadline=None, database=None)
    @given(content_of(name))
    def holds(own: dict[str, Any]) -> None:
        before = json.dumps(own)
        result = shaped(own, by=by).body
        assert json.dumps(own) == before
        calls = [(own, result)]
        if isinstance(own.get("request"), dict):
            calls.append((own["request"], result["request"]))
        for call, shaped_call in calls:
            expected = {field: call[field] for field in fields if field in call}
            assert stripped(shaped_call, call, shape, fields) == expected
        looked_at.append(1)

    holds()
    assert len(looked_at) >= 500
