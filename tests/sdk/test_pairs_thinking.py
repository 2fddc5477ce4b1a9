"""Thinking between formats: its text, and the state that a provider wants to have back with the next turn."""

from __future__ import annotations

import base64

import pytest

from tests.sdk.pairs import PAIRS, WAYS, Crossing

pytestmark = [
    pytest.mark.parametrize("pair", PAIRS, ids="-".join),
    pytest.mark.parametrize("way", WAYS),
]
THOUGHT = "The user wrote “what is it”. No need to think long about it: a short and friendly answer will do."
SEALED = {
    "anthropic": b"simulated signature ",
    "openai_responses": b"simulated reasoning ",
    "gemini": b"simulated thought ",
}
"""What the simulator's state begins with; Chat has none."""


UNSIGNED = {("openai", "anthropic"), ("openai", "openai_responses")}
"""Chat has no place for any state but Gemini's of a call, and nobody takes thinking without it."""


def test_thinking_before_text(crossing: Crossing) -> None:
    said = crossing.say(crossing.question("SIM_THINK what is it", think=True))
    assert said.thoughts == THOUGHT
    assert "what is it" in said.text
    assert said.used is not None
    assert 0 < (said.used.reasoning or 1) < said.used.output
    assert crossing.seen(**_lost(crossing.client == "openai" and crossing.provider in SEALED)).thinks


def test_thinking_comes_back_with_the_results_of_calls(crossing: Crossing) -> None:
    pair, stateful = (crossing.client, crossing.provider), crossing.provider in SEALED
    question = crossing.question('SIM_THINK what is it SIM_TOOL look_up {"city": "Rome"}', think=True, tools=True)
    first = crossing.say(question)
    (call,) = first.calls
    assert first.thoughts == THOUGHT
    crossing.seen(**_lost(pair in UNSIGNED))
    last = crossing.say(crossing.speaker.go_on(question, first, [(call, "sunny")]))
    assert last.text == "TOOL RESULT: sunny"
    lost = {"thinking": 1, "signature": 1} if crossing.client == "openai" and stateful else {}
    seen = crossing.seen(**lost)
    assert "".join(seen.thoughts) == ("" if lost and crossing.translated else THOUGHT)
    states = [base64.b64decode(each, validate=True) for each in seen.signatures]
    sealed = [SEALED[crossing.provider]] if stateful and pair not in UNSIGNED else []
    assert [state[: len(start)] for state, start in zip(states, sealed, strict=True)] == sealed


def test_thinking_comes_back_with_the_next_question(crossing: Crossing) -> None:
    stateful, keeps = crossing.provider in SEALED, crossing.client != "openai"
    question = crossing.question("SIM_THINK what is it", think=True)
    first = crossing.say(question)
    crossing.seen(**_lost(stateful and not keeps))
    last = crossing.say(crossing.speaker.go_on(question, first, text="and SIM_ECHO now?"))
    assert last.text == "and SIM_ECHO now?"
    lost = {"thinking": 1, "signature": 1} if stateful and not keeps else {}
    if (crossing.provider, crossing.way) == ("gemini", "streamed") and crossing.client in (
        "anthropic",
        "openai_responses",
    ):
        lost = {"thinking": 1}  # the state came behind the text, and not with the thinking
    seen = crossing.seen(**lost)
    assert seen.texts == ["SIM_THINK what is it", "and SIM_ECHO now?"]
    states = [base64.b64decode(each, validate=True) for each in seen.signatures]
    sealed = [SEALED[crossing.provider]] if stateful and (keeps or not crossing.translated) else []
    assert [state[: len(start)] for state, start in zip(states, sealed, strict=True)] == sealed


def _lost(signature: bool) -> dict[str, int]:
    """What `x-ccproxy-dropped` may tell."""
    return {"signature": 1} if signature else {}
