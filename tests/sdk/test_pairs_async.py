"""The SDKs' asynchronous clients, which read streams by code of their own: many streams at once, over every pair."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

from tests.sdk.pairs import ASKED
from tests.sdk.speakers.question import KEYS, NAMES, TIMEOUT
from tests.support.daemon import Daemon

type Turn = Callable[[str, str], Awaitable[tuple[str, str]]]
"""From a provider and a text to the text and the reason of the end."""
MANY = 6


async def with_anthropic(url: str, talk: Callable[[Turn], Awaitable[Any]]) -> None:
    async with anthropic.AsyncAnthropic(base_url=url, api_key="none", max_retries=0, timeout=TIMEOUT) as client:

        async def turn(provider: str, text: str) -> tuple[str, str]:
            request: dict[str, Any] = {"model": ASKED[provider], "max_tokens": 99}
            request["messages"] = [{"role": "user", "content": text}]
            async with client.with_options(api_key=KEYS[provider]).messages.stream(**request) as stream:
                final = await stream.get_final_message()
            return final.content[0].text, str(final.stop_reason)

        await talk(turn)


async def with_chat(url: str, talk: Callable[[Turn], Awaitable[Any]]) -> None:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=TIMEOUT) as client:

        async def turn(provider: str, text: str) -> tuple[str, str]:
            completions = client.with_options(api_key=KEYS[provider]).chat.completions
            messages: Any = [{"role": "user", "content": text}]
            async with completions.stream(model=ASKED[provider], messages=messages) as stream:
                (choice,) = (await stream.get_final_completion()).choices
            return choice.message.content or "", choice.finish_reason

        await talk(turn)


async def with_responses(url: str, talk: Callable[[Turn], Awaitable[Any]]) -> None:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=TIMEOUT) as client:

        async def turn(provider: str, text: str) -> tuple[str, str]:
            responses = client.with_options(api_key=KEYS[provider]).responses
            async with responses.stream(model=ASKED[provider], input=text) as stream:
                final = await stream.get_final_response()
            return final.output_text, str(final.status)

        await talk(turn)


async def with_gemini(url: str, talk: Callable[[Turn], Awaitable[Any]]) -> None:
    options = types.HttpOptions(base_url=url, timeout=int(TIMEOUT * 1000))
    clients = {name: genai.Client(api_key=KEYS[name], http_options=options).aio for name in NAMES}

    async def turn(provider: str, text: str) -> tuple[str, str]:
        stream = await clients[provider].models.generate_content_stream(model=ASKED[provider], contents=text)
        choices = [choice async for chunk in stream for choice in chunk.candidates]
        said = "".join(part.text or "" for choice in choices for part in choice.content.parts)
        return said, choices[-1].finish_reason.value

    try:
        await talk(turn)
    finally:
        for client in clients.values():
            await client.aclose()


CLIENTS = {
    "anthropic": (with_anthropic, "end_turn"),
    "openai": (with_chat, "stop"),
    "openai_responses": (with_responses, "completed"),
    "gemini": (with_gemini, "STOP"),
}


@pytest.mark.parametrize("client", NAMES)
def test_many_streams_at_once(crossroads: Daemon, client: str) -> None:
    """Every stream has its own text: none gets a piece of another's."""
    asked = [(provider, f"SIM_ECHO number {number} of {provider} “é”") for provider in NAMES for number in range(MANY)]
    with_client, done = CLIENTS[client]

    async def talk(turn: Turn) -> None:
        answers = await asyncio.gather(*(turn(provider, text) for provider, text in asked))
        assert list(answers) == [(text, done) for _, text in asked]

    asyncio.run(with_client(crossroads.url, talk))
    crossroads.healthy()
