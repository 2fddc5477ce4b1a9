"""Where an answer is to be, and what a thread that it goes on in has of the conversation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hooks.perplexity import Client, config, house, run
from tests.support.perplexity.server import PerplexitySite

SLUG = "X-CCProxy-Perplexity-Thread-Slug"
PLACES: dict[str, dict[str, Any]] = {
    "space": {"space_uuid": "2e7b8f0e-5f0f-4a50-9d7c-0d2f3d7d2d11"},
    "incognito": {"is_incognito": True},
}


@pytest.mark.parametrize("place", PLACES)
def test_a_thread_that_a_field_names_is_nowhere_else(place: str, site: PerplexitySite, tmp_path: Path) -> None:
    """The thread was left out without a word, or the question was not incognito."""
    thread = site.library.grown({"one": "1"})

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made, pplx=PLACES[place])
            assert "exclude each other" in await client.say("two", headers={SLUG: thread.slug})
            assert client.status == 400

    run(main())
    assert site.calls() == []


def told(client: Client) -> int:
    """How many system prompts the client is told of that were left out."""
    count = client.exchange.dropped.get("instructions", 0)
    assert client.headers.get("x-ccproxy-dropped") == (f"instructions={count}" if count else None)
    return count


def test_a_system_prompt_does_not_get_into_a_thread_that_is_named(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c", thread={"consistency_mode": "ignore"})) as made:
            client = Client(made)
            client.messages = [{"role": "system", "content": "Be brief."}]
            await client.say("one")
            named = {SLUG: client.headers[SLUG.lower()]}
            counts = [told(client)]
            for headers in (named, {}):  # what the thread began with is not known of one that was named
                await client.say("two", headers=headers)
                counts.append(told(client))
            assert counts == [0, 1, 1]

    run(main())
    assert [len(each.entries) for each in site.library.threads] == [3]


def test_one_that_is_not_the_threads_own_is_left_out_of_every_turn(site: PerplexitySite, tmp_path: Path) -> None:
    """In a session that the client tells it may change, as agents' do."""

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client, counts = Client(made, prompt_cache_key="a session"), []
            prompts = ("Be brief.", "Be  brief. ", "Be kind.", "Be kind.", None, "Be brief.")
            for prompt in prompts:
                system = [{"role": "system", "content": prompt}] if prompt else []
                client.messages = [*system, *(each for each in client.messages if each["role"] != "system")]
                await client.say("go on")
                counts.append(client.exchange.dropped.get("instructions", 0))
            assert counts == [0, 0, 1, 1, 0, 0]

    run(main())
    assert [len(each.entries) for each in site.library.threads] == [6]
