"""The official google-genai SDK. It calls `/v1/models/…` or `/v1beta/models/…` by its API version."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google import genai
from google.genai import errors, types

from tests.sdk.conftest import KEY, LOOK
from tests.support.daemon import Daemon

TOOL = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(name="look_up", description="Looks up.", parameters_json_schema=LOOK)
    ]
)
ERRORS = {400: errors.ClientError, 401: errors.ClientError, 429: errors.ClientError, 500: errors.ServerError}


@pytest.fixture(params=["v1beta", "v1", "v1alpha"])
def client(simulated: Daemon, request: pytest.FixtureRequest) -> Iterator[genai.Client]:
    with make(simulated, KEY, request.param) as made:
        yield made


def make(daemon: Daemon, key: str, version: str = "v1beta") -> genai.Client:
    """A client without retries."""
    options = types.HttpOptions(
        base_url=daemon.url, api_version=version, timeout=20_000, retry_options=types.HttpRetryOptions(attempts=1)
    )
    return genai.Client(api_key=key, http_options=options)


def test_a_turn(client: genai.Client) -> None:
    answer = client.models.generate_content(model="gemini-sim", contents="hello there")
    assert "hello there" in answer.text
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert answer.usage_metadata.total_token_count > 0


def test_a_streamed_turn_is_the_same(client: genai.Client) -> None:
    whole = client.models.generate_content(model="gemini-sim", contents="hello there")
    chunks = list(client.models.generate_content_stream(model="gemini-sim", contents="hello there"))
    assert len(chunks) > 1
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert chunks[-1].usage_metadata.candidates_token_count == whole.usage_metadata.candidates_token_count


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
def test_a_tool_turn(client: genai.Client, streamed: bool) -> None:
    config = types.GenerateContentConfig(
        tools=[TOOL], automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True)
    )
    user = types.Content(role="user", parts=[types.Part(text='SIM_TOOL look_up {"city": "Zürich", "days": 2}')])
    if streamed:
        chunks = client.models.generate_content_stream(model="gemini-sim", contents=[user], config=config)
        parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts or []]
    else:
        answer = client.models.generate_content(model="gemini-sim", contents=[user], config=config)
        parts = answer.candidates[0].content.parts
    (call,) = [part.function_call for part in parts if part.function_call]
    assert (call.name, call.args) == ("look_up", {"city": "Zürich", "days": 2})
    turns = [
        user,
        types.Content(role="model", parts=parts),
        types.Content(
            role="user",
            parts=[types.Part.from_function_response(name="look_up", response={"result": "sunny all day"})],
        ),
    ]
    last = client.models.generate_content(model="gemini-sim", contents=turns, config=config)
    assert "sunny all day" in last.text


def test_counting_tokens(client: genai.Client) -> None:
    assert client.models.count_tokens(model="gemini-sim", contents="one two three").total_tokens > 0


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
def test_errors(client: genai.Client, status: int, streamed: bool) -> None:
    call = client.models.generate_content_stream if streamed else client.models.generate_content
    with pytest.raises(ERRORS[status]) as raised:
        list(call(model="gemini-sim", contents=f"SIM_ERROR {status}"))
    assert raised.value.code == status
    assert raised.value.message


@pytest.mark.parametrize("marker", ["SIM_ERROR_MID 3", "SIM_CUT 3", "SIM_RESET 3"])
def test_errors_in_the_middle_of_a_stream(client: genai.Client, marker: str) -> None:
    with pytest.raises(errors.APIError):
        list(client.models.generate_content_stream(model="gemini-sim", contents=marker))


def test_an_unknown_provider(simulated: Daemon) -> None:
    with (
        make(simulated, "sk-ant-oat-ccproxy-nobody") as client,
        pytest.raises(errors.ClientError, match="nobody") as raised,
    ):
        client.models.generate_content(model="gemini-sim", contents="hello")
    assert raised.value.code == 401
