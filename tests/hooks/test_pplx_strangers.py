"""`pplx_thread_inject`: who has the same words as another is not in the other's thread for that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.hooks.perplexity import Client, config, house, run
from tests.support.perplexity.server import PerplexitySite

PIRATE = {"role": "system", "content": "You are a pirate. The treasure is at 4711."}
CLERK = {"role": "system", "content": "You are a clerk."}
OTHER = "another-account-s-session-" + "0" * 16


@pytest.mark.parametrize(
    ("mine", "theirs", "more", "source"),
    [
        ([PIRATE], [CLERK], {}, "home"),
        ([PIRATE], [], {}, "home"),
        ([], [CLERK], {}, "home"),
        ([PIRATE], [PIRATE, CLERK], {}, "home"),
        ([PIRATE], [PIRATE], {}, "followup"),
        ([PIRATE], [CLERK], {"prompt_cache_key": "one"}, "followup"),
    ],
)
def test_instructions_are_nobody_elses(
    mine: list[Any], theirs: list[Any], more: dict[str, str], source: str, site: PerplexitySite, tmp_path: Path
) -> None:
    """In a session that the client tells they may change: agents write the time of day into theirs."""

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            one, other = Client(made, **more), Client(made, **more)
            one.messages = list(mine)
            await one.say("hi")
            other.messages = [*theirs, *one.messages[len(mine) :]]
            await other.say("What was I told at first?")

    run(main())
    assert site.asks[-1]["params"]["query_source"] == source


def test_words_that_are_parted_elsewhere_are_other_words(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            one, other = Client(made), Client(made)
            await one.say("therapist")
            other.messages = [{"role": "user", "content": "the rapist"}, one.messages[1]]
            await other.say("Who?")
            one.messages[1] = dict(one.messages[1], content=f" {one.messages[1]['content']}\n")
            await one.say("Who?")

    run(main())
    assert [each["params"]["query_source"] for each in site.asks] == ["home", "home", "followup"]


def test_another_account_has_other_threads(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one")
            site.tokens = {OTHER}
            (tmp_path / "c").write_text(OTHER)
            await client.say("two")
            await client.say("three")

    run(main())
    assert [each["params"]["query_source"] for each in site.asks] == ["home", "home", "followup"]


def test_what_was_said_in_a_space_stays_there(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one", pplx={"space_uuid": "sp1"})
            await client.say("two")
            await client.say("three")

    run(main())
    assert [each["params"]["query_source"] for each in site.asks] == ["collection", "home", "followup"]
