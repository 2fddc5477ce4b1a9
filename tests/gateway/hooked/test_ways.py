"""Answers of all formats, in one format and between two, buffered and streamed: what hooks do arrives at the client."""

from __future__ import annotations

import json

import pytest

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm.answer import Answer
from ccproxy.lightllm.translate import read_answer, read_stream
from ccproxy.lightllm.values import USAGE_FIELDS
from tests.gateway.hooked.masks import MASK, count, look, mask, nothing, shout
from tests.gateway.hooked.passage import JSON, SSE, Pieces, simulated, through
from tests.support.crossing import CLIENTS
from tests.support.disorder import wire
from tests.support.good_messages import good_bodies, good_streams
from tests.support.judges import body_faults, stream_faults
from tests.support.promises import ours
from tests.support.provider_answers import body_of, stream_of

FORMATS = list(CLIENTS)
ALL = [(client, provider) for client in FORMATS for provider in FORMATS]
WORDS = ["Hel", "lo sk-", "wxyz", "123 you, sk-zz"]
MASKED = f"Hello {MASK} you, sk-zz"
USAGE = {"stream_options": {"include_usage": True}}


def answer(provider: str, streamed: bool, words: list[str]) -> Pieces:
    if streamed:
        return Pieces(SSE, stream_of(provider, words))
    return Pieces(JSON, [json.dumps(body_of(provider, "".join(words))).encode()])


def check(client: str, provider: str, streamed: bool, body: bytes) -> None:
    """Asserts that this is an answer of the client's format."""
    judge = stream_faults if streamed else body_faults
    assert ours(WireFormat(provider), WireFormat(client), judge(WireFormat(client), body)) == [], body


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_what_a_hook_writes_is_what_the_client_reads(client: str, provider: str, streamed: bool) -> None:
    passed = through([mask], client, answer(provider, streamed, WORDS), provider, members=USAGE)
    got = passed.read(client)
    assert (got.text, got.usage) == (MASKED, (11, 5))
    assert b"wxyz" not in passed.body
    check(client, provider, streamed, passed.body)
    (result,) = passed.results
    assert (result.name, result.outcome, result.wrote) == ("mask", "ran", ("text",))
    exchange = passed.exchange
    assert exchange.done
    assert exchange.failure is None
    assert exchange.provider_response is not None
    assert exchange.response is not None
    assert (exchange.provider_response.complete, exchange.response.complete) == (True, True)
    assert b"wxyz" in exchange.provider_response.body
    assert exchange.response.body == passed.body


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("client", FORMATS)
def test_hooks_that_only_look_leave_every_byte(client: str, streamed: bool) -> None:
    incoming = answer(client, streamed, WORDS)
    came = [piece for piece in incoming.left if isinstance(piece, bytes)]
    passed = through([count, look], client, incoming)
    assert passed.chunks == came
    assert passed.reply.headers == incoming.headers
    assert passed.outcomes() == ["ran", "ran"]
    assert passed.exchange.response is passed.exchange.provider_response
    assert passed.exchange.done
    tags = passed.exchange.tags
    assert (tags["characters"], tags["output"], tags["End"]) == (str(len("".join(WORDS))), "5", "1")


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_counts_are_of_what_the_hooks_before_left(client: str, provider: str, streamed: bool) -> None:
    passed = through([mask, shout, count], client, answer(provider, streamed, WORDS), provider)
    assert passed.read(client).text == MASKED.upper()
    assert passed.exchange.tags["characters"] == str(len(MASKED))
    assert passed.outcomes() == ["ran"] * 3
    assert passed.results[2].wrote == ("exchange.tags",)


@pytest.mark.parametrize("client", FORMATS)
def test_a_stream_is_passed_on_as_it_comes(client: str) -> None:
    """For each piece that the provider sends there is one for the client, but for what the hook holds back itself."""
    for hooks in ([shout], [count]):
        incoming = answer(client, True, ["one ", "two ", "three "])
        sent = len(incoming.left)
        passed = through(hooks, client, incoming)
        assert len(passed.chunks) >= sent
        said = [
            chunk for chunk in passed.chunks if any(word in chunk.lower() for word in (b"one ", b"two ", b"three "))
        ]
        assert len(said) >= 3
        assert all(word not in said[0].lower() for word in (b"two ", b"three "))


def same(one: Answer, other: Answer) -> None:
    """Asserts that two answers are the same, where a count that nobody gave is as good as none."""
    assert one.blocks == other.blocks
    assert (one.finish, one.error, one.complete) == (other.finish, other.error, other.complete)
    for name in USAGE_FIELDS:
        assert (getattr(one.usage, name) or 0) == (getattr(other.usage, name) or 0), name
    assert one.start.id in ("", other.start.id)
    assert one.start.model in ("", other.start.model)


@pytest.mark.parametrize("format", CLIENT_FORMATS)
def test_a_hook_that_does_nothing_changes_nothing_that_a_client_reads(format: WireFormat) -> None:
    for frames in good_streams()[format]:
        sent = wire(frames)
        passed = through([nothing], format.value, Pieces(SSE, [sent]), members=USAGE)
        same(read_stream(sent, format), read_stream(passed.body, format))
    for document in good_bodies()[format]:
        passed = through([nothing], format.value, Pieces(JSON, [json.dumps(document).encode()]))
        same(read_answer(document, format), read_answer(json.loads(passed.body), format))


# -- the simulator, by its real carrier


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_the_simulators_answers(client: str, provider: str, streamed: bool) -> None:
    text = "SIM_ECHO Hello sk-abc123, how are you?"
    passed = simulated([mask, count], client, streamed, text, provider=provider)
    assert passed.read(client).text.endswith(f"Hello {MASK}, how are you?")
    assert passed.outcomes() == ["ran", "ran"]
    check(client, provider, streamed, passed.body)


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_thinking_and_calls_pass_through(client: str, provider: str, streamed: bool) -> None:
    tool = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tools = {
        "anthropic": {"tools": [{"name": "look", "input_schema": tool}]},
        "openai": {"tools": [{"type": "function", "function": {"name": "look", "parameters": tool}}]},
        "openai_responses": {"tools": [{"type": "function", "name": "look", "parameters": tool}]},
        "gemini": {"tools": [{"functionDeclarations": [{"name": "look", "parameters": tool}]}]},
    }
    text = 'SIM_THINK SIM_TOOL look {"city": "Rome"}'
    passed = simulated([shout, count], client, streamed, text, provider=provider, members=tools[client])
    assert passed.exchange.tags["ToolCallStart"] == "1"
    assert "ThinkingStart" in passed.exchange.tags
    assert b"look" in passed.body
    assert json.loads(passed.exchange.tags["arguments"]) == {"city": "Rome"}
    assert passed.outcomes() == ["ran", "ran"]
    check(client, provider, streamed, passed.body)
