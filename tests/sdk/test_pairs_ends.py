"""Why an answer ended and what it cost, as each SDK hears it from a provider of each format."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.sdk.pairs import PAIRS, WAYS, Crossing
from tests.sdk.speakers.question import Used
from tests.support.provider_answers import body_of, stream_of
from tests.support.replies import json_reply, stream
from tests.support.upstream import Upstream

pytestmark = pytest.mark.parametrize("way", WAYS)
every_pair = pytest.mark.parametrize("pair", PAIRS, ids="-".join)
LENGTH = {
    "anthropic": "max_tokens",
    "openai": "length",
    "openai_responses": "max_output_tokens",
    "gemini": "MAX_TOKENS",
}
REFUSAL = "I am sorry — I cannot help with that."
FILTERED = {
    "anthropic": "refusal",
    "openai": "content_filter",
    "openai_responses": "content_filter",
    "gemini": "SAFETY",
}
"""How each format says that an answer was withheld."""
WORDED = {"anthropic": "refusal", "openai": "stop", "openai_responses": "completed", "gemini": "SAFETY"}
"""How an answer ends in which the model refuses in words of their own kind, as OpenAI's models do."""
DONE = {"anthropic": "end_turn", "openai": "stop", "openai_responses": "completed", "gemini": "STOP"}
STOPPED = DONE | {"anthropic": "stop_sequence"}


@every_pair
def test_the_answer_is_too_long(crossing: Crossing) -> None:
    said = crossing.say(crossing.question("SIM_WORDS 60", limit=20))
    assert said.stop == LENGTH[crossing.client]
    assert said.text.startswith("the river runs slowly")
    assert len(said.text.split()) == 20
    assert said.used is not None
    assert said.used.output == 20
    crossing.seen()


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair[0] != "openai_responses"], ids="-".join)
def test_a_stop_sequence(crossing: Crossing) -> None:
    said = crossing.say(crossing.question("SIM_WORDS 30", stops=("never", " old")))
    if crossing.provider == "openai_responses":
        assert len(said.text.split()) == 30
        crossing.seen(stop_sequences=1)
        return
    assert said.text == "the river runs slowly past an"
    assert said.stop == (STOPPED if crossing.provider == "anthropic" else DONE)[crossing.client]
    if (crossing.client, crossing.provider) == ("anthropic", "anthropic"):
        assert said.native.stop_sequence == " old"
    crossing.seen()


@every_pair
def test_a_refusal(crossing: Crossing) -> None:
    said = crossing.say(crossing.question("SIM_REFUSE"))
    worded = crossing.provider in ("openai", "openai_responses")
    if crossing.translated or crossing.provider != "gemini":
        assert said.stop == (WORDED if worded else FILTERED)[crossing.client]
    if crossing.provider != "gemini":  # whose prompts are blocked without a word
        assert (said.refusal or said.text) == REFUSAL
    if worded:
        assert bool(said.refusal) == (crossing.client in ("openai", "openai_responses"))
    crossing.seen()


@every_pair
def test_the_provider_withholds_the_rest(crossing: Crossing) -> None:
    said = crossing.say(crossing.question("SIM_STOP content_filter"))
    assert said.stop == FILTERED[crossing.client]
    assert said.text.startswith("Hello from the simulator")
    crossing.seen()


COUNTS: dict[str, dict[str, Any]] = {
    "anthropic": {
        "input_tokens": 100,
        "cache_read_input_tokens": 30,
        "cache_creation_input_tokens": 20,
        "output_tokens": 50,
        "output_tokens_details": {"thinking_tokens": 12},
    },
    "openai": {
        "prompt_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 30},
        "completion_tokens": 50,
        "completion_tokens_details": {"reasoning_tokens": 12},
        "total_tokens": 200,
    },
    "openai_responses": {
        "input_tokens": 150,
        "input_tokens_details": {"cached_tokens": 30},
        "output_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 12},
        "total_tokens": 200,
    },
    "gemini": {
        "promptTokenCount": 150,
        "cachedContentTokenCount": 30,
        "candidatesTokenCount": 38,
        "thoughtsTokenCount": 12,
        "totalTokenCount": 200,
    },
}
"""The same usage in each format."""


def counted(value: Any, counts: dict[str, Any]) -> Any:
    """An answer or an event with these counts in the place of its own."""
    if not isinstance(value, dict):
        return value
    taken = {name: counts for name in ("usage", "usageMetadata") if value.get(name)}
    return {name: counted(member, counts) for name, member in value.items()} | taken


def in_events(pieces: list[bytes], change: Callable[[Any], Any]) -> list[bytes]:
    """Events with their data changed."""
    changed = []
    for piece in pieces:
        head, mark, data = piece.partition(b"data: ")
        whole = data.strip() != b"[DONE]"
        changed.append(head + mark + json.dumps(change(json.loads(data))).encode() + b"\n\n" if whole else piece)
    return changed


@every_pair
def test_usage(wired: Crossing, wire: Upstream) -> None:
    counts = COUNTS[wired.provider]
    if wired.way == "buffered":
        wire.script = json_reply(counted(body_of(wired.provider), counts))
    else:
        wire.script = stream(in_events(stream_of(wired.provider), lambda value: counted(value, counts)))
    said = wired.say(wired.question("hello"))
    assert said.text == "Hello there"
    assert said.used == Used(150, 30, 50, 12)
    written = wired.client == wired.provider == "anthropic"
    assert not written or said.native.usage.cache_creation_input_tokens == 20
    shown = wired.record()["usage"]
    assert (shown["output_tokens"], shown["cache_read_input_tokens"]) == (50, 30)
