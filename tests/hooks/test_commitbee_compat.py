"""`commitbee_compat`: a word about bare JSON at the end of commitbee's system prompt, in every format."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy import Trial, try_hook
from ccproxy.exchange import WireFormat
from ccproxy.hooks.commitbee_compat import Params, commitbee_compat
from tests.support.conversations import TELLERS, Conversation, conversations
from tests.support.disorder import FORMATS, bent, documents, nested, to_json, writable

ITS = "You generate Conventional Commit messages from diffs."
WORD = Params().instruction
SAID = f"{ITS}\n\n{WORD}"
USER = {"role": "user", "content": "diff"}
MARK = {"cache_control": {"type": "ephemeral"}}


def tried(format: WireFormat, body: Any, **params: Any) -> Trial:
    raw = body if isinstance(body, bytes) else to_json(body)
    trial = try_hook(commitbee_compat, raw, format=format, params=params)
    assert (trial.error, trial.undeclared) == (None, ()), trial.result
    return trial


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words} | more


CHANGES: dict[str, tuple[WireFormat, dict[str, Any], dict[str, Any]]] = {
    "a text": (WireFormat.ANTHROPIC, {"system": ITS}, {"system": SAID}),
    "a block": (WireFormat.ANTHROPIC, {"system": [text(ITS, **MARK)]}, {"system": [text(SAID, **MARK)]}),
    "the last of its blocks": (
        WireFormat.ANTHROPIC,
        {"system": [text("a"), text(ITS), text(f"again: {ITS}"), text("b", **MARK)]},
        {"system": [text("a"), text(ITS), text(f"again: {SAID}"), text("b", **MARK)]},
    ),
    "a message": (
        WireFormat.OPENAI,
        {"messages": [{"role": "system", "content": ITS}, USER]},
        {"messages": [{"role": "system", "content": SAID}, USER]},
    ),
    "a message of parts": (
        WireFormat.OPENAI,
        {"messages": [{"role": "developer", "content": [text("a"), text(ITS)]}, USER]},
        {"messages": [{"role": "developer", "content": [text("a"), text(SAID)]}, USER]},
    ),
    "instructions": (
        WireFormat.OPENAI_RESPONSES,
        {"instructions": ITS, "input": "x"},
        {"instructions": SAID, "input": "x"},
    ),
    "an item": (
        WireFormat.OPENAI_RESPONSES,
        {"input": [{"role": "developer", "content": [{"type": "input_text", "text": ITS}]}, USER]},
        {"input": [{"role": "developer", "content": [{"type": "input_text", "text": SAID}]}, USER]},
    ),
    "a part": (
        WireFormat.GEMINI,
        {"systemInstruction": {"parts": [{"text": "a"}, {"text": ITS}]}},
        {"systemInstruction": {"parts": [{"text": "a"}, {"text": SAID}]}},
    ),
    "a part in other letters": (
        WireFormat.GEMINI,
        {"system_instruction": {"role": "x", "parts": [{"text": ITS}]}},
        {"system_instruction": {"role": "x", "parts": [{"text": SAID}]}},
    ),
}
REST: dict[WireFormat, dict[str, Any]] = {
    WireFormat.ANTHROPIC: {"model": "m", "max_tokens": 9, "messages": [USER]},
    WireFormat.OPENAI: {"model": "m", "odd": [1.0]},
    WireFormat.OPENAI_RESPONSES: {"model": "m", "odd": [1.0]},
    WireFormat.GEMINI: {"contents": [{"role": "user", "parts": [{"text": "diff"}]}], "odd": [1.0]},
}


@pytest.mark.parametrize("case", CHANGES)
def test_where_it_goes(case: str) -> None:
    format, before, after = CHANGES[case]
    trial = tried(format, REST[format] | before)
    assert trial.result.outcome == "ran", trial.result
    assert trial.document == REST[format] | after
    again = tried(format, trial.body)
    assert (again.body, again.result.wrote) == (trial.body, ())


@pytest.mark.parametrize(
    "words",
    [
        ITS,
        "You are a Conventional Commits generator.",
        "You write conventional commit messages, generated from a diff.",
        "A tool for generating\nConventional Commits",
    ],
)
def test_by_what_it_is_known(words: str) -> None:
    trial = tried(WireFormat.ANTHROPIC, REST[WireFormat.ANTHROPIC] | {"system": words})
    assert trial.document["system"] == f"{words}\n\n{WORD}"


@pytest.mark.parametrize(
    "words", ["", "Be brief.", "Conventional Commits are used here.", "Generate code. Use Conventional Commits."]
)
@pytest.mark.parametrize("format", FORMATS)
def test_others_are_left_alone(format: WireFormat, words: str) -> None:
    body = to_json(TELLERS[format](Conversation(words, [], [f"not the system prompt: {ITS}"])))
    trial = tried(format, body)
    assert (trial.body, trial.result.wrote, trial.result.outcome) == (body, (), "ran")


def test_with_other_words() -> None:
    body = REST[WireFormat.ANTHROPIC] | {"system": "SPECIAL"}
    assert (
        tried(WireFormat.ANTHROPIC, body, pattern="^SPEC", instruction="JSON!").document["system"] == "SPECIAL\n\nJSON!"
    )


quick = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
formats = st.sampled_from(FORMATS)


@settings(quick, max_examples=60)
@given(formats, conversations(), st.booleans())
def test_nothing_else_changes(format: WireFormat, talk: Conversation, its: bool) -> None:
    talk.system = ITS if its else talk.system
    body = TELLERS[format](talk)
    trial = tried(format, body)
    talk.system = SAID if its else talk.system
    assert trial.document == TELLERS[format](talk)
    assert bool(trial.result.wrote) is its


@settings(quick, max_examples=100)
@given(formats, st.one_of(documents.map(to_json), st.binary(max_size=20)))
def test_nothing_makes_it_fail(format: WireFormat, body: bytes) -> None:
    assert tried(format, body).body == body


@settings(quick, max_examples=100)
@given(formats, conversations(), st.data())
def test_nor_what_is_nearly_right(format: WireFormat, talk: Conversation, data: st.DataObject) -> None:
    talk.system = ITS
    document = data.draw(bent(TELLERS[format](talk)))
    if writable(document):
        tried(format, document)


def test_what_is_deeper_than_can_be_written() -> None:
    body = {"system": ITS, "messages": [USER], "odd": nested(400)}
    with pytest.raises(ValueError, match="nested too deeply"):
        tried(WireFormat.ANTHROPIC, body)
    left_alone = body | {"system": "a"}
    assert tried(WireFormat.ANTHROPIC, left_alone).body == to_json(left_alone)
