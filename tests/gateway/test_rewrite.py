"""Replacing the model of a JSON body: the document changes in one value, the text in that value's bytes."""

from __future__ import annotations

import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccproxy.gateway.rewrite import replace_model, top_level_value

SPACES = st.text(" \n\r\t", max_size=3)
LOOKALIKES = st.sampled_from(
    [
        "model",
        '"model":"x"',
        '{"model": "a"}',
        "\\",
        '\\"model\\":',
        "mod\u00e9l",
        "models",
        "m\u0000",
        '"',
        "{",
        "]",
        ",",
    ]
)
STRINGS = LOOKALIKES | st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS = STRINGS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def strings(draw: st.DrawFn, values: st.SearchStrategy[str] = STRINGS) -> str:
    """A string as JSON text, each character written plainly or as an escape (RFC 8259 §7)."""
    written = ""
    for character in draw(values):
        must = character in '"\\' or character < " "
        if must or draw(st.integers(0, 9)) == 0:
            units = character.encode("utf-16-be")
            written += "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
        else:
            written += character
    return f'"{written}"'


@st.composite
def texts(draw: st.DrawFn, depth: int = 2) -> str:
    """Any JSON value as text, in any formatting."""
    kind = draw(st.integers(0, 9)) if depth else 9
    if kind < 3:
        return draw(objects(depth=depth - 1))
    if kind < 5:
        items = draw(st.lists(texts(depth=depth - 1), max_size=3))
        return "[" + ",".join(draw(SPACES) + item + draw(SPACES) for item in items) + "]"
    scalar = draw(SCALARS)
    return draw(strings(st.just(scalar))) if isinstance(scalar, str) else json.dumps(scalar)


@st.composite
def objects(draw: st.DrawFn, depth: int = 2) -> str:
    """An object as text; many members are called `model`, and names may come twice."""
    names = st.just("model") | STRINGS
    members = draw(st.lists(st.tuples(strings(names), texts(depth=depth)), max_size=4))
    written = [
        draw(SPACES) + name + draw(SPACES) + ":" + draw(SPACES) + value + draw(SPACES) for name, value in members
    ]
    return "{" + ",".join(written) + draw(SPACES) + "}"


def parsed(body: bytes) -> Any:
    return orjson.loads(body)


@given(text=objects(), around=st.tuples(SPACES, SPACES), model=STRINGS)
@example(text='{"a":{"model":"x"},"model":"x"}', around=("", ""), model="y")
@example(text='{"model":"x","model":"y"}', around=("", ""), model="z")
@example(text='{"model":"x","model":{"model":"y"}}', around=("", ""), model="z")
@example(text='{"mod\\u0065l":"x", "a": 1.50e2}', around=("", ""), model="z")
@example(text='{"model":null, "n":123456789012345678901234567890}', around=(" ", "\n"), model="é")
def test_one_value_changes_and_no_other_byte(text: str, around: tuple[str, str], model: str) -> None:
    body = (around[0] + text + around[1]).encode()
    document = parsed(body)
    changed = replace_model(body, document, model)
    assert parsed(changed) == document | {"model": model}
    if document.get("model") == model:
        assert changed == body
        return
    value = orjson.dumps(model)
    if "model" not in document:
        at = body.index(b"{") + 1
        rest = body[at:] if document else b"}" + body.rpartition(b"}")[2]
        assert changed.startswith(body[:at] + b'"model":' + value)
        assert changed.endswith(rest)
        return
    start, end = top_level_value(body, "model")
    assert parsed(body[start:end]) == document["model"]
    assert changed == body[:start] + value + body[end:]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'{ "model" : "a" , "x": 1.0e5 }', b'{ "model" : "b" , "x": 1.0e5 }'),
        (b'{"x":[{"model":"a"}],"model":"a"}', b'{"x":[{"model":"a"}],"model":"b"}'),
        (b'{"t":"\\"model\\":\\"a\\"","model":"a"}', b'{"t":"\\"model\\":\\"a\\"","model":"b"}'),
        (b'{"model":"a","model":"a"}', b'{"model":"a","model":"b"}'),
        (b'{"model":null}', b'{"model":"b"}'),
        (b'{"model":{"model":"a"} }', b'{"model":"b" }'),
        (b'{"model":["a" , {}]}', b'{"model":"b"}'),
        (b'{"model":"\\"}"}', b'{"model":"b"}'),
        (b'{"model":"b" }', b'{"model":"b" }'),
        (b'\n{ "max": 12345678901234567890123 }', b'\n{"model":"b", "max": 12345678901234567890123 }'),
        (b"{ }", b'{"model":"b" }'),
    ],
)
def test_examples(body: bytes, wanted: bytes) -> None:
    assert replace_model(body, parsed(body), "b") == wanted


@given(text=objects(), key=st.just("model") | STRINGS)
def test_the_place_of_a_value(text: str, key: str) -> None:
    body = text.encode()
    document = parsed(body)
    if key not in document:
        with pytest.raises(KeyError):
            top_level_value(body, key)
    else:
        start, end = top_level_value(body, key)
        assert parsed(body[start:end]) == document[key]
        assert body[start:end] == body[start:end].strip()


def test_many_nested_models_take_no_quadratic_time() -> None:
    """An agent that passes a list of things with models to a tool, before its own model."""
    body = orjson.dumps({"messages": [{"model": f"m{number}"} for number in range(50_000)], "model": "a"})
    document = parsed(body)
    begun = time.perf_counter()
    assert replace_model(body, document, "b") == body[:-3] + b'b"}'
    assert time.perf_counter() - begun < 5


def test_a_body_with_half_a_character_in_it() -> None:
    """JavaScript writes such texts. It is the first member that looks like the model, and is not, that is looked at."""
    body = b'{"\\ud83d": {"model": "x"}, "model": "cut \\ud83d"}'
    expected = b'{"\\ud83d": {"model": "x"}, "model": "m"}'
    assert replace_model(body, json.loads(body), "m") == expected
    simple = b'{"x":"\\ud83d","model":"a"}'
    assert replace_model(simple, json.loads(simple), "b") == simple.replace(b'"a"', b'"b"')
    assert replace_model(b"{}", {}, "\ud83d") == b'{"model":"\\ud83d"}'
