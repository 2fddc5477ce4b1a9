"""The official openai SDK, Chat Completions and Responses, against the simulator as a process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.simulator.asking import PARAMETERS

FUNCTION = {"name": "look_up", "description": "Looks up.", "parameters": PARAMETERS}
CHAT_TOOL: Any = {"type": "function", "function": FUNCTION}
TOOL: Any = {"type": "function", "strict": False, **FUNCTION}
CALLS = 'SIM_TOOL look_up {"city": "Rome"}\nSIM_TOOL look_up {"city": "Zürich", "days": 2}'
ARGUMENTS = [{"city": "Rome"}, {"city": "Zürich", "days": 2}]


class City(BaseModel):
    name: str
    population: int
    rivers: list[str]


@pytest.fixture
def client(served: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{served}/v1", api_key="any", max_retries=0, timeout=20) as made:
        yield made


def turn(text: str, **more: Any) -> Any:
    """The arguments of a chat call with one user turn."""
    return {"model": "gpt-sim", "messages": [{"role": "user", "content": text}], **more}


def test_chat_whole_and_streamed_agree(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(**turn("hello there"))
    with client.chat.completions.stream(**turn("hello there", stream_options={"include_usage": True})) as stream:
        for _ in stream:
            pass
        final = stream.get_final_completion()
    assert final.choices[0].message.content == whole.choices[0].message.content
    assert final.usage == whole.usage
    assert whole._request_id.startswith("req_")


def test_chat_tools_and_their_results(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(**turn(CALLS, tools=[CHAT_TOOL])) as stream:
        for _ in stream:
            pass
        choice = stream.get_final_completion().choices[0]
    calls = choice.message.tool_calls
    assert choice.finish_reason == "tool_calls"
    assert [json.loads(call.function.arguments) for call in calls] == ARGUMENTS
    results = [{"role": "tool", "tool_call_id": call.id, "content": f"sun {i}"} for i, call in enumerate(calls)]
    messages = [{"role": "user", "content": CALLS}, choice.message.to_dict(), *results]
    last = client.chat.completions.create(**turn("", tools=[CHAT_TOOL]) | {"messages": messages})
    assert last.choices[0].message.content == "TOOL RESULT: sun 0\nsun 1"


def test_chat_custom_tool(client: openai.OpenAI) -> None:
    """The SDK's chunks have no member for them: what OpenAI sends is a `custom` where others have a `function`."""
    asked = turn('SIM_TOOL note {"input": "buy tea"}', tools=[{"type": "custom", "custom": {"name": "note"}}])
    (call,) = client.chat.completions.create(**asked).choices[0].message.tool_calls
    assert (call.type, call.custom.name, call.custom.input) == ("custom", "note", "buy tea")
    chunks = [chunk.to_dict() for chunk in client.chat.completions.create(**asked, stream=True)]
    deltas = [
        delta for chunk in chunks for choice in chunk["choices"] for delta in choice["delta"].get("tool_calls", ())
    ]
    assert "".join(delta["custom"].get("input", "") for delta in deltas) == "buy tea"
    assert {chunk["choices"][0]["finish_reason"] for chunk in chunks} == {None, "tool_calls"}


def test_chat_reasoning(client: openai.OpenAI) -> None:
    counted = client.chat.completions.create(**turn("hi", reasoning_effort="low"))
    assert counted.usage.completion_tokens_details.reasoning_tokens > 0
    shown = client.chat.completions.create(**turn("SIM_THINK hi"))
    assert shown.choices[0].message.to_dict()["reasoning_content"]


def test_chat_structured_output(client: openai.OpenAI) -> None:
    parsed = client.chat.completions.parse(**turn("a city", response_format=City))
    assert parsed.choices[0].message.parsed == City(name="simulated name", population=1, rivers=[])


def test_chat_refusal(client: openai.OpenAI) -> None:
    assert client.chat.completions.create(**turn("SIM_REFUSE")).choices[0].message.refusal


def test_chat_mid_stream_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIError, match="had an error"):
        list(client.chat.completions.create(**turn("SIM_ERROR_MID 3", stream=True)))


def test_responses_whole_and_streamed_agree(client: openai.OpenAI) -> None:
    options: Any = {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
    whole = client.responses.create(model="gpt-sim", input="hello there", **options)
    with client.responses.stream(model="gpt-sim", input="hello there", **options) as stream:
        numbers = [event.sequence_number for event in stream]
        final = stream.get_final_response()
    assert numbers == list(range(len(numbers)))
    assert final.output_text == whole.output_text
    assert [item.type for item in whole.output] == ["reasoning", "message"]
    assert final.output[0].encrypted_content
    assert final.output[0].summary[0].text == whole.output[0].summary[0].text
    assert final.usage == whole.usage


def test_responses_tools_and_their_results(client: openai.OpenAI) -> None:
    with client.responses.stream(model="gpt-sim", input=CALLS, tools=[TOOL]) as stream:
        for _ in stream:
            pass
        output = stream.get_final_response().output
    assert [json.loads(item.arguments) for item in output] == ARGUMENTS
    results = [
        {"type": "function_call_output", "call_id": item.call_id, "output": f"sun {i}"} for i, item in enumerate(output)
    ]
    calls = [item.to_dict() for item in output]
    items: Any = [{"role": "user", "content": CALLS}, *calls, *results]
    assert client.responses.create(model="gpt-sim", input=items).output_text == "TOOL RESULT: sun 0\nsun 1"


def test_responses_custom_tool(client: openai.OpenAI) -> None:
    tool: Any = {"type": "custom", "name": "exec"}
    with client.responses.stream(model="gpt-sim", input="SIM_TOOL exec /tmp/x", tools=[tool]) as stream:
        kinds = {event.type for event in stream}
        (item,) = stream.get_final_response().output
    assert item.type == "custom_tool_call"
    assert "cat /tmp/x" in item.input
    assert "response.custom_tool_call_input.delta" in kinds


def test_responses_structured_output(client: openai.OpenAI) -> None:
    parsed = client.responses.parse(model="gpt-sim", input="a city", text_format=City)
    assert parsed.output_parsed == City(name="simulated name", population=1, rivers=[])


def test_responses_limit_and_refusal(client: openai.OpenAI) -> None:
    short = client.responses.create(model="gpt-sim", input="SIM_WORDS 99", max_output_tokens=20)
    assert (short.status, short.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    refused = client.responses.create(model="gpt-sim", input="SIM_REFUSE")
    assert refused.output[0].content[0].type == "refusal"


def test_responses_failing_in_mid_stream(client: openai.OpenAI) -> None:
    *_, last = client.responses.create(model="gpt-sim", input="SIM_ERROR_MID 3", stream=True)
    assert (last.type, last.response.status, last.response.error.code) == ("response.failed", "failed", "server_error")


def test_responses_are_not_stored(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="resp_1"):
        client.responses.retrieve("resp_1")
    with pytest.raises(openai.NotFoundError):
        client.responses.delete("resp_1")


def test_counting_compacting_embedding_and_models(client: openai.OpenAI) -> None:
    assert client.responses.input_tokens.count(model="m", input="one two three").input_tokens == 4
    compacted = client.responses.compact(model="gpt-5", input="one two three")
    assert [item.type for item in compacted.output] == ["message", "compaction"]
    assert len(client.embeddings.create(model="m", input=["a", "b"], encoding_format="float").data) == 2
    assert len(client.models.list().data) == 4
    assert client.models.retrieve("gpt-x").id == "gpt-x"


STATUSES = {400: openai.BadRequestError, 403: openai.PermissionDeniedError, 429: openai.RateLimitError}


@pytest.mark.parametrize("status", STATUSES)
def test_errors(client: openai.OpenAI, status: int) -> None:
    with pytest.raises(STATUSES[status]) as raised:
        client.responses.create(model="m", input=f"SIM_ERROR {status}", stream=True)
    assert raised.value.type
    assert raised.value.request_id
