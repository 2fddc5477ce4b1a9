"""Counting tokens in every direction: by the provider's own call, or as an estimate that says that it is one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.crossing import CLIENTS
from tests.support.daemon import Daemon
from tests.support.http import Header, Response
from tests.support.provider_answers import error_of
from tests.support.replies import JSON, json_reply, reply
from tests.support.upstream import Upstream

CALLS = {
    "anthropic": "/v1/messages/count_tokens",
    "openai_responses": "/v1/responses/input_tokens",
    "gemini": "/v1beta/models/m-1:countTokens",
}
ANSWERS: dict[str, dict[str, Any]] = {
    "anthropic": {"input_tokens": 42},
    "openai_responses": {"object": "response.input_tokens", "input_tokens": 42},
    "gemini": {"totalTokens": 42, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 42}]},
}
PAIRS = [(client, provider) for client in CALLS for provider in ANSWERS if client != provider]
GENERATION_ONLY = {
    "stream", "max_tokens", "max_output_tokens", "temperature", "top_p", "top_k", "stop_sequences", "store", "include",
    "metadata", "service_tier", "user",
}  # fmt: skip
"""Members that the counting calls of Anthropic and OpenAI do not have."""
SETTINGS: dict[str, dict[str, Any]] = {
    "anthropic": {"system": "be brief", "max_tokens": 99, "temperature": 0.5, "stream": True, "top_p": 0.5},
    "openai_responses": {"instructions": "be brief", "max_output_tokens": 99, "temperature": 0.5, "top_p": 0.5},
    "gemini": {},
}


def request_of(client: str, text: str = "how long is this") -> dict[str, Any]:
    match client:
        case "anthropic":
            return {"model": "m-1", "messages": [{"role": "user", "content": text}]}
        case "openai_responses":
            return {"model": "m-1", "input": text}
        case _:
            return {"contents": [{"role": "user", "parts": [{"text": text}]}]}


def count(daemon: Daemon, client: str, provider: str, asked: dict[str, Any], *headers: Header) -> Response:
    key = CLIENTS[client].key(provider)
    return daemon.ask("POST", CALLS[client], [key, *headers], json.dumps(asked).encode())


@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_the_provider_counts(daemon: Daemon, upstream: Upstream, client: str, provider: str) -> None:
    upstream.script = json_reply(ANSWERS[provider])
    answer = count(daemon, client, provider, request_of(client) | SETTINGS[client])
    assert answer.status == 200, answer.body
    assert answer.json() == {name: value for name, value in ANSWERS[client].items() if name != "promptTokensDetails"}
    assert answer.field("x-ccproxy-estimated") is None
    (seen,) = upstream.requests
    assert seen.target == CALLS[provider].encode()
    sent = json.loads(seen.body)
    assert "how long is this" in json.dumps(sent)
    assert not GENERATION_ONLY & sent.keys()
    assert ("be brief" in json.dumps(sent)) is (client != "gemini")


@pytest.mark.parametrize("provider", ["anthropic", "openai_responses"])
def test_gemini_clients_may_ask_about_a_whole_request(daemon: Daemon, upstream: Upstream, provider: str) -> None:
    upstream.script = json_reply(ANSWERS[provider])
    whole = request_of("gemini") | {"model": "models/m-1", "systemInstruction": {"parts": [{"text": "be brief"}]}}
    answer = count(daemon, "gemini", provider, {"generateContentRequest": whole})
    assert answer.json() == {"totalTokens": 42}
    (seen,) = upstream.requests
    assert "be brief" in seen.body.decode()
    assert "generateContentRequest" not in seen.body.decode()


@pytest.mark.parametrize("client", CALLS)
def test_where_there_is_no_call_for_it_an_estimate_is_given(
    daemon: Daemon, upstream: Upstream, client: str, agent: str
) -> None:
    """Chat Completions cannot count: nothing is sent."""
    answer = count(daemon, client, "openai", request_of(client, "a" * 400), (b"user-agent", agent.encode()))
    assert answer.status == 200, answer.body
    assert answer.field("x-ccproxy-estimated") == b"true"
    (number,) = [value for value in answer.json().values() if isinstance(value, int)]
    assert 100 <= number <= 110
    assert upstream.requests == []
    flow = daemon.flow(agent)
    assert (flow["action"], flow["provider"], flow["error"], flow["status"]) == ("transform", "openai", None, 200)


@pytest.mark.parametrize("status", [404, 405, 501])
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_a_compatible_server_without_that_call(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, status: int
) -> None:
    upstream.script = reply(status, [(b"Content-Type", b"text/html")], b"<h1>not here</h1>")
    answer = count(daemon, client, provider, request_of(client, "a" * 400))
    assert answer.status == 200
    assert answer.field("x-ccproxy-estimated") == b"true"
    assert answer.json().keys() == {"totalTokens"} if client == "gemini" else ANSWERS[client].keys()


@pytest.mark.parametrize("status", [400, 401, 429, 500])
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_errors_are_errors(daemon: Daemon, upstream: Upstream, client: str, provider: str, status: int) -> None:
    upstream.script = json_reply(error_of(provider, status, "this is why"), status, [(b"retry-after", b"9")])
    answer = count(daemon, client, provider, request_of(client))
    assert "this is why" in CLIENTS[client].error(answer, status)
    assert answer.field("retry-after") == b"9"


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"<html>", b'{"input_tokens": "many"}', b"[42]", b'{"totalTokens": true}']
)
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_what_is_no_count_is_an_error(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, body: bytes
) -> None:
    upstream.script = reply(200, [JSON], body)
    assert CLIENTS[client].error(count(daemon, client, provider, request_of(client)), 502)


def test_images_count_at_a_flat_rate(daemon: Daemon) -> None:
    """Base64 is no text: a megabyte of it would be a quarter of a million tokens."""
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo" + "A" * 1_000_000}
    asked = {"model": "m", "messages": [{"role": "user", "content": [{"type": "image", "source": source}]}]}
    assert 1000 <= count(daemon, "anthropic", "openai", asked).json()["input_tokens"] <= 3000


@pytest.mark.parametrize("client", CALLS)
def test_a_request_that_makes_no_sense_is_refused(daemon: Daemon, upstream: Upstream, client: str) -> None:
    provider = "gemini" if client != "gemini" else "anthropic"
    for asked in ({"model": "m", "messages": 3, "input": 3, "contents": 3}, {"model": "m", "messages": [7]}):
        assert CLIENTS[client].error(count(daemon, client, provider, asked), 400)
    assert upstream.requests == []
