"""Conversations of clients of every format go on in their threads, with what they send back of an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hooks.perplexity import MODEL, Client, config, house, run
from tests.support.dialects import ANTHROPIC, DIALECTS, OPENAI, Dialect
from tests.support.perplexity.server import PerplexitySite
from tests.support.sse import events

FIRST = "one SIM_SOURCES 3 SIM_STEPS SIM_GOALS 2 SIM_WORDS 40"
type Items = list[dict[str, Any]]


def user(dialect: Dialect, words: str) -> dict[str, Any]:
    """The user's message."""
    if dialect.name == "gemini":
        return {"role": "user", "parts": [{"text": words}]}
    return {"role": "user", "content": words}


ANSWERS: dict[str, Callable[[Any], Items]] = {
    "anthropic": lambda told: [{"role": "assistant", "content": told["content"]}],
    "openai": lambda told: [told["choices"][0]["message"]],
    "openai_responses": lambda told: list(told["output"]),
    "gemini": lambda told: [told["candidates"][0]["content"]],
}
"""What a client sends back of a whole answer."""
MEMBER = {"openai_responses": "input", "gemini": "contents"}


def body(dialect: Dialect, items: Items, *, stream: bool = False) -> bytes:
    named: dict[str, Any] = {} if dialect.name == "gemini" else {"model": MODEL}
    limit = {"max_tokens": 64} if dialect.name == "anthropic" else {}
    asked = {"stream": True} if stream else {}
    return json.dumps(named | limit | asked | {MEMBER.get(dialect.name, "messages"): items}).encode()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("mode", ["markdown", "default", "clean"])
def test_a_whole_answer_that_is_sent_back(mode: str, dialect: Dialect, site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c", thread={"citation_mode": mode})) as made:
            client, items = Client(made), [user(dialect, FIRST)]
            for words in ("two SIM_SOURCES 2", "three"):
                told = await client.send(dialect, body(dialect, items))
                assert client.status == 200, told
                items += [*ANSWERS[dialect.name](told), user(dialect, words)]
            await client.send(dialect, body(dialect, items))

    run(main())
    assert [len(each.entries) for each in site.library.threads] == [3]


def chat(data: bytes) -> Items:
    deltas = [event.json()["choices"] for event in events(data) if event.data != "[DONE]"]
    said = "".join(choices[0]["delta"].get("content") or "" for choices in deltas if choices)
    return [{"role": "assistant", "content": said}]


def messages(data: bytes) -> Items:
    blocks: dict[int, str] = {}
    for event in events(data):
        told = event.json()
        if told.get("delta", {}).get("type") == "text_delta":
            blocks[told["index"]] = blocks.get(told["index"], "") + told["delta"]["text"]
    return [{"role": "assistant", "content": [{"type": "text", "text": text} for text in blocks.values()]}]


@pytest.mark.parametrize(("dialect", "said"), [(OPENAI, chat), (ANTHROPIC, messages)], ids=["openai", "anthropic"])
@pytest.mark.parametrize("way", ["A", "B", "C", "D", "MIX"])
def test_a_stream_that_is_sent_back(
    way: str, dialect: Dialect, said: Callable[[bytes], Items], site: PerplexitySite, tmp_path: Path
) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client, items = Client(made), [user(dialect, f"{FIRST} SIM_MODE {way}")]
            for words in (f"two SIM_MODE {way}", "three"):
                told = await client.send(dialect, body(dialect, items, stream=True))
                assert client.status == 200, told
                items += [*said(told), user(dialect, words)]
            await client.send(dialect, body(dialect, items, stream=True))

    run(main())
    assert [len(each.entries) for each in site.library.threads] == [3]
