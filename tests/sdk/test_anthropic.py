"""The official anthropic SDK."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import pytest

from tests.sdk.conftest import KEY, LOOK
from tests.support.daemon import Daemon

TOOL = {"name": "look_up", "description": "Looks the weather up.", "input_schema": LOOK}
ERRORS = {
    400: anthropic.BadRequestError,
    401: anthropic.AuthenticationError,
    403: anthropic.PermissionDeniedError,
    404: anthropic.NotFoundError,
    429: anthropic.RateLimitError,
    500: anthropic.InternalServerError,
    529: anthropic.InternalServerError,
}


@pytest.fixture
def client(simulated: Daemon) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=simulated.url, api_key=KEY, max_retries=0, timeout=20) as made:
        yield made


def ask(text: str) -> dict[str, object]:
    """What every call here has in common."""
    return {"model": "claude-sim", "max_tokens": 400, "messages": [{"role": "user", "content": text}]}


def test_a_turn(client: anthropic.Anthropic) -> None:
    message = client.messages.create(**ask("hello there"))
    assert message.content[0].type == "text"
    assert "hello there" in message.content[0].text
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0


def test_a_streamed_turn_is_the_same(client: anthropic.Anthropic) -> None:
    whole = client.messages.create(**ask("hello there"))
    with client.messages.stream(**ask("hello there")) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert len(pieces) > 1
    assert "".join(pieces) == whole.content[0].text
    assert (final.stop_reason, final.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
def test_a_tool_turn(client: anthropic.Anthropic, streamed: bool) -> None:
    question = ask('SIM_TOOL look_up {"city": "Zürich", "days": 2}') | {"tools": [TOOL]}
    if streamed:
        with client.messages.stream(**question) as stream:
            first = stream.get_final_message()
    else:
        first = client.messages.create(**question)
    assert first.stop_reason == "tool_use"
    (use,) = [block for block in first.content if block.type == "tool_use"]
    assert (use.name, use.input) == ("look_up", {"city": "Zürich", "days": 2})
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "sunny all day"}
    turns = [
        *question["messages"],
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    last = client.messages.create(**question | {"messages": turns})
    assert last.stop_reason == "end_turn"
    assert "sunny all day" in last.content[0].text


def test_thinking(client: anthropic.Anthropic) -> None:
    question = ask("hello") | {"max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    with client.messages.stream(**question) as stream:
        final = stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert final.content[0].signature


def test_counting_tokens(client: anthropic.Anthropic) -> None:
    counted = client.messages.count_tokens(model="claude-sim", messages=[{"role": "user", "content": "one two three"}])
    assert counted.input_tokens > 0


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
def test_errors(client: anthropic.Anthropic, status: int, streamed: bool) -> None:
    with pytest.raises(ERRORS[status]) as raised:
        client.messages.create(**ask(f"SIM_ERROR {status}"), stream=streamed)
    assert raised.value.status_code == status
    assert raised.value.body["error"]["message"]


@pytest.mark.parametrize("marker", ["SIM_ERROR_MID 3", "SIM_CUT 3", "SIM_RESET 3"])
def test_errors_in_the_middle_of_a_stream(client: anthropic.Anthropic, marker: str) -> None:
    with pytest.raises(anthropic.APIError), client.messages.stream(**ask(marker)) as stream:
        stream.get_final_message()


def test_an_unknown_provider(client: anthropic.Anthropic) -> None:
    stranger = client.with_options(api_key="sk-ant-oat-ccproxy-nobody")
    with pytest.raises(anthropic.AuthenticationError, match="nobody"):
        stranger.messages.create(**ask("hello"))


def test_no_route(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.InternalServerError) as raised:
        client.with_options(api_key="sk-ant-real").messages.create(**ask("hello"))
    assert raised.value.status_code == 501
