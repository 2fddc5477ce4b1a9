"""Merge strategies: what becomes of a field of which both the shape and the caller have a value."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.pipeline.values import MISSING
from ccproxy.shaping.merge import strategy

A, B, C = ({"type": "text", "text": name} for name in "abc")
MARKED = {**A, "cache_control": {"type": "ephemeral"}}
CASES: list[tuple[str, Any, Any, Any]] = [
    ("replace", "shape", "own", "own"),
    ("replace", "shape", MISSING, MISSING),
    ("replace", "shape", None, None),
    ("drop", "shape", "own", MISSING),
    ("fallback_shape", {"a": 1}, {"b": 2}, {"b": 2}),
    ("fallback_shape", {"a": 1}, MISSING, {"a": 1}),
    ("fallback_shape", {"a": 1}, None, {"a": 1}),
    ("fallback_shape", MISSING, None, None),
    ("fallback_shape", "x", "", ""),
    ("prepend_shape", [A, B], [C], [A, B, C]),
    ("prepend_shape:1", [A, B], [C], [A, C]),
    ("prepend_shape:0", [A, B], [C], [C]),
    ("prepend_shape:9", [A, B], [C], [A, B, C]),
    ("append_shape", [A, B], [C], [C, A, B]),
    ("append_shape:1", [A, B], [C], [C, A]),
    ("prepend_shape", [A], MISSING, [A]),
    ("prepend_shape", [A], None, [A]),
    ("prepend_shape", [A], [], [A]),
    ("prepend_shape", [A], "", [A]),
    ("prepend_shape", MISSING, [C], [C]),
    ("prepend_shape", MISSING, MISSING, MISSING),
    ("prepend_shape", [A], "c", [A, C]),
    ("append_shape", [A], "c", [C, A]),
    ("prepend_shape", "a", [C], [A, C]),
    ("prepend_shape", [A], [MARKED, C], [MARKED, C]),
    ("prepend_shape", [MARKED], "a", "a"),
    ("prepend_shape", [A, B], [A, C], [A, B, A, C]),
    ("append_shape", [A], [C, MARKED], [C, MARKED]),
    ("append_shape", [A], [MARKED, C], [MARKED, C, A]),
    ("prepend_shape", "shape", "own", "shape\n\nown"),
    ("append_shape", "shape", "own", "own\n\nshape"),
    ("prepend_shape", "shape", "shape\n\nown", "shape\n\nown"),
    ("append_shape", "shape", "own\n\nshape", "own\n\nshape"),
    ("prepend_shape", "shape", "shape", "shape"),
    ("prepend_shape:0", "shape", "own", "own"),
    ("prepend_shape", [A], 5, 5),
    ("prepend_shape", {"a": 1}, [C], [C]),
    ("prepend_shape:1", {"parts": [1, 2]}, {"role": "user", "parts": [3]}, {"role": "user", "parts": [1, 3]}),
]


@pytest.mark.parametrize(("how", "shape", "own", "result"), CASES)
def test_a_strategy(how: str, shape: Any, own: Any, result: Any) -> None:
    assert strategy(how).apply(shape, own, WireFormat.ANTHROPIC) == result


@pytest.mark.parametrize(
    ("format", "block"),
    [
        (WireFormat.ANTHROPIC, {"type": "text", "text": "own"}),
        (WireFormat.OPENAI, {"type": "text", "text": "own"}),
        (WireFormat.OPENAI_RESPONSES, {"type": "input_text", "text": "own"}),
        (WireFormat.GEMINI, {"text": "own"}),
    ],
)
def test_a_text_becomes_a_block_of_its_format(format: WireFormat, block: Any) -> None:
    assert strategy("append_shape").apply([1], "own", format) == [block, 1]


def test_neither_value_is_changed() -> None:
    shape, own = [dict(A)], [dict(C)]
    strategy("prepend_shape").apply(shape, own)
    strategy("append_shape").apply(shape, own)
    assert (shape, own) == ([A], [C])
