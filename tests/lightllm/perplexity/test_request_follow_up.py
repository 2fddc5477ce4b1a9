"""The next question of a thread, and what was uploaded for it."""

from __future__ import annotations

from copy import deepcopy

import pytest

from ccproxy.lightllm.perplexity.follow_up import attach, follow
from tests.lightllm.perplexity.asking import Wire, asked, chat, user

THREAD = {"backend_uuid": "b1", "context_uuid": "c1", "read_write_token": "t1", "thread_url_slug": "s"}


@pytest.fixture
def payload() -> Wire:
    return asked(chat(user("long ago"), user("hi")))[0]


def test_a_follow_up_is_the_question_alone(payload: Wire) -> None:
    before = deepcopy(payload)
    followed = follow(payload, THREAD, "hi")
    changed = {
        "query_source": "followup",
        "followup_source": "link",
        "last_backend_uuid": "b1",
        "read_write_token": "t1",
        "frontend_context_uuid": "c1",
        "time_from_first_type": 8758,
        "dsl_query": "hi",
    }
    assert followed == {"params": before["params"] | changed, "query_str": "hi"}
    assert payload == before


@pytest.mark.parametrize("token", [{}, {"read_write_token": None}, {"read_write_token": ""}])
def test_a_thread_without_a_token_or_a_context(payload: Wire, token: dict[str, str | None]) -> None:
    params = follow(payload, {"backend_uuid": "b1", **token}, "hi")["params"]
    assert "read_write_token" not in params
    assert params["frontend_context_uuid"] == payload["params"]["frontend_context_uuid"]


def test_a_space_wins() -> None:
    payload, _ = asked(chat(user("hi"), pplx={"space_uuid": "s1"}))
    assert follow(payload, THREAD, "hi") == payload


def test_attachments_come_behind_the_clients_own() -> None:
    payload, _ = asked(chat(user("hi"), pplx={"attachments": ["a"]}))
    before = deepcopy(payload)
    assert attach(payload, ["b", "c"])["params"]["attachments"] == ["a", "b", "c"]
    assert payload == before
