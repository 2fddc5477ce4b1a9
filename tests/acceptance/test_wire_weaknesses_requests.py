"""Weaknesses of ai-ccproxy 2.0 in requests, by their numbers in the specification of the wire layer (section 7.2).

C11 to C19 are here. W-DATA-3, W-DATA-4, W-DATA-5, W-DATA-7 and W-DATA-14 of the core's specification are C11, C12,
C13, C14 and R9 by other names.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest
from anthropic.types import message_create_params as anthropic_params
from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import response_create_params as responses_params

from tests.support.configs import provider as configured
from tests.support.crossing import CLIENTS, PAIRS, answering, ask_across, document, read, received
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, DIALECTS, Dialect
from tests.support.replies import json_reply
from tests.support.upstream import Upstream

STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
PNG = "iVBORw0KGgo="
KNOWN: dict[str, set[str]] = {
    # The SDK has dropped what the newest models refuse and older ones take.
    "anthropic": {"temperature", "top_p", "top_k", *get_type_hints(anthropic_params.MessageCreateParamsStreaming)},
    "openai": set(get_type_hints(chat_params.CompletionCreateParamsStreaming)),
    "openai_responses": set(get_type_hints(responses_params.ResponseCreateParamsStreaming)),
    # https://ai.google.dev/api/generate-content#request-body
    "gemini": {
        "contents", "systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig", "cachedContent",
        "serviceTier", "store",
    },
}  # fmt: skip
"""Members that each API has at the top of a request; an unknown one is a 400."""
SHARED = {
    ("openai", "openai_responses", "metadata"), ("openai_responses", "openai", "metadata"),
}  # fmt: skip
"""Client, provider and a member that means the same to both."""
GENERATION = {
    "stopSequences", "responseMimeType", "responseSchema", "responseJsonSchema", "responseModalities", "candidateCount",
    "maxOutputTokens", "temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty", "responseLogprobs",
    "logprobs", "enableEnhancedCivicAnswers", "speechConfig", "thinkingConfig", "imageConfig", "mediaResolution",
}  # fmt: skip


@pytest.fixture(scope="module")
def templated(shared_upstream: Upstream) -> Iterator[Daemon]:
    """A daemon whose provider has a query in its path."""
    path = "/v1beta/models/{model}:{action}?alt=sse&tenant=7"
    with Daemon({"providers": {"tenant": configured("gemini", shared_upstream.url, path=path)}}) as running:
        yield running


def test_C11_a_query_does_not_make_it_a_translation(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    headers = [ANTHROPIC.key(), (b"user-agent", agent.encode())]
    body = ANTHROPIC.body().replace(b"}", b' ,"container":"c" }', 1)
    assert daemon.ask("POST", "/v1/messages?beta=true", headers, body).status == 200
    (seen,) = upstream.requests
    assert (seen.target, seen.body) == (b"/v1/messages?beta=true", body)
    assert daemon.flow(agent)["action"] == "redirect"


@pytest.mark.parametrize("provider", ["openai", "openai_responses", "gemini"])
def test_C11_nor_does_it_get_in_the_way_of_one(daemon: Daemon, upstream: Upstream, provider: str) -> None:
    upstream.script = answering(provider, sse=False)
    answer = daemon.ask("POST", "/v1/messages?beta=true", [ANTHROPIC.key(provider)], document(ANTHROPIC))
    assert read("anthropic", answer).text == "Hello there"
    (seen,) = upstream.requests
    assert b"beta=" not in seen.target


@pytest.mark.parametrize("provider", CLIENTS)
def test_C12_counting_tokens_is_never_a_completion(daemon: Daemon, upstream: Upstream, provider: str) -> None:
    upstream.script = json_reply({"input_tokens": 3, "totalTokens": 3})
    answer = daemon.ask("POST", "/v1/messages/count_tokens?beta=true", [ANTHROPIC.key(provider)], ANTHROPIC.body())
    assert answer.json()["input_tokens"] >= 1
    expected = {
        "anthropic": [b"/v1/messages/count_tokens?beta=true"],
        "openai": [],
        "openai_responses": [b"/v1/responses/input_tokens"],
        "gemini": [b"/v1beta/models/m-1:countTokens"],
    }
    assert [seen.target for seen in upstream.requests] == expected[provider]


@STREAMED
def test_C13_the_query_of_a_providers_path_stays(templated: Daemon, upstream: Upstream, streamed: bool) -> None:
    upstream.script = answering("gemini", sse=streamed)
    assert read("anthropic", ask_across(templated, "anthropic", "tenant", stream=streamed)).text == "Hello there"
    (seen,) = upstream.requests
    action = b"streamGenerateContent" if streamed else b"generateContent"
    assert seen.target == b"/v1beta/models/m-1:" + action + b"?alt=sse&tenant=7"


@STREAMED
@pytest.mark.parametrize("provider", ["anthropic", "openai", "openai_responses"])
def test_C14_a_gemini_clients_conversation_arrives(
    daemon: Daemon, upstream: Upstream, provider: str, streamed: bool
) -> None:
    upstream.script = answering(provider, sse=streamed)
    contents = [
        {"role": "user", "parts": [{"text": "first"}]},
        {"role": "model", "parts": [{"text": "second"}]},
        {"role": "user", "parts": [{"text": "third"}]},
    ]
    members = {"contents": contents, "systemInstruction": {"parts": [{"text": "be brief"}]}}
    assert read("gemini", ask_across(daemon, "gemini", provider, members, stream=streamed)).text == "Hello there"
    sent = json.dumps(received(upstream))
    places = [sent.index(text) for text in ("first", "second", "third")]
    assert places == sorted(places)
    assert "be brief" in sent


IMAGE_CHAT = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "high"}}
EVERYTHING: dict[str, dict[str, Any]] = {
    "anthropic": {
        "system": [
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "2h"}},
        ],
        "messages": [{"role": "user", "content": [{"type": "novelty", "x": 1}, {"type": "text", "text": "hi"}]}],
        "thinking": {"type": "adaptive"},
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
        "tools": [
            {"name": "left", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
        ],
        "output_config": {"effort": "high"},
        "context_management": {"edits": []},
        "container": "c",
        "mcp_servers": [],
        "service_tier": "auto",
        "metadata": {"user_id": "u"},
        "betas": ["x"],
        "inference_geo": "eu",
        "top_k": 3,
    },
    "openai": {
        "messages": [{"role": "user", "name": "bob", "content": [IMAGE_CHAT, {"type": "text", "text": "hi"}]}],
        "stream_options": {"include_usage": True, "include_obfuscation": False},
        "response_format": {"type": "json_object"},
        "tool_choice": {"type": "function", "function": {"name": "left"}},
        "tools": [{"type": "function", "function": {"name": "left", "strict": True, "parameters": {"type": "object"}}}],
        "reasoning_effort": "high",
        "n": 2,
        "logprobs": True,
        "logit_bias": {"1": 2},
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "wav"},
        "prediction": {"type": "content", "content": "x"},
        "store": True,
        "metadata": {"a": "b"},
        "web_search_options": {},
        "verbosity": "low",
        "user": "u",
        "seed": 3,
        "frequency_penalty": 1,
        "functions": [],
        "prompt_cache_key": "k",
        "safety_identifier": "s",
    },
    "openai_responses": {
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}, {"type": "novelty", "x": 1}],
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "high", "summary": "auto"},
        "text": {"verbosity": "low", "format": {"type": "json_object"}},
        "truncation": "auto",
        "store": True,
        "tools": [
            {"type": "function", "name": "left", "parameters": {"type": "object"}, "strict": True},
            {"type": "web_search"},
            {"type": "local_shell"},
        ],
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "left"}]},
        "max_tool_calls": 3,
        "client_metadata": {"x": "y"},
        "prompt_cache_key": "k",
        "prompt_cache_retention": "24h",
        "service_tier": "flex",
        "metadata": {"a": "b"},
    },
    "gemini": {
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "tools": [{"functionDeclarations": [{"name": "left"}]}, {"googleSearch": {}}, {"codeExecution": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["left"]}},
        "cachedContent": "cachedContents/1",
        "labels": {"a": "b"},
        "generationConfig": {
            "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 2048},
            "responseModalities": ["TEXT"],
            "speechConfig": {},
            "candidateCount": 2,
            "topK": 3,
            "mediaResolution": "MEDIA_RESOLUTION_LOW",
        },
    },
}
"""Of each API, what the others have otherwise or not at all."""


@STREAMED
@pytest.mark.parametrize(("client", "provider"), PAIRS)
def test_C15_nothing_is_pasted_into_another_api(
    daemon: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool
) -> None:
    """Neither fields of the client's API nor marks of our own; what was left out is named."""
    upstream.script = answering(provider, sse=streamed)
    answer = ask_across(daemon, client, provider, EVERYTHING[client], stream=streamed)
    assert read(client, answer).text == "Hello there"
    sent = received(upstream)
    assert sent.keys() <= KNOWN[provider]
    assert set(sent.get("generationConfig", {})) <= GENERATION
    assert answer.field("x-ccproxy-dropped")
    for member, value in sent.items():
        own = EVERYTHING[client].get(member)
        same = (client, provider, member) in SHARED
        assert same or not isinstance(own, dict) or value != own, member
    assert "novelty" not in sent
    assert not any(":" in member for member in sent)


def test_C16_documents_thinking_and_stops_that_crashed(daemon: Daemon, upstream: Upstream) -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "the whole story"}
    inside = {"type": "content", "content": [{"type": "text", "text": "the other story"}]}
    content = [{"type": "document", "source": source}, {"type": "document", "source": inside}]
    thought = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "ok"}]
    turns = [
        {"role": "user", "content": content},
        {"role": "assistant", "content": thought},
        {"role": "user", "content": "go on"},
    ]
    for provider in ("openai", "openai_responses", "gemini"):
        upstream.forget()
        upstream.script = answering(provider, sse=False)
        members = {"messages": turns, "stop_sequences": []}
        assert read("anthropic", ask_across(daemon, "anthropic", provider, members)).text == "Hello there"
        sent = upstream.requests[0].body.decode()
        for story in ("the whole story", "the other story"):
            assert story in sent or base64.b64encode(story.encode()).decode() in sent
    for client, member in (("openai", {"stop": []}), ("gemini", {"generationConfig": {"stopSequences": []}})):
        provider = "anthropic"
        upstream.script = answering(provider, sse=False)
        assert read(client, ask_across(daemon, client, provider, member)).text == "Hello there"


def test_C17_an_image_is_an_image(daemon: Daemon, upstream: Upstream) -> None:
    upstream.script = answering("openai_responses", sse=False)
    members = {"messages": [{"role": "user", "content": [IMAGE_CHAT]}]}
    assert read("openai", ask_across(daemon, "openai", "openai_responses", members)).text == "Hello there"
    (item,) = received(upstream)["input"]
    (image,) = item["content"]
    assert (image["type"], image["image_url"]) == ("input_image", f"data:image/png;base64,{PNG}")
    assert image["detail"] == "high"


def test_C18_instructions_reach_the_provider(daemon: Daemon, upstream: Upstream) -> None:
    """They were replaced by Codex' own, on the way to Codex at least."""
    upstream.script = answering("openai_responses", sse=False)
    members = {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]}
    ask_across(daemon, "openai", "openai_responses", members)
    assert received(upstream)["instructions"] == "be brief"
    upstream.forget()
    body = b'{"model":"m" ,"instructions":"be brief","input":"hi"}'
    headers = [CLIENTS["openai_responses"].key()]
    assert daemon.ask("POST", "/backend-api/codex/responses", headers, body).status == 200
    assert upstream.requests[0].body == body
    upstream.forget()
    upstream.script = answering("anthropic", sse=False)
    ask_across(daemon, "openai_responses", "anthropic", {"instructions": "be brief"})
    assert "be brief" in json.dumps(received(upstream)["system"])


@pytest.mark.parametrize("client", [dialect for dialect in DIALECTS if dialect.name != "gemini"], ids=lambda c: c.name)
def test_C19_gemini_gets_the_tools_and_no_cap(daemon: Daemon, upstream: Upstream, client: Dialect) -> None:
    tools: dict[str, list[dict[str, Any]]] = {
        "anthropic": [{"name": "left", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}}],
        "openai": [{"type": "function", "function": {"name": "left", "parameters": {"type": "object"}}}],
        "openai_responses": [{"type": "function", "name": "left", "parameters": {"type": "object"}, "strict": False}],
    }
    members: dict[str, Any] = {"tools": tools[client.name]}
    members["tool_choice"] = {"type": "any"} if client is ANTHROPIC else "required"
    upstream.script = answering("gemini", sse=False)
    assert read(client.name, ask_across(daemon, client.name, "gemini", members)).text == "Hello there"
    sent = received(upstream)
    assert [each["name"] for tool in sent["tools"] for each in tool["functionDeclarations"]] == ["left"]
    assert sent["toolConfig"]["functionCallingConfig"]["mode"] == "ANY"
    settings = sent.get("generationConfig", {})
    assert settings.get("maxOutputTokens") == (64 if client is ANTHROPIC else None)
    assert not {"temperature", "topP", "topK"} & settings.keys()


def test_C19_a_gemini_clients_request_stays_as_it_is(daemon: Daemon, upstream: Upstream) -> None:
    body = json.dumps(CLIENTS["gemini"].request | EVERYTHING["gemini"], separators=(" ,", " : ")).encode()
    headers = [CLIENTS["gemini"].key()]
    assert daemon.ask("POST", "/v1beta/models/m:generateContent", headers, body).status == 200
    assert upstream.requests[0].body == body
