"""The official google-genai SDK against the simulator as a process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from tests.simulator.asking import PARAMETERS

TOOL = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(name="look_up", description="Looks up.", parameters_json_schema=PARAMETERS)
    ]
)
MANUAL = types.AutomaticFunctionCallingConfig(disable=True)
CALLS = 'SIM_TOOL look_up {"city": "Rome"}\nSIM_TOOL look_up {"city": "Zürich", "days": 2}'
THOUGHTS = types.ThinkingConfig(include_thoughts=True)


@pytest.fixture
def client(served: str) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=served, timeout=20_000, retry_options=types.HttpRetryOptions(attempts=1))
    with genai.Client(api_key="any", http_options=options) as made:
        yield made


def config(**more: Any) -> types.GenerateContentConfig:
    """A call's configuration."""
    return types.GenerateContentConfig(automatic_function_calling=MANUAL, **more)


def test_whole_and_streamed_agree(client: genai.Client) -> None:
    whole = client.models.generate_content(model="gemini-sim", contents="hello there")
    chunks = list(client.models.generate_content_stream(model="gemini-sim", contents="hello there"))
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert chunks[-1].usage_metadata.model_dump() == whole.usage_metadata.model_dump()
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP


@pytest.mark.parametrize("streamed", [False, True])
def test_thoughts(client: genai.Client, streamed: bool) -> None:
    call = client.models.generate_content_stream if streamed else client.models.generate_content
    answer: Any = call(model="gemini-sim", contents="hi", config=config(thinking_config=THOUGHTS))
    chunks = list(answer) if streamed else [answer]
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    assert parts[0].thought
    assert any(part.thought_signature for part in parts)
    assert chunks[-1].usage_metadata.thoughts_token_count > 0


def test_tools_and_their_results(client: genai.Client) -> None:
    user = types.Content(role="user", parts=[types.Part(text=CALLS)])
    answer = client.models.generate_content(model="gemini-sim", contents=[user], config=config(tools=[TOOL]))
    assert [call.args for call in answer.function_calls] == [{"city": "Rome"}, {"city": "Zürich", "days": 2}]
    results = [
        types.Part.from_function_response(name="look_up", response={"result": f"sun {number}"}) for number in range(2)
    ]
    turns = [user, answer.candidates[0].content, types.Content(role="user", parts=results)]
    last = client.models.generate_content(model="gemini-sim", contents=turns, config=config(tools=[TOOL]))
    assert last.text == "TOOL RESULT: sun 0\nsun 1"


def test_automatic_function_calling(client: genai.Client) -> None:
    def look_up(city: str) -> str:
        """Looks up."""
        return f"sunny in {city}"

    answer = client.models.generate_content(
        model="gemini-sim",
        contents='SIM_TOOL look_up {"city": "Rome"}',
        config=types.GenerateContentConfig(tools=[look_up]),
    )
    assert answer.text == "TOOL RESULT: sunny in Rome"


class City(BaseModel):
    name: str
    population: int
    rivers: list[str]


def test_structured_output(client: genai.Client) -> None:
    wish = config(response_mime_type="application/json", response_schema=City)
    answer = client.models.generate_content(model="gemini-sim", contents="a city", config=wish)
    assert answer.parsed == City(name="simulated name", population=1, rivers=[])


def test_refusal_and_limit(client: genai.Client) -> None:
    blocked = client.models.generate_content(model="gemini-sim", contents="SIM_REFUSE")
    assert blocked.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
    short = client.models.generate_content(
        model="gemini-sim", contents="SIM_WORDS 9", config=config(max_output_tokens=2)
    )
    assert short.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS


def test_errors(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as raised:
        client.models.generate_content(model="gemini-sim", contents="SIM_ERROR 429")
    assert raised.value.status == "RESOURCE_EXHAUSTED"
    with pytest.raises(errors.APIError):
        list(client.models.generate_content_stream(model="gemini-sim", contents="SIM_ERROR_MID 3"))


def test_models_tokens_and_embeddings(client: genai.Client) -> None:
    assert [model.name for model in client.models.list()] == ["models/gemini-2.5-pro", "models/gemini-2.5-flash"]
    assert client.models.get(model="gemini-x").name == "models/gemini-x"
    assert client.models.count_tokens(model="gemini-sim", contents="one two three").total_tokens > 0
    assert client.models.embed_content(model="gemini-sim", contents="x").embeddings[0].values
