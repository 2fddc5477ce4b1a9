"""The array in which Gemini streams to who asks for no events, cut anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.lightllm.gemini import array
from ccproxy.lightllm.gemini.array import ArrayFramer
from ccproxy.lightllm.sse import EventTooLong
from tests.support.examples import examples

values = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(st.sampled_from('ab"\\{}[],:é\u2028\n'), max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(st.sampled_from('a"\\{}'), max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
documents = st.dictionaries(st.sampled_from(["candidates", "a{", 'b"', "c\\"]), values, max_size=4)


def framed(data: bytes, size: int) -> list[Any]:
    framer = ArrayFramer()
    frames = [frame for at in range(0, len(data), size) for frame in framer.feed(data[at : at + size])]
    assert framer.end() == []
    assert {name for name, _ in frames} <= {b""}
    return [json.loads(found) for _, found in frames]


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(documents, max_size=4), st.sampled_from([None, 1]), st.booleans(), st.integers(1, 40))
def test_every_element_comes_once_and_whole(elements: list[Any], indent: int | None, plain: bool, size: int) -> None:
    assert framed(json.dumps(elements, indent=indent, ensure_ascii=plain).encode(), size) == elements


@given(documents, st.integers(1, 20))
def test_a_single_object_is_taken_for_an_element(document: dict[str, Any], size: int) -> None:
    assert framed(json.dumps(document).encode(), size) == [document]


@pytest.mark.parametrize("size", [1, 3, 100])
def test_an_element_that_does_not_end_is_none(size: int) -> None:
    assert framed(b'[{"a": 1}, {"b": "}"', size) == [{"a": 1}]
    assert framed(b"]}] {}", size) == [{}]
    assert framed(b"", size) == []


def test_an_element_without_an_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array, "EVENT_LIMIT", 1 << 20)
    framer = ArrayFramer()
    framer.feed(b"[" + b" " * (3 << 20))
    framer.feed(b'{"a": "')
    framer.feed(b"x" * (1 << 19))
    with pytest.raises(EventTooLong):
        framer.feed(b"x" * (1 << 20))


def test_nor_does_one_that_comes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array, "EVENT_LIMIT", 100)
    assert framed(b"[" + b",".join([b'{"a":"%b"}' % (b"x" * 92)] * 9) + b"]", 1000) == [{"a": "x" * 92}] * 9
    with pytest.raises(EventTooLong):
        ArrayFramer().feed(b'[{"a":"%b"}]' % (b"x" * 93))


def test_a_long_element_is_looked_at_once() -> None:
    """In pieces of one byte: quadratic work would take minutes."""
    data = b'[{"a": "' + b"x" * 300_000 + b'"}]'
    framer = ArrayFramer()
    frames = [frame for at in range(len(data)) for frame in framer.feed(data[at : at + 1])]
    assert len(frames) == 1
