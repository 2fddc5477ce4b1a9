"""`pplx_thread_inject`: a conversation goes on in its own thread, and in no other."""

from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.hooks.perplexity import Client, config, house, run
from tests.support.perplexity.encodings import failed, frame
from tests.support.perplexity.served import PIXEL
from tests.support.perplexity.server import ASK, PerplexitySite
from tests.support.perplexity.story import Story
from tests.support.perplexity.threads import Entry
from tests.support.replies import json_reply, stream

ANEW = "[User]: one\n\n[Assistant]: Answer 1 to “one”.\n\n[User]: two"
SLUG = "X-CCProxy-Perplexity-Thread-Slug"


def lengths(site: PerplexitySite) -> list[int]:
    """How many entries each thread has, the longest first."""
    return sorted((len(each.entries) for each in site.library.threads), reverse=True)


# -- what is remembered


def test_a_conversation_goes_on_in_its_thread(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            assert await client.say("Which river?") == "Answer 1 to “Which river?”."
            assert await client.say("How long is it?") == "Answer 2 to “How long is it?”."
            assert await client.say("And how wide?") == "Answer 3 to “And how wide?”."

    run(main())
    first, second, third = site.asks
    assert lengths(site) == [3]
    assert [each["query_str"] for each in site.asks] == ["Which river?", "How long is it?", "And how wide?"]
    assert first["params"]["query_source"] == "home"
    assert second["params"]["query_source"] == third["params"]["query_source"] == "followup"
    assert site.refusals == []


def test_unrelated_conversations_that_begin_alike_never_share_a_thread(site: PerplexitySite, tmp_path: Path) -> None:
    """C22: the thread's key was the user's first text."""

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            one, other = Client(made), Client(made)
            await one.say("hi")
            await other.say("hi")
            assert [await each.say("What is your name?") for each in (one, other)] == [
                "Answer 2 to “What is your name?”."
            ] * 2
            await one.say("Bye")

    run(main())
    assert lengths(site) == [3, 2]


def test_hi_alone_goes_on_with_nothing(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            for _ in range(3):
                assert await Client(made).say("hi") == "Answer 1 to “hi”."

    run(main())
    assert lengths(site) == [1, 1, 1]


def test_conversations_at_the_same_time_have_a_thread_each(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            clients = [Client(made) for _ in range(6)]
            for question in ("hi", "And then?", "And after that?"):
                answers = await asyncio.gather(*(client.say(question) for client in clients))
                assert len(set(answers)) == 1

    run(main())
    assert lengths(site) == [3] * 6
    assert site.refusals == []


def test_a_turn_that_is_generated_again_begins_a_thread_with_all_that_was_said(
    site: PerplexitySite, tmp_path: Path
) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client, again = Client(made), Client(made)
            await client.say("one")
            former = list(client.messages)
            await client.say("two")
            again.messages = former
            await again.say("two")
            assert await client.say("three") == "Answer 3 to “three”."
            assert await again.say("three") == "Answer 2 to “three”."

    run(main())
    assert lengths(site) == [3, 2]
    assert "[User]: one" in site.asks[2]["query_str"]
    assert site.asks[2]["query_str"].endswith("[User]: two")


def test_a_session_of_the_client_is_part_of_what_a_conversation_is(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made, prompt_cache_key="one")
            await client.say("hi")
            client.more["prompt_cache_key"] = "another"
            await client.say("two")

    run(main())
    assert lengths(site) == [1, 1]


def test_providers_have_threads_of_their_own(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client, other = Client(made), Client(made, provider="other")
            await client.say("hi")
            other.messages = list(client.messages)
            await other.say("two")

    run(main())
    assert lengths(site) == [1, 1]


def test_what_is_incognito_is_neither_remembered_nor_put_into_a_thread(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one")
            await client.say("two", pplx={"is_incognito": True})
            assert client.exchange.thread is None
            await client.say("three", pplx={"is_incognito": True})

    run(main())
    assert lengths(site) == [1]
    assert [each["params"]["query_source"] for each in site.asks] == ["home"] * 3


def test_what_a_broken_answer_left_behind_is_not_gone_on_with(site: PerplexitySite, tmp_path: Path) -> None:
    """R6: what was not answered to its end never enters the memory, and takes nothing out of the conversation."""

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one")
            await client.say("two SIM_CUT 2")
            assert client.status == 502
            client.messages.pop()
            assert (
                await client.say("two")
                == "Answer 1 to “[User]: one\n\n[Assistant]: Answer 1 to “one”.\n\n[User]: two”."
            )
            assert await client.say("three") == "Answer 2 to “three”."

    run(main())
    assert lengths(site) == [2, 1]


def test_what_the_site_did_not_take_changes_nothing(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one")
            assert "used up" in await client.say("SIM_ERROR 429")
            assert (client.status, client.headers["retry-after"]) == (429, "7")
            client.messages.pop()
            assert await client.say("two") == "Answer 2 to “two”."

    run(main())
    assert lengths(site) == [2]


@pytest.mark.parametrize("fate", ["gone on with in a browser", "deleted"])
def test_a_thread_that_cannot_be_gone_on_with_is_in_nobodys_way_for_long(
    fate: str, site: PerplexitySite, tmp_path: Path
) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one")
            (thread,) = site.library.threads
            if fate == "deleted":
                site.library.threads.clear()
            else:
                thread.entries.append(Entry("else", "gpt54", story=Story("else")))
            assert (await client.say("two")).startswith("Answer 1 to “[User]: one")
            refused, taken = client.exchange.attempts
            assert (refused.status in (403, 404), taken.status) == (True, 200)
            assert b"entry" in refused.body
            assert "asked in a new one" in refused.note
            assert await client.say("three") == "Answer 2 to “three”."
            assert len(client.exchange.attempts) == 1

    run(main())
    assert [json.loads(each.body)["query_str"] for each in site.calls(ASK)][1:] == ["two", ANEW, "three"]
    assert site.warmed == {"one", "two", ANEW, "three"}


def test_files_of_a_thread_that_is_gone_go_with_the_new_one(site: PerplexitySite, tmp_path: Path) -> None:
    url = "data:image/png;base64," + b64encode(PIXEL).decode()
    picture = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": url}}]

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say(picture)
            site.library.threads.clear()
            assert (await client.say("two")).endswith("There were 1 files.")
            assert "x-ccproxy-dropped" not in client.headers

    run(main())


@pytest.mark.parametrize("named", [False, True], ids=["remembered", "named"])
def test_a_thread_is_given_up_once_and_never_one_that_the_client_names(
    named: bool, site: PerplexitySite, tmp_path: Path
) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one")
            site.instead[ASK] = [json_reply({"detail": "Bad."}, 400)] * 3
            headers = {SLUG: client.headers[SLUG.lower()]} if named else None
            message = await client.say("two", headers)
            assert (client.status, message) == (400, "Perplexity answered 400 to the question: Bad.")

    run(main())
    assert len(site.instead[ASK]) == (2 if named else 1)


def test_a_thread_that_turns_out_to_be_gone_in_a_stream_is_told_to_be_forgotten(
    site: PerplexitySite, tmp_path: Path
) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one")
            site.instead[ASK] = [stream([frame(failed("ENTRY_NOT_FOUND", "Gone."))])]
            assert "ask again, and a new one begins" in await client.say("two")
            client.messages.pop()
            assert (await client.say("two")).startswith("Answer 1 to “[User]: one")

    run(main())


# -- what the client names


@pytest.mark.parametrize("way", ["metadata", "pplx", "field"])
def test_a_client_names_the_thread(way: str, site: PerplexitySite, tmp_path: Path) -> None:
    thread = site.library.grown({"one": "1", "two": "2"})
    named: dict[str, Any] = {
        "metadata": {"metadata": {"session_id": thread.slug}},
        "pplx": {"pplx": {"session_id": thread.slug}},
        "field": {"headers": {SLUG: thread.slug}},
    }[way]

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            assert await client.say("three", **named) == "Answer 3 to “three”."
            assert client.headers[SLUG.lower()] == thread.slug
            assert "x-ccproxy-dropped" not in client.headers
            assert await client.say("four") == "Answer 4 to “four”."  # and need not do so again

    run(main())
    assert lengths(site) == [4]


def test_what_an_answer_tells_is_what_a_client_may_name(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one")
            slug = client.headers[SLUG.lower()]
            assert await Client(made).say("two", headers={SLUG: slug}) == "Answer 2 to “two”."

    run(main())
    assert lengths(site) == [2]


def test_a_thread_that_does_not_exist_is_no_new_one(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            message = await client.say("one", headers={SLUG: "no-such-thread"})
            assert client.status == 404
            assert "deleted, or belong to another account" in message

    run(main())
    assert site.asks == []


def test_a_thread_that_says_something_else_is_told_of(
    site: PerplexitySite, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    thread = site.library.grown({"one": "1", "two": "2"})

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            with caplog.at_level(logging.WARNING):
                await client.say("three", headers={SLUG: thread.slug})
            assert client.headers["x-ccproxy-perplexity-thread-divergence"] == "thread=2, conversation=0"
            assert f"the thread {thread.slug} has 2 questions, and the conversation 0" in caplog.text

    run(main())


@pytest.mark.parametrize(("mode", "status"), [("strict", 409), ("ignore", 200)])
def test_whether_it_may_is_configured(mode: str, status: int, site: PerplexitySite, tmp_path: Path) -> None:
    thread = site.library.grown({"one": "1"})

    async def main() -> None:
        async with house(config(site, tmp_path / "c", thread={"consistency_mode": mode})) as made:
            client = Client(made)
            message = await client.say("two", headers={SLUG: thread.slug})
            assert client.status == status
            assert "x-ccproxy-perplexity-thread-divergence" not in client.headers
            if status == 409:
                assert "name no thread, or set pplx.thread.consistency_mode: warn" in message
            whole = Client(made)
            whole.messages = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "1"}]
            await whole.say("two", headers={SLUG: thread.slug})
            assert whole.status == 200

    run(main())


def test_a_question_in_a_space_begins_a_thread(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made, pplx={"space_uuid": "2e7b8f0e-5f0f-4a50-9d7c-0d2f3d7d2d11"})
            await client.say("one")
            await client.say("two")

    run(main())
    assert [each["params"]["query_source"] for each in site.asks] == ["collection"] * 2


# -- what is noted


def test_the_exchange_notes_its_thread(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one")
            first = client.exchange.thread
            await client.say("two")
            second = client.exchange.thread
            assert first is not None
            assert second is not None
            (thread,) = site.library.threads
            assert first | {"key": "", "backend_uuid": "", "read_write_token": ""} == {
                "provider": "web", "key": "", "parent": None, "slug": thread.slug, "backend_uuid": "",
                "context_uuid": thread.context_uuid, "read_write_token": "", "title": "one",
                "began": "",
            }  # fmt: skip
            assert second["parent"] == first["key"]
            assert second["backend_uuid"] == thread.entries[-1].backend_uuid

    run(main())
