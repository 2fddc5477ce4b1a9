"""Tokens and models of Responses over a WebSocket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse, Message, WebSocketRecord
from ccproxy.flows.summary import summarize
from ccproxy.flows.usage.usage import Usage, model_of, usage_of


def conversation(*said: tuple[bool, bytes]) -> Exchange:
    ex = Exchange(HttpRequest("GET", b"/v1/responses", []))
    ex.provider_response = ex.response = HttpResponse(101, [])
    ex.websocket = WebSocketRecord(messages=[Message(client, data, 1.0, True) for client, data in said])
    return ex


def asked(model: str) -> tuple[bool, bytes]:
    return True, json.dumps({"type": "response.create", "model": model, "input": []}).encode()


def ended(kind: str, usage: Any) -> tuple[bool, bytes]:
    return False, json.dumps({"type": kind, "response": {"id": "resp_1", "usage": usage}}).encode()


def tokens(taken: int, cached: int, given: int) -> dict[str, Any]:
    details = {"input_tokens_details": {"cached_tokens": cached}}
    return {"input_tokens": taken, "output_tokens": given, "total_tokens": taken + given} | details


def test_answers_on_one_connection_add_up() -> None:
    ex = conversation(
        asked("gpt-5.1"),
        ended("response.created", None),
        ended("response.completed", tokens(10, 4, 3)),
        asked("gpt-5.1-codex"),
        ended("response.in_progress", tokens(999, 0, 999)),
        ended("response.incomplete", tokens(20, 10, 5)),
    )
    assert usage_of(ex) == Usage(16, 8, 14)
    assert model_of(ex) == "gpt-5.1-codex"
    told = summarize(ex)
    assert (told["model"], told["usage"]["output_tokens"]) == ("gpt-5.1-codex", 8)


@pytest.mark.parametrize(
    "said",
    [
        (True, b'{"type":"response.completed","response":{"usage":{"input_tokens":1,"output_tokens":1}}}'),
        (False, b'{"type":"response.create","model":"gpt-5.1"}'),
        (True, b'{"type":"other","note":"response.create","model":"gpt-5.1"}'),
        (True, b'{"type":"response.create","model":7}'),
        (False, b'{"type":["response.completed"],"response":{"usage":{"input_tokens":1}}}'),
        (False, b'{"type":"response.completed","response":"usage"}'),
        (False, b'"usage"'),
        (False, b'\xff"usage"'),
    ],
)
def test_what_is_something_else_says_nothing(said: tuple[bool, bytes]) -> None:
    assert usage_of(conversation(said)) is None
    assert model_of(conversation(said)) is None


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(st.booleans(), st.sampled_from(["response.create", "response.completed"]), VALUES, VALUES)
def test_arbitrary_values_never_raise(client: bool, kind: str, model: Any, usage: Any) -> None:
    data = json.dumps({"type": kind, "model": model, "response": {"usage": usage}}).encode()
    ex = conversation((client, data))
    assert usage_of(ex) is None
    assert model_of(ex) == (model if client and kind == "response.create" and isinstance(model, str) else None)
