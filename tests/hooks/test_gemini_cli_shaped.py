"""`gemini_cli` and `shape` on one request: the shape is put on the call in its envelope, and takes nothing from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccproxy.exchange import Exchange, HttpRequest
from tests.hooks.code_assist import MODEL, asked, config, document, fields, sent
from tests.shaping.envelopes import GEMINI as SHAPE
from tests.shaping.envelopes import put_shape
from tests.support.dialects import DIALECTS, GEMINI, Dialect

CAPS = {
    "generationConfig": {"maxOutputTokens": 32, "temperature": 0, "topK": 64},
    "tools": [{"functionDeclarations": []}],
}
CAPPED = replace(SHAPE, body={**SHAPE.body, "request": {"session_id": "ccproxy:session-id", **CAPS}})
"""A shape whose capture had what no shape may impose on others."""
HI = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
ALL = {
    **HI,
    "systemInstruction": {"parts": [{"text": "s"}]},
    "tools": [{"functionDeclarations": [{"name": "look"}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    "safetySettings": [{"category": "c", "threshold": "t"}],
    "cachedContent": "cachedContents/1",
    "generationConfig": {"temperature": 0.7, "thinkingConfig": {"includeThoughts": False}},
}

type Ask = Callable[..., Exchange]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Sends one request to the provider that names the shape."""
    put_shape(tmp_path, CAPPED)
    settings = config(tmp_path)

    def asking(request: HttpRequest) -> Exchange:
        (exchange,) = sent(settings, request)
        assert [(each.name, each.outcome) for each in exchange.hooks[-2:]] == [("gemini_cli", "ran"), ("shape", "ran")]
        return exchange

    return asking


@pytest.mark.parametrize("body", [HI, ALL], ids=["bare", "full"])
def test_A30_a_shape_adds_no_cap_no_temperature_no_tool_and_takes_none_away(ask: Ask, body: dict[str, Any]) -> None:
    """W-SHAPE-2."""
    exchange = ask(asked(GEMINI, body=body, provider="shaped"))
    left = document(exchange)
    assert list(left) == ["user_prompt_id", "request", "credits", "model", "project"]
    assert (left["model"], left["project"], left["credits"]) == (MODEL, "project-1", ["made-up"])
    call = left["request"]
    assert call.pop("session_id")
    assert call == body
    assert exchange.dropped == {}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_calls_of_other_formats_too(ask: Ask, dialect: Dialect) -> None:
    left = document(ask(asked(dialect, provider="shaped")))
    said = json.loads(dialect.body(MODEL)).get("max_tokens")
    assert left["request"].get("generationConfig", {}) == ({"maxOutputTokens": said} if said else {})
    assert "tools" not in left["request"]


def test_the_ids_are_those_of_the_envelope(ask: Ask) -> None:
    one, two = (document(ask(asked(GEMINI, body=HI, provider="shaped"))) for _ in range(2))
    assert one["request"]["session_id"] == two["request"]["session_id"]
    assert one["user_prompt_id"] != two["user_prompt_id"]


def test_the_shapes_fields_are_around_it(ask: Ask) -> None:
    exchange = ask(asked(GEMINI, body=HI, provider="shaped", headers={"User-Agent": "google-genai-sdk/1"}))
    assert fields(exchange)["user-agent"] == "MadeupCLI/0.9.1/made-up-model (linux; x64)"
    assert fields(exchange)["x-goog-api-client"] == "gl-node/99"


@pytest.mark.parametrize(
    ("asks", "query"), [("generateContent", "lang=en"), ("streamGenerateContent", "lang=en&alt=sse")]
)
def test_the_form_of_the_answer_is_the_callers_and_not_the_shapes(ask: Ask, asks: str, query: str) -> None:
    exchange = ask(asked(GEMINI, f"/v1beta/models/{MODEL}:{asks}", HI, "shaped"))
    assert exchange.forwarded is not None
    assert exchange.forwarded.target.decode() == f"/v1internal:{asks}?{query}"


def test_a_count_is_wrapped_and_not_shaped(tmp_path: Path) -> None:
    put_shape(tmp_path, CAPPED)
    (exchange,) = sent(config(tmp_path), asked(GEMINI, f"/v1beta/models/{MODEL}:countTokens", HI, "shaped"))
    assert document(exchange) == {"request": {"model": f"models/{MODEL}", **HI}}
