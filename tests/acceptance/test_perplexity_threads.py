"""Conversations of clients and threads of Perplexity: by name, by memory, and none."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.test_perplexity import EVERY, SLUG, STREAMED, slug_of, text_of
from tests.support.crossing import CLIENTS
from tests.support.http import Header, Response
from tests.support.perplexity.served import Served, served
from tests.support.perplexity.threads import Thread

DIVERGENCE = "x-ccproxy-perplexity-thread-divergence"


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served(thread={"fetch_page_size": 2}) as made:
        yield made


@pytest.fixture
def pplx(running: Served) -> Served:
    running.site.reset()
    return running


def follow_up(pplx: Served, thread: Thread, question: str) -> dict[str, Any]:
    """The parameters of the newest question, which went on with a thread."""
    payload = pplx.site.asks[-1]
    params: dict[str, Any] = payload["params"]
    assert (payload["query_str"], params["dsl_query"]) == (question, question)
    assert (params["query_source"], params["followup_source"]) == ("followup", "link")
    assert params["frontend_context_uuid"] == thread.context_uuid
    assert not pplx.site.refusals
    return params


# -- by memory


@STREAMED
@EVERY
def test_the_next_turn_goes_on_with_the_thread(pplx: Served, client: str, streamed: bool) -> None:
    turns, slugs = [("user", f"hello from {client} {streamed}")], set()
    for number in (1, 2, 3):
        answer = pplx.ask(client, turns, streamed=streamed)
        said = text_of(client, answer)
        assert said == f"Answer {number} to “{turns[-1][1]}”."
        turns += [("assistant", said), ("user", f"and {number}?")]
        slugs.add(slug_of(answer, streamed=streamed))
    (thread,) = pplx.site.library.threads
    assert len(thread.entries) == 3
    follow_up(pplx, thread, "and 2?")
    assert slugs == {thread.slug}


def test_turns_may_change_their_client(pplx: Served) -> None:
    """What is remembered is the conversation, whoever speaks for it."""
    turns = [("user", "hello from many SIM_SOURCES 2")]
    for number, client in enumerate(("openai", "anthropic", "gemini", "openai_responses"), 1):
        said = text_of(client, pplx.ask(client, turns, streamed=bool(number % 2)))
        turns += [("assistant", said), ("user", f"and {number}?")]
    (thread,) = pplx.site.library.threads
    assert len(thread.entries) == 4


def test_C22_conversations_that_begin_alike_have_threads_of_their_own(pplx: Served) -> None:
    first = text_of("openai", pplx.ask("openai", "hi"))
    second = text_of("openai", pplx.ask("openai", "hi"))
    assert first == second
    one, other = pplx.site.library.threads
    for question in ("what of this?", "what of that?"):
        assert pplx.ask("openai", [("user", "hi"), ("assistant", first), ("user", question)]).status == 200
    assert sorted(entry.query for thread in (one, other) for entry in thread.entries[1:]) == [
        "what of that?",
        "what of this?",
    ]
    assert [len(one.entries), len(other.entries)] == [2, 2]
    third = pplx.ask("openai", [("user", "hi"), ("assistant", "something else"), ("user", "and now?")])
    assert text_of("openai", third).startswith("Answer 1")
    assert len(pplx.site.library.threads) == 3


def test_an_edited_conversation_is_another(pplx: Served) -> None:
    said = text_of("openai", pplx.ask("openai", "hello edit"))
    edited = [("user", "hello edit!"), ("assistant", said), ("user", "go on")]
    assert pplx.ask("openai", edited).status == 200
    payload = pplx.site.asks[-1]
    assert payload["params"]["query_source"] == "home"
    assert "hello edit!" in payload["query_str"]


@STREAMED
@pytest.mark.parametrize("order", ["CUT 3", "ERROR_EVENT"])
def test_R6_a_turn_that_broke_off_is_asked_anew_as_a_whole(pplx: Served, order: str, streamed: bool) -> None:
    pplx.ask("openai", f"lost SIM_WORDS 30 SIM_{order}", streamed=streamed)
    assert not pplx.site.library.threads
    turns = [("user", "lost"), ("assistant", "Answer 1"), ("user", f"again {streamed} {order[:3]}")]
    assert pplx.ask("openai", turns).status == 200
    payload = pplx.site.asks[-1]
    assert payload["params"]["query_source"] == "home"
    assert all(text in payload["query_str"] for _, text in turns)


@STREAMED
def test_a_follow_up_that_broke_off_may_be_asked_again(pplx: Served, streamed: bool) -> None:
    """Its thread may have gone on without us: then nothing is lost either."""
    said = text_of("openai", pplx.ask("openai", f"first {streamed}"))
    before = [("user", f"first {streamed}"), ("assistant", said)]
    pplx.ask("openai", [*before, ("user", "second SIM_WORDS 30 SIM_CUT 3")], streamed=streamed)
    answer = pplx.ask("openai", [*before, ("user", "second")], streamed=streamed)
    assert "“" in text_of("openai", answer)
    assert "second" in pplx.site.asks[-1]["query_str"]


def test_what_is_incognito_is_not_remembered(pplx: Served) -> None:
    secret: dict[str, Any] = {"pplx": {"is_incognito": True}}
    said = text_of("openai", pplx.ask("openai", "secret", **secret))
    assert pplx.site.ask["params"]["is_incognito"] is True
    assert pplx.ask("openai", [("user", "secret"), ("assistant", said), ("user", "more")], **secret).status == 200
    assert pplx.site.asks[-1]["params"]["query_source"] == "home"
    assert not pplx.site.library.threads


def test_a_restart_does_not_forget(agent: str) -> None:
    with served(archive=True) as pplx:
        said = text_of("openai", pplx.ask("openai", "before", (b"User-Agent", agent.encode())))
        pplx.daemon.flow(agent)
        pplx.daemon.stop()
        pplx.daemon.start()
        turns = [("user", "before"), ("assistant", said), ("user", "after")]
        for _ in range(50):  # it is read in the background
            assert pplx.ask("openai", turns).status == 200
            if pplx.site.asks[-1]["params"]["query_source"] == "followup":
                break
            time.sleep(0.1)
        assert follow_up(pplx, pplx.site.library.threads[-1], "after")


# -- by name


def named(client: str, way: str, name: str) -> tuple[list[Header], dict[str, Any]]:
    """Header fields and members that name a thread."""
    if way == "field":
        return [(SLUG.encode(), name.encode())], {}
    return [], {way: {"session_id": name}}


WAYS = [
    (client, way) for client in CLIENTS for way in ("field", "pplx", "metadata") if client != "gemini" or way == "field"
]


@STREAMED
@pytest.mark.parametrize(("client", "way"), WAYS)
def test_a_thread_by_its_name(pplx: Served, client: str, way: str, streamed: bool) -> None:
    thread = pplx.site.library.grown({f"part {number}": f"said {number}" for number in range(5)})
    headers, members = named(client, way, thread.slug)
    history = [turn for n in range(5) for turn in (("user", f"part {n}"), ("assistant", f"said {n}"))]
    answer = pplx.ask(client, [*history, ("user", "and then?")], *headers, streamed=streamed, **members)
    assert text_of(client, answer) == "Answer 6 to “and then?”."
    params = follow_up(pplx, thread, "and then?")
    assert params["last_backend_uuid"] == thread.entries[4].backend_uuid
    assert answer.field(DIVERGENCE) is None
    assert len(pplx.site.calls(f"/rest/thread/{thread.slug}")) == 3  # two entries a page
    assert slug_of(answer, streamed=streamed) == thread.slug


@pytest.mark.parametrize("cursor", ["end", "next"])
def test_both_ways_of_paging(pplx: Served, cursor: str) -> None:
    thread = pplx.site.library.grown({f"part {number}": "said" for number in range(3)})
    pplx.site.paging.cursor = cursor
    assert text_of("openai", pplx.ask("openai", "on", (SLUG.encode(), thread.slug.encode()))).startswith("Answer 4")


@pytest.mark.parametrize("cursor", ["none", "same"])
@EVERY
def test_pages_without_an_end_are_an_error(pplx: Served, client: str, cursor: str) -> None:
    thread = pplx.site.library.grown({f"part {number}": "said" for number in range(5)})
    pplx.site.paging.cursor = cursor
    assert CLIENTS[client].error(pplx.ask(client, "on", (SLUG.encode(), thread.slug.encode())), 502)
    assert len(pplx.site.calls("/rest/thread/")) <= 3
    assert not pplx.site.asks


@STREAMED
@EVERY
def test_a_thread_that_does_not_exist(pplx: Served, client: str, streamed: bool) -> None:
    answer = pplx.ask(client, "on", (SLUG.encode(), b"no-such-thread"), streamed=streamed)
    assert CLIENTS[client].error(answer, 404)
    assert not pplx.site.asks


MODES = {"warn": 200, "strict": 409, "ignore": 200}


@pytest.fixture(scope="module", params=MODES)
def moody(request: pytest.FixtureRequest) -> Iterator[tuple[Served, str]]:
    with served(thread={"consistency_mode": request.param}) as made:
        yield made, request.param


@STREAMED
@EVERY
def test_W_INS_10_a_thread_that_says_something_else(moody: tuple[Served, str], client: str, streamed: bool) -> None:
    pplx, mode = moody
    pplx.site.reset()
    thread = pplx.site.library.grown({"one": "said", "two": "said"})
    own = (SLUG.encode(), thread.slug.encode())
    answer = pplx.ask(client, [("user", "one"), ("assistant", "said"), ("user", "three")], own, streamed=streamed)
    told(answer, mode, client)
    assert len(pplx.site.asks) == (0 if mode == "strict" else 1)
    pplx.site.server.forget()
    fitting = [("user", "one"), ("assistant", "said"), ("user", "two"), ("assistant", "said"), ("user", "four")]
    if mode == "strict":
        agreed = pplx.ask(client, fitting, own, streamed=streamed)
        assert text_of(client, agreed) == "Answer 3 to “four”."
        assert agreed.field(DIVERGENCE) is None


def told(answer: Response, mode: str, client: str) -> None:
    """Asserts that a client is told what its daemon thinks of it."""
    field = answer.field(DIVERGENCE)
    if mode == "strict":
        assert "2" in CLIENTS[client].error(answer, 409)
        return
    assert text_of(client, answer) == "Answer 3 to “three”."
    assert bool(field) == (mode == "warn")
    assert field is None or (b"2" in field and b"1" in field)


def test_a_space_and_a_thread_are_not_both_to_be_had(pplx: Served) -> None:
    thread = pplx.site.library.grown({"one": "said"})
    wanted = {"space_uuid": "made-up-space", "session_id": thread.slug}
    answer = pplx.ask("openai", "in the space", pplx=wanted)
    assert "exclude each other" in CLIENTS["openai"].error(answer, 400)
    assert not pplx.site.calls()


def test_the_record_tells_the_threads_name_and_no_more(pplx: Served, agent: str) -> None:
    assert pplx.ask("openai", "for the record", (b"User-Agent", agent.encode())).status == 200
    (thread,) = pplx.site.library.threads
    record = pplx.record(agent)
    token = thread.entries[-1].write_token
    shown = {name: value for name, value in record.items() if name != "bodies"}
    assert thread.slug in json.dumps(shown)
    assert token not in json.dumps(shown)
