"""The models of the web application."""

from __future__ import annotations

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.perplexity.models import all_models, find, id_of, nearest
from ccproxy.lightllm.translate import translate_request
from ccproxy.providers.catalog import WEB_APPLICATION, known_hosts
from tests.lightllm.perplexity.asking import chat, params_of, user

FACTS = """
perplexity/best default search pro
perplexity/deep-research pplx_alpha research pro
perplexity/sonar-2 experimental copilot pro
perplexity/pro pplx_pro copilot pro
perplexity/reasoning pplx_reasoning copilot pro
openai/gpt-5.4 gpt54 copilot pro
openai/gpt-5.4-thinking gpt54_thinking copilot pro
openai/gpt-5.5 gpt55 copilot max
openai/gpt-5.5-thinking gpt55_thinking copilot max
openai/o3 o3 copilot pro
openai/o3-pro o3pro copilot max
google/gemini-3.1-pro-thinking-low gemini31pro_low copilot pro
google/gemini-3.1-pro-thinking-high gemini31pro_high copilot pro
anthropic/claude-sonnet-4.6 claude46sonnet copilot pro
anthropic/claude-sonnet-4.6-thinking claude46sonnetthinking copilot pro
anthropic/claude-opus-4.7 claude47opus copilot max
anthropic/claude-opus-4.7-thinking claude47opusthinking copilot max
moonshot/kimi-k2.6-instant kimik26instant copilot pro
moonshot/kimi-k2.6-thinking kimik26thinking copilot pro
nvidia/nemotron-3-super-thinking nv_nemotron_3_super copilot pro
xai/grok-4 grok4 copilot pro
deepseek/r1 r1 copilot pro
"""
ROWS = [tuple(line.split()) for line in FACTS.strip().splitlines()]


def test_there_are_these_models() -> None:
    assert [(model.id, model.identifier, model.mode, model.tier) for model in all_models()] == ROWS
    assert all(model.name and model.description for model in all_models())


@pytest.mark.parametrize(("id", "identifier", "mode", "tier"), ROWS)
def test_a_model_is_found_by_its_id_and_without_its_vendor(id: str, identifier: str, mode: str, tier: str) -> None:
    model = find(id)
    assert model is not None
    assert find(id.partition("/")[2]) is model
    assert id_of(identifier) == id
    params = params_of(chat(user("hi"), model=id))
    assert (params["model_preference"], params["mode"]) == (identifier, mode)


def test_the_list_of_models_shows_the_same() -> None:
    shown = [(model.id, model.name) for model in known_hosts()[WEB_APPLICATION]]
    assert shown == [(model.id, f"{model.name} ({model.tier.capitalize()})") for model in all_models()]


def test_an_identifier_that_is_new_stands_for_itself() -> None:
    assert id_of("claude99") == "claude99"


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("anthropic/claude-opus-4.6", "anthropic/claude-opus-4.7"),
        ("Claude-Opus-4.7", "anthropic/claude-opus-4.7"),
        ("gpt-5", "openai/gpt-5.4"),
        ("kimi", "moonshot/kimi-k2.6-instant"),
        ("gemini-2.5-pro", "google/gemini-3.1-pro-thinking-high"),
        ("claude-opus-4-5-20251101", "anthropic/claude-opus-4.7"),
        ("o1", "openai/o3"),
        ("sonarr", "perplexity/sonar-2"),
        ("", "perplexity/best"),
        ("zzzzzzzz", "perplexity/best"),
    ],
)
def test_an_unknown_model_is_refused_with_the_nearest_names(name: str, suggested: str) -> None:
    assert find(name) is None
    assert suggested in nearest(name)
    document = {"messages": [user("hi")]}
    with pytest.raises(InvalidCall, match="no model") as raised:
        translate_request(document, WireFormat.OPENAI, WireFormat.PERPLEXITY, name)
    assert suggested in str(raised.value)
    assert str(raised.value).endswith("GET /v1/models lists all")
    assert raised.value.param == "model"


def test_of_a_familys_name_the_family_is_suggested_first() -> None:
    assert all(id.startswith("google/") for id in nearest("gemini-2.5-pro")[:2])
    assert all(id.startswith("anthropic/") for id in nearest("claude-3-5-sonnet-latest"))
    assert "openai/gpt-5.4" in nearest("gpt-5.4-mini")


def test_no_model_at_all_is_no_crash() -> None:
    with pytest.raises(InvalidCall, match="no model ''"):
        translate_request({"messages": [user("hi")]}, WireFormat.OPENAI, WireFormat.PERPLEXITY)


def test_a_name_without_end_is_told_by_its_beginning() -> None:
    with pytest.raises(InvalidCall) as refused:
        translate_request(chat(user("hi"), model="sonar" * 50_000), WireFormat.OPENAI, WireFormat.PERPLEXITY)
    assert "perplexity/sonar-2" in str(refused.value)
    assert len(str(refused.value)) < 500
