"""`verbose_mode`: what asks for thinking to be left out goes out of `anthropic-beta`, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy import Trial, try_hook
from ccproxy.hooks.verbose_mode import verbose_mode

VERSION = ("anthropic-version", "2023-06-01")
REDACT = "redact-thinking-2026-02-12"


def tried(*fields: tuple[str, str]) -> Trial:
    trial = try_hook(verbose_mode, {"model": "m", "messages": []}, headers=list(fields))
    assert (trial.error, trial.undeclared) == (None, ())
    assert trial.document == {"model": "m", "messages": []}
    return trial


CASES: dict[str, tuple[list[str], list[str]]] = {
    "alone": ([REDACT], []),
    "first": ([f"{REDACT},a"], ["a"]),
    "in the middle, with blanks": ([f"a , {REDACT}\t,b"], ["a,b"]),
    "twice": ([f"{REDACT},a,redact-thinking-x"], ["a"]),
    "in two fields": (["a", f"{REDACT},b"], ["a,b"]),
    "in the first of two": ([REDACT, "a,b"], ["a,b"]),
    "alone in two": ([REDACT, f" {REDACT} ".strip()], []),
    "with nothing between commas": ([f",{REDACT},,"], []),
    "no such word": (["a, b"], ["a, b"]),
    "no such word in two": (["a", "b,, c"], ["a", "b,, c"]),
    "nothing at all": ([""], [""]),
    "only commas": ([", ,"], [", ,"]),
    "a word like it": (["redact-thinkin,x-redact-thinking-1"], ["redact-thinkin,x-redact-thinking-1"]),
    "in other letters": (["Redact-Thinking-1"], ["Redact-Thinking-1"]),
}


@pytest.mark.parametrize("name", ["anthropic-beta", "Anthropic-Beta"])
@pytest.mark.parametrize("case", CASES)
def test_words(case: str, name: str) -> None:
    values, left = CASES[case]
    trial = tried(("a", "1"), *((name, value) for value in values), VERSION, ("b", "2"))
    assert [value for key, value in trial.headers if key == name] == left
    assert [pair for pair in trial.headers if pair[0] != name] == [("a", "1"), VERSION, ("b", "2")]
    assert trial.result.wrote == (() if left == values else ("headers.anthropic-beta",))


@pytest.mark.parametrize(
    "fields", [[], [VERSION], [("anthropic-beta", REDACT)], [("anthropic-betas", REDACT), VERSION]]
)
def test_other_requests(fields: list[tuple[str, str]]) -> None:
    trial = tried(*fields)
    assert (trial.result.outcome, trial.result.reason) == ("skipped", "guard")
    assert trial.headers == fields


words = st.sampled_from(["", "a", "oauth-2025-04-20", REDACT, "redact-thinking-", "redact-thinking", "x y"])
separators = st.sampled_from([",", ", ", " ,", "\t,"])


@st.composite
def values(draw: st.DrawFn) -> str:
    said = draw(st.lists(words, max_size=4))
    return "".join(word + draw(separators) for word in said[:-1]).lstrip() + "".join(said[-1:])


@given(st.lists(st.tuples(st.sampled_from(["anthropic-beta", "ANTHROPIC-beta", "x-beta"]), values()), max_size=4))
def test_any_fields(fields: list[tuple[str, str]]) -> None:
    fields = [(name, value.strip()) for name, value in fields]
    trial = tried(VERSION, *fields)
    before, after = items(fields), items(trial.headers)
    wanted = [item for item in before if not item.startswith("redact-thinking-")]
    assert after == wanted
    if wanted == before:
        assert trial.headers == [VERSION, *fields]
    assert [pair for pair in trial.headers if pair[0] == "x-beta"] == [pair for pair in fields if pair[0] == "x-beta"]


def items(fields: list[Any]) -> list[str]:
    """What is asked for, as a server reads it (RFC 9110 §5.6.1)."""
    said = (value for name, value in fields if name.lower() == "anthropic-beta")
    return [item.strip() for value in said for item in value.split(",") if item.strip()]
