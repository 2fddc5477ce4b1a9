"""The official openai SDK: Chat Completions and Responses."""

from __future__ import annotations

import json
from collections.abc import Iterator

import openai
import pytest

from tests.sdk.conftest import KEY, LOOK
from tests.support.daemon import Daemon

CHAT_TOOL = {"type": "function", "function": {"name": "look_up", "description": "Looks up.", "parameters": LOOK}}
TOOL = {"type": "function", "name": "look_up", "description": "Looks up.", "parameters": LOOK}
CALL = 'SIM_TOOL look_up {"city": "Zürich", "days": 2}'
ERRORS = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
}


@pytest.fixture
def client(simulated: Daemon) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{simulated.url}/v1", api_key=KEY, max_retries=0, timeout=20) as made:
        yield made


def chat(text: str) -> dict[str, object]:
    """What every chat call here has in common."""
    return {"model": "gpt-sim", "messages": [{"role": "user", "content": text}]}


def test_a_chat_turn(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(**chat("hello there"))
    assert "hello there" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def test_a_streamed_chat_turn_is_the_same(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(**chat("hello there"))
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(**chat("hello there"), **options))
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert len([piece for piece in pieces if piece]) > 1
    assert "".join(pieces) == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
def test_a_chat_tool_turn(client: openai.OpenAI, streamed: bool) -> None:
    question = chat(CALL) | {"tools": [CHAT_TOOL]}
    if streamed:
        with client.chat.completions.stream(**question) as stream:
            first = stream.get_final_completion()
    else:
        first = client.chat.completions.create(**question)
    assert first.choices[0].finish_reason == "tool_calls"
    (call,) = first.choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("look_up", {"city": "Zürich", "days": 2})
    turns = [
        *question["messages"],
        first.choices[0].message.to_dict(),
        {"role": "tool", "tool_call_id": call.id, "content": "sunny all day"},
    ]
    last = client.chat.completions.create(**question | {"messages": turns})
    assert "sunny all day" in last.choices[0].message.content


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("api", ["chat", "responses"])
def test_errors(client: openai.OpenAI, api: str, status: int, streamed: bool) -> None:
    text = f"SIM_ERROR {status}"
    create = client.chat.completions.create if api == "chat" else client.responses.create
    question = chat(text) if api == "chat" else {"model": "gpt-sim", "input": text}
    with pytest.raises(ERRORS[status]) as raised:
        create(**question, stream=streamed)
    assert raised.value.status_code == status
    assert raised.value.body["message"]


@pytest.mark.parametrize("marker", ["SIM_ERROR_MID 3", "SIM_CUT 3", "SIM_RESET 3"])
def test_errors_in_the_middle_of_a_chat_stream(client: openai.OpenAI, marker: str) -> None:
    with pytest.raises(openai.APIError):
        list(client.chat.completions.create(**chat(marker), stream=True))


def test_a_response(client: openai.OpenAI) -> None:
    answer = client.responses.create(model="gpt-sim", input="hello there")
    assert (answer.status, answer.object) == ("completed", "response")
    assert "hello there" in answer.output_text
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0


def test_a_streamed_response_is_the_same(client: openai.OpenAI) -> None:
    whole = client.responses.create(model="gpt-sim", input="hello there")
    with client.responses.stream(model="gpt-sim", input="hello there") as stream:
        events = list(stream)
        final = stream.get_final_response()
    pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(pieces) > 1
    assert "".join(pieces) == whole.output_text == final.output_text
    assert [event.sequence_number for event in events] == sorted(event.sequence_number for event in events)
    assert final.usage.output_tokens == whole.usage.output_tokens


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
def test_a_responses_tool_turn(client: openai.OpenAI, streamed: bool) -> None:
    question = {"model": "gpt-sim", "input": [{"role": "user", "content": CALL}], "tools": [TOOL]}
    if streamed:
        with client.responses.stream(**question) as stream:
            stream.until_done()
            first = stream.get_final_response()
    else:
        first = client.responses.create(**question)
    (call,) = [item for item in first.output if item.type == "function_call"]
    assert (call.name, json.loads(call.arguments)) == ("look_up", {"city": "Zürich", "days": 2})
    turns = [
        *question["input"],
        {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments},
        {"type": "function_call_output", "call_id": call.call_id, "output": "sunny all day"},
    ]
    last = client.responses.create(**question | {"input": turns})
    assert "sunny all day" in last.output_text


@pytest.mark.parametrize("marker", ["SIM_ERROR_MID 3", "SIM_CUT 3", "SIM_RESET 3"])
def test_errors_in_the_middle_of_a_response_stream(client: openai.OpenAI, marker: str) -> None:
    """The SDK raises on `error` events; `response.failed` it hands to the caller as the final response."""
    last = None
    try:
        for event in client.responses.create(model="gpt-sim", input=marker, stream=True):
            last = event
    except openai.APIError:
        return
    assert last is not None
    assert last.type == "response.failed"
    assert last.response.error is not None


def test_an_unknown_response_id(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve("resp_none")


def test_an_unknown_provider(client: openai.OpenAI) -> None:
    key = "sk-ant-oat-ccproxy-nobody"
    stranger = client.with_options(api_key=key)
    with pytest.raises(openai.AuthenticationError, match="nobody"):
        stranger.chat.completions.create(**chat("hello"))
    with pytest.raises(openai.AuthenticationError, match="nobody"):
        stranger.responses.create(model="gpt-sim", input="hello")


def test_models(client: openai.OpenAI) -> None:
    assert list(client.models.list())
