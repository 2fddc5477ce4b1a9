"""Declared paths: what they mean, when two of them touch, and when one permits the other."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.pipeline.paths import covers, overlap, parse


@pytest.mark.parametrize(
    ("text", "room", "steps"),
    [
        ("messages", "body", "messages"),
        ("messages.0.content", "body", "messages 0 content"),
        ("input.*.content", "body", "messages * content"),
        ("contents", "body", "messages"),
        ("instructions", "body", "system"),
        ("systemInstruction.parts", "body", "system parts"),
        ("system_instruction", "body", "system"),
        ("max_tokens", "body", "settings max_tokens"),
        ("max_output_tokens", "body", "settings max_output_tokens"),
        ("generationConfig.temperature", "body", "settings generationConfig temperature"),
        ("settings.temperature", "body", "settings temperature"),
        ("request.contents.0", "body", "messages 0"),
        ("request.tools", "body", "tools"),
        ("request.generationConfig", "body", "settings generationConfig"),
        ("request", "body", "**"),
        ("metadata.input", "body", "metadata input"),
        ("**", "body", "**"),
        ("*", "body", "**"),
        ("*.**", "body", "**"),
        ("request.**.**", "body", "**"),
        ("messages.**", "body", "messages"),
        ("**.text", "body", "** text"),
        ("headers.User-Agent", "headers", "user-agent"),
        ("headers.x.Dotted.name", "headers", "x.dotted.name"),
        ("headers.*", "headers", "*"),
        ("headers", "headers", "*"),
        ("exchange.provider", "exchange", "provider"),
        ("exchange", "exchange", "*"),
        ("headersx", "body", "headersx"),
    ],
)
def test_what_a_declaration_means(text: str, room: str, steps: str) -> None:
    path = parse(text)
    assert (path.text, path.room, " ".join(path.steps)) == (text, room, steps)


@pytest.mark.parametrize("text", ["", " ", ".", "a..b", ".a", "a.", "headers.", "exchange.", "exchange..x"])
def test_what_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"empty|nothing before|names no header"):
        parse(text)


@pytest.mark.parametrize(
    ("one", "other", "touch"),
    [
        ("messages", "messages.0.content", True),
        ("messages.0", "messages.1", False),
        ("messages.*.content", "messages.1.role", False),
        ("messages.*.content", "messages.1.content.0.text", True),
        ("messages.-1", "messages.3", True),
        ("messages.-1", "messages.-2", False),
        ("messages.-1", "messages.role", False),
        ("message", "messages", False),
        ("contents.0", "request.contents", True),
        ("settings", "top_p", True),
        ("top_k", "top_p", False),
        ("request", "model", True),
        ("**", "metadata.user_id", True),
        ("**", "headers.x", False),
        ("**", "exchange.model", False),
        ("headers.X-Api-Key", "headers.x-api-key", True),
        ("headers.x", "headers.x.y", False),
        ("headers.*", "headers.x.y", True),
        ("exchange.*", "exchange.model", True),
        ("exchange.model", "model", False),
    ],
)
def test_two_declarations_touch_each_other(one: str, other: str, *, touch: bool) -> None:
    assert overlap(parse(one), parse(other)) is touch
    assert overlap(parse(other), parse(one)) is touch


@pytest.mark.parametrize(
    ("declared", "touched", "permitted"),
    [
        ("messages", "messages", True),
        ("messages", "input.0", True),
        ("messages.0", "messages", False),
        ("messages.*", "messages", False),
        ("messages.*", "messages.*", True),
        ("messages.*", "messages.0.content", True),
        ("messages.0", "messages.*", False),
        ("messages.*", "messages.**", False),
        ("messages.**.text", "messages.0.content.1.text", True),
        ("messages.**.text", "messages.**.text", True),
        ("messages.0", "messages.-1", False),
        ("settings", "max_tokens", True),
        ("max_tokens", "settings", False),
        ("**", "*", True),
        ("*", "metadata.user_id", True),
        ("messages", "**", False),
        ("**", "headers.x", False),
        ("headers.*", "headers.X", True),
        ("headers.x", "headers.*", False),
        ("headers.x", "headers.x.y", False),
        ("exchange.tags", "exchange.tags", True),
        ("exchange.tags.**", "exchange.tags", True),
    ],
)
def test_one_permits_the_other(declared: str, touched: str, *, permitted: bool) -> None:
    assert covers(parse(declared), parse(touched)) is permitted


PATTERNS = st.lists(st.sampled_from(["a", "b", "*", "**"]), min_size=1, max_size=3)
WORDS = ["".join(f"{step}." for step in word) for length in range(1, 7) for word in product("abc", repeat=length)]
"""Every concrete path that is long enough to tell two patterns apart, a dot behind each step."""
STEP = {"*": r"\w\.", "**": r"(\w\.)*"}


def held(pattern: list[str]) -> set[str]:
    """The concrete paths at or below a pattern, by a regular expression. One wildcard alone is all there is."""
    expression = re.compile(
        "".join(STEP.get(step, rf"{step}\.") for step in pattern if len(pattern) > 1 or step in "ab")
    )
    return {word for word in WORDS if expression.match(word)}


@given(PATTERNS, PATTERNS)
def test_touching_is_to_have_a_concrete_path_in_common(one: list[str], other: list[str]) -> None:
    assert overlap(parse(".".join(one)), parse(".".join(other))) is bool(held(one) & held(other))


@given(PATTERNS, PATTERNS)
def test_what_is_permitted_lies_in_what_is_declared(declared: list[str], touched: list[str]) -> None:
    if covers(parse(".".join(declared)), parse(".".join(touched))):
        assert held(touched) <= held(declared)


@given(PATTERNS, st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
def test_a_concrete_path_is_permitted_if_it_lies_in_what_is_declared(declared: list[str], touched: list[str]) -> None:
    inside = "".join(f"{step}." for step in touched) in held(declared)
    assert covers(parse(".".join(declared)), parse(".".join(touched))) is inside


@given(st.text())
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        path = parse(text)
    except ValueError:
        return
    assert overlap(path, path)
    assert covers(path, path)
