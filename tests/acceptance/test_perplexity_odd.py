"""What else may happen before a Perplexity provider: answers that are none, other ways to it, and what it has not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.acceptance.test_perplexity import EVERY, STREAMED, text_of
from tests.support.crossing import CLIENTS
from tests.support.dialects import ANTHROPIC, GEMINI
from tests.support.http import Header
from tests.support.perplexity.served import MODEL, PROVIDER, Served, provider, served
from tests.support.perplexity.server import ASK
from tests.support.replies import SSE, json_reply, reply, stream

RULE = {"match_model": "^ruled$", "action": "transform", "dest_provider": PROVIDER, "dest_model": MODEL}
REDIRECT = {"match_model": "^redirected$", "action": "redirect", "dest_provider": PROVIDER, "dest_model": MODEL}
LIKE_CHROME = "chrome131"


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served(rules=[RULE, REDIRECT]) as made:
        yield made


@pytest.fixture
def pplx(running: Served) -> Served:
    running.site.reset()
    return running


PAGE: Header = (b"Content-Type", b"text/html")
OTHERWISE = {
    "a page": (reply(200, [PAGE], b"<!DOCTYPE html><p>Please log in"), 502),
    "nothing": (reply(200, [SSE], b""), 502),
    "no content": (reply(204, [], b""), 502),
    "a list": (json_reply([1]), 502),
    "a redirect": (reply(302, [PAGE, (b"Location", b"https://evil.example/")], b"moved"), 502),
    "an error in JSON": (json_reply({"error_code": "NO", "error_message": "not today"}), 502),
    "a page for robots": (reply(403, [PAGE], b"<html><title>Just a moment...</title>"), 403),
}


@pytest.mark.parametrize("name", OTHERWISE)
@STREAMED
@EVERY
def test_what_is_no_answer_is_an_error(pplx: Served, client: str, streamed: bool, name: str) -> None:
    script, status = OTHERWISE[name]
    pplx.site.instead[ASK] = [script]
    answer = pplx.ask(client, "hi", streamed=streamed)
    if answer.status == 200:
        assert name == "nothing"
        assert "pplx_preflight" in CLIENTS[client].stream_error(answer.body)
    else:
        assert CLIENTS[client].error(answer, status)
    assert answer.field("location") is None
    assert b"<" not in answer.body


def test_nothing_is_told_with_advice(pplx: Served) -> None:
    pplx.site.instead[ASK] = [reply(200, [SSE], b"")]
    assert "pplx_preflight" in CLIENTS["openai"].error(pplx.ask("openai", "hi"), 502)


@pytest.mark.parametrize("profile", [None, LIKE_CHROME])
def test_text_comes_as_it_is_told(profile: str | None) -> None:
    with served({PROVIDER: {"fingerprint_profile": profile}} if profile else None) as pplx:
        answer = pplx.ask("openai", "say it SIM_MODE C SIM_WORDS 60 SIM_PACE 20", streamed=True)
        assert text_of("openai", answer).endswith("river runs slowly past an old café")
        assert len(answer.pieces) > 8
        assert not pplx.site.refusals


def test_by_a_rule(pplx: Served) -> None:
    body = json.dumps({"model": "ruled", "messages": [{"role": "user", "content": "by rule"}]}).encode()
    answer = pplx.daemon.ask("POST", "/v1/chat/completions", [], body)
    assert text_of("openai", answer) == "Answer 1 to “by rule”."


def test_the_provider_may_have_another_name() -> None:
    """R5: it is known by its type."""
    with served() as pplx:
        url, auth = pplx.site.url, {"type": "file", "file": str(pplx.session)}
        pplx.daemon.stop()
        pplx.daemon.config["providers"] = {"gemini": provider(url, auth)}
        pplx.daemon.start()
        body = json.dumps({"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}).encode()
        answer = pplx.daemon.ask("POST", "/v1/messages", [ANTHROPIC.key("gemini")], body)
        assert text_of("anthropic", answer) == "Answer 1 to “hi”."


def test_what_it_has_no_place_for_is_named(pplx: Served) -> None:
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {}}}
    answer = pplx.ask(
        "openai", "hi", tools=[tool], temperature=0.5, stop=["x"], response_format={"type": "json_object"}
    )
    assert answer.status == 200
    dropped = (answer.field("x-ccproxy-dropped") or b"").decode()
    assert all(name in dropped for name in ("tools=1", "sampling=1", "stop_sequences=1", "json_mode=1"))
    assert "look_up" not in json.dumps(pplx.site.ask)


def test_a_response_goes_on_by_its_id(pplx: Served) -> None:
    first = pplx.ask("openai_responses", "one")
    second = pplx.ask("openai_responses", "two", previous_response_id=first.json()["id"])
    assert text_of("openai_responses", second) == "Answer 2 to “two”."
    (thread,) = pplx.site.library.threads
    assert [entry.query for entry in thread.entries] == ["one", "two"]


def test_tokens_are_estimated(pplx: Served) -> None:
    body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "one two three"}]}).encode()
    answer = pplx.daemon.ask("POST", "/v1/messages/count_tokens", [ANTHROPIC.key(PROVIDER)], body)
    assert answer.json()["input_tokens"] > 0
    assert answer.field("x-ccproxy-estimated") == b"true"
    contents = json.dumps({"contents": [{"role": "user", "parts": [{"text": "one two three"}]}]}).encode()
    counted = pplx.daemon.ask("POST", f"/v1beta/models/{MODEL}:countTokens", [GEMINI.key(PROVIDER)], contents)
    assert counted.json()["totalTokens"] > 0
    assert not pplx.site.calls()


def test_a_gemini_stream_may_be_an_array(pplx: Served) -> None:
    contents = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hi SIM_WORDS 40"}]}]}).encode()
    answer = pplx.daemon.ask("POST", f"/v1beta/models/{MODEL}:streamGenerateContent", [GEMINI.key(PROVIDER)], contents)
    assert len(answer.json()) > 1


@STREAMED
def test_a_long_question(pplx: Served, streamed: bool) -> None:
    question = "long ago " * 50_000 + f"{streamed}"
    answer = pplx.ask("openai", question, streamed=streamed)
    assert text_of("openai", answer).startswith("Answer 1 to “long ago")
    assert pplx.site.ask["query_str"] == question


@EVERY
def test_a_question_without_words(pplx: Served, client: str) -> None:
    assert CLIENTS[client].error(pplx.ask(client, ""), 400)
    assert not pplx.site.calls()


OTHERS = [
    ("POST", "/v1/embeddings"),
    ("POST", "/v1/completions"),
    ("GET", "/v1/files"),
    ("POST", "/rest/sse/perplexity_ask"),
    ("DELETE", "/rest/thread"),
    ("POST", "/v1/messages/batches"),
    ("POST", "/v1beta/models/sonar-2:embedContent"),
]


@pytest.mark.parametrize(("method", "path"), OTHERS)
def test_what_is_no_question_does_not_get_there(pplx: Served, method: str, path: str) -> None:
    """With the account's session it would be a call of the site's own."""
    body = b'{"model": "sonar-2", "input": "hi"}' if method == "POST" else b""
    answer = pplx.daemon.ask(method, path, [CLIENTS["openai"].key(PROVIDER)], body)
    assert answer.status == 501
    assert PROVIDER in answer.body.decode()
    assert pplx.site.server.requests == []


def test_a_rule_that_redirects_translates(pplx: Served) -> None:
    answer = pplx.ask("openai", "by rule", model="redirected")
    assert text_of("openai", answer) == "Answer 1 to “by rule”."


@pytest.mark.parametrize("name", ["a page", "a page for robots"])
def test_a_page_says_what_to_do(pplx: Served, name: str) -> None:
    script, status = OTHERWISE[name]
    pplx.site.instead[ASK] = [script]
    answer = pplx.ask("openai", "hi")
    assert answer.status == status
    assert b"fingerprint_profile: chrome131" in answer.body


def test_a_long_question_is_looked_at_by_its_beginning(pplx: Served) -> None:
    assert pplx.ask("openai", "über alles " * 20_000).status == 200
    targets = [each.target for each in pplx.site.server.requests if each.target.startswith(b"/search/new")]
    assert [4000 < len(target) < 6100 for target in targets] == [True]


HOSTILE = "a\r\nSet-Cookie: own=1\r\nX: \x1b[31m"


@STREAMED
@EVERY
def test_a_slug_does_not_become_a_field(pplx: Served, client: str, streamed: bool) -> None:
    mirror = {"intended_usage": "ask_text_0_markdown", "markdown_block": {"answer": "Hello"}}
    event = {"backend_uuid": "b", "thread_url_slug": HOSTILE, "final_sse_message": True, "blocks": [mirror]}
    pplx.site.instead[ASK] = [stream([b"data: " + json.dumps(event).encode() + b"\n\n"])]
    answer = pplx.ask(client, "hi", streamed=streamed)
    assert answer.status == 200
    assert text_of(client, answer) == "Hello"
    assert b"\r\nset-cookie:" not in answer.raw.lower()
    assert b"\r\nx-ccproxy-perplexity-thread-slug:" not in answer.raw.lower()
