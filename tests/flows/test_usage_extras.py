"""What changes the price of tokens, beside their number."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse, Message, WebSocketRecord
from ccproxy.flows.usage.extras import extras
from ccproxy.flows.usage.usage import Usage, usage_dict, usage_of

ANTHROPIC = {
    "input_tokens": 10,
    "output_tokens": 1,
    "cache_creation_input_tokens": 900,
    "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 600},
    "server_tool_use": {"web_search_requests": 2},
    "service_tier": "standard",
    "speed": "fast",
}
GEMINI = {
    "promptTokenCount": 50,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}, {"modality": "AUDIO", "tokenCount": 30}],
    "cachedContentTokenCount": 6,
    "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}, {"modality": "TEXT", "tokenCount": 1}],
    "candidatesTokenCount": 7,
    "serviceTier": "FLEX",
}
CHAT = {
    "prompt_tokens": 30,
    "completion_tokens": 20,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 12},
    "completion_tokens_details": {"audio_tokens": 15},
}


def answer(document: Any) -> Exchange:
    ex = Exchange(HttpRequest("POST", b"/", []))
    ex.provider_response = HttpResponse(200, [], chunks=[orjson.dumps(document)])
    return ex


@pytest.mark.parametrize(
    ("document", "usage"),
    [
        (
            {"usage": ANTHROPIC},
            Usage(10, 1, 0, 900, cache_creation_1h_input_tokens=600, web_search_requests=2, tier="fast"),
        ),
        ({"usageMetadata": GEMINI}, Usage(44, 7, 6, input_audio_tokens=25, tier="flex")),
        (
            {"usage": CHAT, "service_tier": "priority"},
            Usage(30, 20, input_audio_tokens=12, output_audio_tokens=15, tier="priority"),
        ),
        ({"usage": {"prompt_tokens": 1}, "service_tier": "default"}, Usage(1, 0)),
    ],
)
def test_what_the_provider_tells(document: Any, usage: Usage) -> None:
    assert usage_of(answer(document)) == usage


def test_json_has_them_only_where_they_are_told() -> None:
    told = usage_dict(answer({"usage": ANTHROPIC}))
    assert told is not None
    assert list(told.items())[3:] == [
        ("cache_creation_input_tokens", 900),
        ("cache_creation_1h_input_tokens", 600),
        ("web_search_requests", 2),
        ("tier", "fast"),
    ]


def test_over_a_websocket_the_tier_is_the_responses() -> None:
    ex = Exchange(HttpRequest("GET", b"/v1/responses", []))
    usage = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
    end = {"type": "response.completed", "response": {"service_tier": "priority", "usage": usage}}
    ex.websocket = WebSocketRecord(messages=[Message(False, orjson.dumps(end), 0.0)] * 2)
    assert usage_of(ex) == Usage(10, 4, tier="priority")


NAMES = [*ANTHROPIC, *GEMINI, *CHAT, "service_tier", "ephemeral_1h_input_tokens", "modality", "tokenCount"]
RUBBISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("AUDIO"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), RUBBISH, max_size=6))
def test_rubbish_tells_nothing(raw: dict[str, Any]) -> None:
    for name, value in extras(raw).items():
        assert value
        assert type(value) is type(getattr(Usage(0, 0), name))
