"""Requests as the ChatGPT backend takes them: what is changed, what is left out, what is refused, and what is not."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.config import Config
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_responses.chatgpt import ADVICE, LEFT_OUT, USUAL, fitted
from ccproxy.pipeline.pipeline import build_pipeline
from ccproxy.pipeline.settling import find_steps
from tests.gateway.test_codex import CODEX_REQUEST
from tests.support.codex_backend import refusal

ASKED = {"model": "m", "instructions": "Be brief.", "store": False, "stream": True, "input": []}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from([*ADVICE, *LEFT_OUT, *USUAL, *CODEX_REQUEST, "new_member"])
roles = st.sampled_from(["system", "developer", "user", "assistant"])
items = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "reasoning", "function_call", "something"])},
    optional={"id": st.text(min_size=1, max_size=4), "role": roles, "encrypted_content": st.text(max_size=4)},
)
inputs = st.text() | items | st.lists(items, max_size=4)
documents = st.builds(
    lambda members, given: members | {"model": "m", "input": given},
    st.dictionaries(names.filter(lambda name: name != "instructions"), json_values, max_size=6),
    inputs,
)


@given(documents)
def test_the_backend_takes_what_comes_of_any_request(document: dict[str, Any]) -> None:
    before = deepcopy(document)
    try:
        result = fitted(document)
    except InvalidCall as error:
        refused = error.param
    else:
        refused = None
    assert document == before
    if refused is not None:
        assert document[refused]
        return
    out = document if result.document is None else result.document
    assert refusal(out) == (200, "")
    assert fitted(out).document is None
    unnamed = out.keys() ^ (document.keys() - LEFT_OUT - ADVICE.keys() - USUAL.keys())
    assert unnamed <= {"store", "stream", "include", "service_tier", "instructions"}
    gone = {name for name in LEFT_OUT & document.keys() if not is_usual(name, document[name])}
    told = {name.removeprefix("codex.") for name in result.left_out} - {"store", "reasoning_id"}
    assert told == gone


def is_usual(name: str, value: Any) -> bool:
    """Whether a member says nothing but what is so anyway; true and 1 are different in JSON."""
    return json.dumps(value) in [json.dumps(usual) for usual in (None, *USUAL.get(name, ()))]


@pytest.mark.parametrize("without", ["", "instructions"])
def test_what_codex_sends_stays_the_very_same(without: str) -> None:
    sent = {name: value for name, value in CODEX_REQUEST.items() if name != without}
    result = fitted(json.loads(json.dumps(sent)))
    assert (result.document, result.left_out) == (None, {})


def test_instructions_are_there_and_say_nothing() -> None:
    bare = {name: value for name, value in ASKED.items() if name != "instructions"}
    assert fitted(bare).document == bare | {"instructions": ""}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in USUAL.items() for value in values])
def test_what_says_the_usual_is_left_out_without_a_word(name: str, value: Any) -> None:
    result = fitted(ASKED | {name: value})
    assert (result.document, result.left_out) == (ASKED, {})


@pytest.mark.parametrize("name", ADVICE)
def test_null_asks_for_nothing(name: str) -> None:
    assert fitted(ASKED | {name: None}).document == ASKED


def test_thinking_without_its_content_loses_the_id_that_would_be_looked_up() -> None:
    thinking = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}
    sealed = thinking | {"encrypted_content": "xyz"}
    result = fitted(ASKED | {"input": [thinking, sealed]})
    assert result.document is not None
    assert result.document["input"] == [{key: thinking[key] for key in ("type", "summary")}, sealed]
    assert result.left_out == {"codex.reasoning_id": 1}


def test_thinking_is_asked_for_where_the_client_counts_on_its_being_stored() -> None:
    asked = {name: value for name, value in ASKED.items() if name != "store"} | {"include": ["a"]}
    result = fitted(asked)
    assert result.document is not None
    assert result.document["include"] == ["a", "reasoning.encrypted_content"]
    assert fitted(ASKED | {"include": ["a"]}).document is None


@pytest.mark.parametrize(
    ("more", "order"),
    [
        ({}, ["inject_auth", "verbose_mode", "codex"]),
        ({"shape": "openai_responses"}, ["inject_auth", "verbose_mode", "shape", "codex"]),
        ({"path": "/v1/responses"}, ["inject_auth", "verbose_mode"]),
        ({"base_url": "http://127.0.0.1:1/backend-api/codex/", "host": None, "path": "/responses"}, ["codex"]),
    ],
)
def test_the_hook_is_there_for_such_providers_and_runs_last(more: dict[str, Any], order: list[str]) -> None:
    entry = {"type": "openai_responses", "host": "chatgpt.com", "path": "/backend-api/codex/responses"} | more
    config = Config.model_validate({"hooks": {"hooks_dir": None, "entry_points": False}, "providers": {"codex": entry}})
    graph = build_pipeline(find_steps(config).steps).graphs["outbound"]
    assert [step.name for step in graph.steps][-len(order) :] == order
