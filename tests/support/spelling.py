"""JSON in spellings that no serialiser would choose: the same value, other bytes (RFC 8259). A hypothesis strategy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import strategies as st

BLANKS = ["", "", "", "", " ", "\n", "\t", "\r\n  "]
NUMBERS = [
    "1.0", "1e2", "1E+2", "-0", "-0.0", "0.10000000000000001", "1.50", "5e-324", "1e-400", "123456789.0e-3",
    "9007199254740993", "18446744073709551615", "-9223372036854775808", "123456789012345678901234567890", "1e308",
]  # fmt: skip
"""Numbers that a parser reads and a serialiser writes otherwise."""


class Number(float):
    """A number with a spelling of its own."""

    def __new__(cls, text: str) -> Number:
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str


numbers = st.sampled_from(NUMBERS).map(Number)


@st.composite
def spelled(draw: st.DrawFn, document: Any) -> bytes:
    """A document in any spelling, with white space around it."""
    choose = Random(draw(st.integers(0, 2**20)))  # drawing every choice takes ten times as long
    return "".join([choose.choice(BLANKS), *_value(document, choose), choose.choice(BLANKS)]).encode()


def _value(value: Any, choose: Random) -> Iterator[str]:
    match value:
        case Number():
            yield value.text
        case dict():
            yield from _enclosed("{}", (_member(name, item, choose) for name, item in value.items()), choose)
        case list():
            yield from _enclosed("[]", (_value(item, choose) for item in value), choose)
        case str():
            yield _text(value, choose)
        case bool() | None:
            yield json.dumps(value)
        case float():
            yield repr(value) if "e" in repr(value) else choose.choice([repr(value), f"{value!r}0", f"{value!r}e0"])
        case _:
            yield str(value)


def _enclosed(signs: str, items: Iterator[Iterator[str]], choose: Random) -> Iterator[str]:
    yield signs[0] + choose.choice(BLANKS)
    for number, item in enumerate(items):
        yield f",{choose.choice(BLANKS)}" if number else ""
        yield from item
        yield choose.choice(BLANKS)
    yield signs[1]


def _member(name: str, value: Any, choose: Random) -> Iterator[str]:
    if choose.random() < 0.04:  # of two members with one name the last counts
        yield f"{_text(name, choose)}:{choose.choice(['null', '[1.0]', chr(34) * 2])},"
    yield f"{_text(name, choose)}{choose.choice(BLANKS)}:{choose.choice(BLANKS)}"
    yield from _value(value, choose)


def _text(value: str, choose: Random) -> str:
    plain = json.dumps(value, ensure_ascii=choose.random() < 0.3)
    if choose.random() < 0.2:
        plain = plain.replace("/", "\\/")
    if choose.random() < 0.2:
        plain = plain.replace("o", choose.choice(["\\u006f", "\\u006F"]))
    return plain
