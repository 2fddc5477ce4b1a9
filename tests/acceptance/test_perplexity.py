"""A daemon with a Perplexity provider before a stand-in for its web application: clients of each API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.support.crossing import CLIENTS, read
from tests.support.http import Response
from tests.support.perplexity.catalog import MODELS
from tests.support.perplexity.encodings import frame
from tests.support.perplexity.headers import COOKIE
from tests.support.perplexity.served import PROVIDER, Served, served, trailer
from tests.support.perplexity.server import ASK, TOKEN
from tests.support.perplexity.story import QUESTIONS, source
from tests.support.replies import stream
from tests.support.sse import events

FORMATS = list(CLIENTS)
STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
EVERY = pytest.mark.parametrize("client", FORMATS)
SLUG = "x-ccproxy-perplexity-thread-slug"


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served() as made:
        yield made


@pytest.fixture
def pplx(running: Served) -> Served:
    running.site.reset()
    return running


def text_of(client: str, answer: Response) -> str:
    """What a client reads."""
    return read(client, answer).text


# -- turns


@STREAMED
@EVERY
def test_a_turn(pplx: Served, client: str, streamed: bool, agent: str) -> None:
    answer = pplx.ask(client, "say Zürich", (b"User-Agent", agent.encode()), streamed=streamed)
    assert text_of(client, answer) == "Answer 1 to “say Zürich”."
    assert not pplx.site.refusals
    (warm, asked) = pplx.site.calls()
    assert (warm.method, warm.target) == ("GET", b"/search/new?q=say%20Z%C3%BCrich") or b"say+Z" in warm.target
    assert asked.field("cookie") == f"{COOKIE}={TOKEN}".encode()
    assert asked.field("accept") == b"text/event-stream, application/json"
    assert b"sk-ant-oat" not in asked.raw
    assert pplx.site.ask["query_str"] == "say Zürich"
    record = pplx.record(agent)
    assert (record["status"], record["error"], record["action"]) == (200, None, "transform")
    (thread,) = pplx.site.library.threads
    assert slug_of(answer, streamed=streamed) == thread.slug
    assert metadata_of(client, answer, streamed=streamed).get("session_id") in (thread.slug, None)
    assert TOKEN not in pplx.daemon.output


def slug_of(answer: Response, *, streamed: bool) -> str:
    """The thread's handle: a field of a whole answer, a trailer of a stream."""
    value = trailer(answer, SLUG) if streamed else answer.field(SLUG)
    return (value or b"").decode()


def metadata_of(client: str, answer: Response, *, streamed: bool) -> dict[str, Any]:
    """What is told beside an answer, in its last document."""
    documents = [each.json() for each in events(answer.body) if each.data != "[DONE]"] if streamed else [answer.json()]
    inner = [each.get("response", each) for each in documents]
    return next((each["metadata"] for each in reversed(inner) if each.get("metadata")), {})


@STREAMED
@pytest.mark.parametrize("client", ["openai", "openai_responses", "anthropic"])
def test_the_threads_handle_is_in_the_metadata(pplx: Served, client: str, streamed: bool) -> None:
    answer = pplx.ask(client, "say hi", streamed=streamed)
    (thread,) = pplx.site.library.threads
    told = metadata_of(client, answer, streamed=streamed)
    assert told["session_id"] == told["pplx_thread_url_slug"] == thread.slug
    assert thread.entries[-1].write_token.encode() not in answer.raw


@pytest.mark.parametrize("mode", ["A", "B", "C", "D", "MIX"])
@STREAMED
def test_each_way_of_telling_the_text(pplx: Served, mode: str, streamed: bool) -> None:
    for seed in range(4):
        order = f"say it SIM_MODE {mode} SIM_WORDS 40 SIM_SOURCES 2 SIM_SEED {seed}"
        answer = pplx.ask("openai", order, streamed=streamed)
        said = text_of("openai", answer)
        assert said.startswith("Answer 1 to “say it”. Fact 1 is known [1](https://pages.example/1"), said
        assert said.endswith("naïve songs and bells the"), said
        assert len(said.split()) == 15 + 40, said


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_each_model(pplx: Served, model: Any) -> None:
    answer = pplx.ask("openai", "hi", model=model.id)
    assert text_of("openai", answer)
    params = pplx.site.ask["params"]
    assert (params["model_preference"], params["mode"]) == (model.identifier, model.mode)
    assert answer.json()["model"] == model.id


DOWNGRADED = [
    {"backend_uuid": "b1", "display_model": "turbo", "blocks": []},
    {"display_model": "pplx_pro", "blocks": [
        {"intended_usage": "ask_text_0_markdown", "markdown_block": {"answer": "Yes."}}], "final_sse_message": True},
]  # fmt: skip


@STREAMED
@EVERY
def test_another_model_than_was_asked_for_is_told(pplx: Served, client: str, streamed: bool, agent: str) -> None:
    """Where the subscription has no such model, the site answers with another; which, its last event knows."""
    pplx.site.instead[ASK] = [stream(list(map(frame, DOWNGRADED)))]
    answer = pplx.ask(client, "hi", (b"User-Agent", agent.encode()), streamed=streamed)
    name = "modelVersion" if client == "gemini" else "model"
    if streamed:
        assert b'"turbo"' in answer.body
        assert trailer(answer, "x-ccproxy-model") == b"perplexity/pro"
    else:
        assert (answer.json()[name], answer.field("x-ccproxy-model")) == ("perplexity/pro", b"perplexity/pro")
    assert pplx.record(agent)["answered_model"] == "perplexity/pro"


def test_a_model_that_does_not_exist(pplx: Served) -> None:
    answer = pplx.ask("openai", "hi", model="openai/gpt-5.44")
    assert "openai/gpt-5.4" in CLIENTS["openai"].error(answer, 400)
    assert not pplx.site.calls()


def test_the_models_are_listed(pplx: Served) -> None:
    with openai.OpenAI(base_url=pplx.daemon.url + "/v1", api_key="none", max_retries=0) as client:
        listed = {model.id for model in client.models.list()}
        assert client.models.retrieve("sonar-2").id == client.models.retrieve("perplexity/sonar-2").id
    assert listed >= {model.id for model in MODELS}
    assert len(MODELS) == 22
    assert not pplx.site.calls()


@STREAMED
@EVERY
def test_the_whole_conversation_is_asked_at_first(pplx: Served, client: str, streamed: bool) -> None:
    turns = [("user", "one"), ("assistant", "two"), ("user", "three")]
    assert text_of(client, pplx.ask(client, turns, streamed=streamed))
    query = pplx.site.ask["query_str"]
    assert [query.index(word) for word in ("one", "two", "three")] == sorted(map(query.index, ("one", "two", "three")))


def test_what_the_client_says_of_its_search(pplx: Served) -> None:
    wanted = {"search_focus": "writing", "sources": ["scholar"], "search_recency_filter": "WEEK", "language": "de-CH"}
    place = {"coordinates": {"latitude": 47.4, "longitude": 8.5}}
    assert pplx.ask("openai", "hi", pplx=wanted | place).status == 200
    params = pplx.site.ask["params"]
    assert {name: params[name] for name in wanted} == wanted
    assert params["client_coordinates"] == {"location_lat": 47.4, "location_lng": 8.5, "name": ""}
    wrong = pplx.ask("openai", "hi", pplx={"sources": "web"})
    assert "pplx.sources" in CLIENTS["openai"].error(wrong, 400)


# -- thinking, citations, questions


@STREAMED
@EVERY
def test_citations_are_links(pplx: Served, client: str, streamed: bool) -> None:
    said = text_of(client, pplx.ask(client, "cite SIM_SOURCES 3", streamed=streamed))
    for number in (1, 2, 3):
        assert f"Fact {number} is known [{number}]({source(number).url.split('?')[0]}" in said


@EVERY
def test_citations_are_told_in_the_format_too(pplx: Served, client: str) -> None:
    whole = pplx.ask(client, "cite SIM_SOURCES 2").body.decode()
    streamed = pplx.ask(client, "cite SIM_SOURCES 2", streamed=True).body.decode()
    members = {"openai": "url_citation", "openai_responses": "url_citation", "anthropic": "citations"}
    for body in (whole, streamed):
        assert members.get(client, "groundingMetadata") in body
        assert "Page 2" in body


@STREAMED
@EVERY
def test_questions_are_an_answer(pplx: Served, client: str, streamed: bool) -> None:
    answer = pplx.ask(client, "SIM_QUESTIONS", streamed=streamed)
    said = text_of(client, answer)
    assert [said.count(question) for question in QUESTIONS] == [1, 1]


# -- errors and ends

STATUSES = {
    400: "As ordered",
    401: "",
    403: "",
    404: "As ordered",
    429: "used up",
    500: "As ordered",
    503: "As ordered",
}


@STREAMED
@pytest.mark.parametrize("status", STATUSES)
@EVERY
def test_an_error_has_the_clients_dialect(pplx: Served, client: str, status: int, streamed: bool) -> None:
    answer = pplx.ask(client, f"SIM_ERROR {status}", streamed=streamed)
    assert STATUSES[status] in CLIENTS[client].error(answer, status)
    if status == 429:
        assert answer.field("retry-after") == b"7"
    assert b"<html" not in answer.body


@STREAMED
@EVERY
def test_an_ended_session_is_a_401(pplx: Served, client: str, streamed: bool) -> None:
    pplx.site.tokens = {"another"}
    try:
        assert CLIENTS[client].error(pplx.ask(client, "hi", streamed=streamed), 401)
    finally:
        pplx.site.tokens = {TOKEN}


def test_a_session_that_was_renewed_is_read_anew(pplx: Served) -> None:
    assert pplx.ask("openai", "hi").status == 200
    pplx.site.tokens = {"a-renewed-session-token"}
    pplx.session.write_text("a-renewed-session-token\n")
    try:
        assert pplx.ask("openai", "hi again").status == 200
    finally:
        pplx.site.tokens = {TOKEN}
        pplx.session.write_text(TOKEN + "\n")


FAILURES = {"ERROR_EVENT": "overloaded", "DETAIL": "lost on the way", "EMPTY": "", "CUT 3": "", "RESET 3": ""}


@pytest.mark.parametrize("order", FAILURES)
@EVERY
def test_a_stream_that_fails_ends_in_an_error(pplx: Served, client: str, order: str, agent: str) -> None:
    own = (b"User-Agent", agent.encode())
    answer = pplx.ask(client, f"SIM_WORDS 60 SIM_{order}", own, streamed=True)
    assert FAILURES[order] in CLIENTS[client].stream_error(answer.body)
    assert (answer.status, answer.complete) == (200, True)
    assert pplx.record(agent)["error"]


@pytest.mark.parametrize("order", FAILURES)
@EVERY
def test_a_whole_answer_that_fails_is_an_error(pplx: Served, client: str, order: str) -> None:
    answer = pplx.ask(client, f"SIM_WORDS 60 SIM_{order}")
    assert answer.status >= 500 or answer.status == 429
    assert FAILURES[order] in CLIENTS[client].error(answer, answer.status)


@STREAMED
@EVERY
def test_no_bytes_at_all_are_an_error(pplx: Served, client: str, streamed: bool) -> None:
    answer = pplx.ask(client, "SIM_CUT 0", streamed=streamed)
    if streamed and answer.status == 200:
        assert CLIENTS[client].stream_error(answer.body)
    else:
        assert CLIENTS[client].error(answer, 502)


def test_without_its_page_a_question_is_not_answered(pplx: Served) -> None:
    """The stand-in answers with nothing where the page did not come first: that is no empty success."""
    page = b"/search/new"
    pplx.site.instead["/search/new"] = [lambda request: []]
    answer = pplx.ask("openai", "hi")
    assert pplx.site.calls()[0].target.startswith(page)
    assert answer.status == 502
    assert json.loads(answer.body)["error"]["message"]


def test_nobody_is_asked_for_what_has_no_session() -> None:
    with served() as pplx:
        pplx.session.unlink()
        answer = pplx.ask("openai", "hi")
        assert PROVIDER in CLIENTS["openai"].error(answer, 401)
        assert not pplx.site.calls()
