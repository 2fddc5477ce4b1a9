"""The official anthropic SDK against the simulator as a process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import AsyncAnthropic
from pydantic import BaseModel

from tests.simulator.asking import PARAMETERS

TOOL: Any = {"name": "look_up", "description": "Looks up.", "input_schema": PARAMETERS}


@pytest.fixture
def client(served: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=served, api_key="any", max_retries=0, timeout=20) as made:
        yield made


def ask(text: str, **more: Any) -> Any:
    """The arguments of a call with one user turn."""
    return {"model": "claude-sim", "max_tokens": 4000, "messages": [{"role": "user", "content": text}], **more}


def test_whole_and_streamed_messages_agree(client: anthropic.Anthropic) -> None:
    whole = client.messages.create(**ask("SIM_THINK hello there", tools=[TOOL]))
    with client.messages.stream(**ask("SIM_THINK hello there", tools=[TOOL])) as stream:
        final = stream.get_final_message()
    assert [block.type for block in whole.content] == ["thinking", "text"]
    assert [block.to_dict().get("text") for block in final.content] == [b.to_dict().get("text") for b in whole.content]
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert whole._request_id.startswith("req_")


@pytest.mark.parametrize("thinking", [{"type": "enabled", "budget_tokens": 1024}, {"type": "adaptive"}])
def test_thinking_is_signed(client: anthropic.Anthropic, thinking: Any) -> None:
    with client.messages.stream(**ask("hello", thinking=thinking)) as stream:
        kinds = [event.type for event in stream]
        block = stream.get_final_message().content[0]
    assert block.type == "thinking"
    assert block.signature
    assert kinds.count("thinking") > 5
    assert kinds.count("signature") == 1


def test_parallel_tools_and_their_results(client: anthropic.Anthropic) -> None:
    text = 'SIM_TOOL look_up {"city": "Rome"}\nSIM_TOOL look_up {"city": "Zürich", "days": 2}'
    with client.messages.stream(**ask(text, tools=[TOOL])) as stream:
        message = stream.get_final_message()
    uses = [block for block in message.content if block.type == "tool_use"]
    assert [use.input for use in uses] == [{"city": "Rome"}, {"city": "Zürich", "days": 2}]
    assert message.stop_reason == "tool_use"
    results = [{"type": "tool_result", "tool_use_id": use.id, "content": f"sun {i}"} for i, use in enumerate(uses)]
    turns = [
        {"role": "user", "content": text},
        {"role": "assistant", "content": message.content},
        {"role": "user", "content": results},
    ]
    last = client.messages.create(**ask("", tools=[TOOL]) | {"messages": turns})
    assert last.content[0].to_dict()["text"] == "TOOL RESULT: sun 0\nsun 1"


class City(BaseModel):
    name: str
    population: int
    rivers: list[str]


def test_structured_output(client: anthropic.Anthropic) -> None:
    parsed = client.messages.parse(**ask("a city", output_format=City))
    assert parsed.parsed_output == City(name="simulated name", population=1, rivers=[])


def test_refusal(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**ask("SIM_REFUSE")) as stream:
        assert stream.get_final_message().stop_reason == "refusal"


def test_mid_stream_error(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**ask("SIM_ERROR_MID 3")) as stream, pytest.raises(anthropic.APIStatusError) as raised:
        stream.get_final_message()
    assert raised.value.body["error"]["type"] == "overloaded_error"


def test_retry_after_is_understood(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.RateLimitError) as raised:
        client.messages.create(**ask("SIM_ERROR 429"))
    assert raised.value.response.headers["retry-after"] == "1"
    assert raised.value.request_id


def test_models_and_tokens(client: anthropic.Anthropic) -> None:
    assert [model.type for model in client.models.list()] == ["model"] * 3
    assert client.models.retrieve("claude-x").id == "claude-x"
    counted = client.messages.count_tokens(model="m", messages=[{"role": "user", "content": "one two three"}])
    assert counted.input_tokens == 4


async def _turn(url: str) -> str:
    async with (
        AsyncAnthropic(base_url=url, api_key="any", timeout=20) as client,
        client.messages.stream(**ask("hello")) as stream,
    ):
        return "".join([text async for text in stream.text_stream])


def test_the_async_client(served: str) -> None:
    assert "hello" in asyncio.run(_turn(served))
