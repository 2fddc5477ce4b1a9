"""The payload: a member for each of the application's parameters, and the same again once it is read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.messages import SystemPromptPart, UserPromptPart

from ccproxy.config.vendors import PerplexitySearch
from ccproxy.exchange import WireFormat
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.perplexity.request import dump, load
from tests.lightllm.perplexity.asking import Wire, asked, chat, params_of, user

BASE: Wire = {
    "version": "2.18",
    "source": "default",
    "prompt_source": "user",
    "language": "en-US",
    "timezone": "America/Los_Angeles",
    "search_focus": "internet",
    "sources": ["web"],
    "search_recency_filter": None,
    "mode": "copilot",
    "model_preference": "claude47opus",
    "is_incognito": False,
    "use_schematized_api": True,
    "send_back_text_in_streaming_api": False,
    "dsl_query": "hi",
    "is_related_query": False,
    "is_sponsored": False,
    "time_from_first_type": 18361,
    "local_search_enabled": False,
    "client_coordinates": None,
    "mentions": [],
    "attachments": [],
    "skip_search_enabled": True,
    "is_nav_suggestions_disabled": True,
    "always_search_override": False,
    "override_no_search": False,
    "should_ask_for_mcp_tool_confirmation": True,
    "browser_agent_allow_once_from_toggle": False,
    "force_enable_browser_agent": False,
    "supported_features": ["browser_agent_permission_banner_v1.1"],
    "supported_block_use_cases": ["answer_modes", "media_items", "diff_blocks", "preserve_latex", "inline_claims"],
    "query_source": "home",
}
MADE = ("frontend_uuid", "frontend_context_uuid")


def test_the_first_question_of_a_thread() -> None:
    payload, call = asked(chat(user("hi")))
    ids = [payload["params"].pop(name) for name in MADE]
    assert payload == {"params": BASE, "query_str": "hi"}
    assert [UUID(id).version for id in ids] == [4, 4]
    assert ids[0] != ids[1]
    assert call.drops.counts == {}


def test_ids_are_made_for_each_request() -> None:
    first, second = params_of(chat(user("hi"))), params_of(chat(user("hi")))
    assert all(first[name] != second[name] for name in MADE)


def test_what_is_configured_is_asked_for() -> None:
    search = PerplexitySearch(
        language="de-DE",
        timezone="Europe/Berlin",
        search_focus="writing",
        sources=["scholar", "edgar"],
        search_recency_filter="WEEK",
        is_incognito=True,
        skip_search_enabled=False,
        is_nav_suggestions_disabled=False,
        always_search_override=True,
        override_no_search=True,
    )
    configured = search.model_dump()
    params = params_of(chat(user("hi")), **configured)
    assert {name: params.get(name) for name in configured} == {**configured, "preflight_timeout_seconds": None}


def test_the_defaults_are_those_of_the_configuration() -> None:
    configured = params_of(chat(user("hi")), **PerplexitySearch().model_dump())
    assert {name: value for name, value in configured.items() if name not in MADE} == BASE


SHARED: dict[str, Any] = {"sources": ["web"]}


def test_no_payload_shares_its_lists_with_the_configuration() -> None:
    asked(chat(user("hi")), options=SHARED)[0]["params"]["sources"].append("x")
    assert SHARED == {"sources": ["web"]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(params=st.dictionaries(st.sampled_from([*BASE, "new"]), JSON), text=st.text(max_size=9), more=JSON)
def test_a_payload_that_is_read_is_written_as_it_was(params: Wire, text: str, more: Any) -> None:
    payload = {"params": params, "query_str": text, "more": more}
    assert dump(load(payload, None, True)) == payload


def test_a_hook_that_looks_at_a_payload_changes_nothing() -> None:
    payload, _ = asked(chat(user("a"), user("b"), pplx={"space_uuid": "s1"}))
    call = load(payload, None, None)
    assert call.model == "anthropic/claude-opus-4.7"
    assert dump(call) == payload


def test_a_hook_may_change_text_and_model() -> None:
    payload, _ = asked(chat(user("hi")))
    call = load(payload, None, None)
    call.messages[0].parts = [SystemPromptPart("Be brief."), UserPromptPart(["hello"])]
    call.model = "perplexity/deep-research"
    changed = dump(call)
    text = "[System]: Be brief.\n\nhello"
    expected = {"dsl_query": text, "mode": "research", "model_preference": "pplx_alpha"}
    assert changed == {"params": payload["params"] | expected, "query_str": text}


def test_what_a_hook_adds_in_vain_is_counted() -> None:
    call = load(asked(chat(user("hi")))[0], None, None)
    call.settings["temperature"] = 0.5
    dump(call)
    assert call.drops.counts == {"sampling": 1}


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"params": {}},
        {"query_str": "hi"},
        {"params": [], "query_str": "hi"},
        {"params": {}, "query_str": 1},
    ],
    ids=["none", "list", "empty", "no text", "no params", "params list", "text number"],
)
def test_what_is_no_payload_is_refused(document: Any) -> None:
    with pytest.raises(InvalidCall):
        load(document, None, None)


@pytest.mark.parametrize("client", [WireFormat.ANTHROPIC, WireFormat.OPENAI_RESPONSES, WireFormat.GEMINI])
def test_own_fields_work_in_every_format(client: WireFormat) -> None:
    asking = {
        WireFormat.ANTHROPIC: {"max_tokens": 9, "messages": [user("hi")]},
        WireFormat.OPENAI_RESPONSES: {"input": "hi"},
        WireFormat.GEMINI: {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
    }
    params = params_of({**asking[client], "pplx": {"sources": ["scholar"]}}, client)
    assert params["sources"] == ["scholar"]
