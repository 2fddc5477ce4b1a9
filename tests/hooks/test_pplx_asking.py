"""`pplx_stamp_headers`, `pplx_preflight`: a question comes as a browser's does. And where these hooks are."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ccproxy.providers.provider import SESSION_COOKIE
from tests.hooks.perplexity import MODEL, Client, config, house, reached, run
from tests.support.dialects import DIALECTS, Dialect
from tests.support.perplexity.server import ASK, PerplexitySite
from tests.support.replies import json_reply
from tests.support.upstream import Hang

HOOKS = ["pplx_thread_inject", "pplx_stamp_headers", "extract_pplx_files", "pplx_preflight"]
OF_2_0 = {
    "inbound": [
        "ccproxy.hooks.inject_auth",
        "ccproxy.hooks.extract_session_id",
        "ccproxy.hooks.extract_pplx_files",
        "ccproxy.hooks.pplx_thread_inject",
    ],
    "outbound": [
        "ccproxy.hooks.gemini_cli",
        "ccproxy.hooks.pplx_stamp_headers",
        "ccproxy.hooks.pplx_preflight",
        "ccproxy.hooks.verbose_mode",
    ],
}

MASK = '''
from ccproxy import hook

PATHS = PLACES

@hook(stage="outbound", reads=PATHS, writes=PATHS)
def mask(ctx, params):
    """Hides a name."""
    for path in PATHS:
        ctx.body.rewrite(path, lambda text: text.replace("Ada", "N."))
'''


@pytest.mark.parametrize("hooks", [None, OF_2_0], ids=["by themselves", "as 2.0 lists them"])
def test_they_run_once_each_whoever_lists_them(hooks: Any, site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c", hooks)) as made:
            client = Client(made)
            assert await client.say("one") == "Answer 1 to “one”."
            assert sorted(each.name for each in client.results) == sorted(HOOKS)
            assert {(each.stage, each.outcome) for each in client.results} == {("outbound", "ran")}
            order = [each.name for each in client.results]
            assert order.index("pplx_thread_inject") < order.index("extract_pplx_files")
            assert order.index("pplx_thread_inject") < order.index("pplx_preflight")

    run(main())
    assert len(site.asks) == 1
    assert len(site.calls("/search/new")) == 1


def test_they_are_not_there_for_other_providers(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made, provider="plain")
            await client.say("one")
            assert client.status == 200
            assert client.outcomes == dict.fromkeys(HOOKS, "guard")

    run(main())
    assert site.calls() == []


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_question_of_every_format_has_a_browsers_fields(
    dialect: Dialect, site: PerplexitySite, tmp_path: Path
) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            for _ in range(2):
                client = Client(made)
                await client.send(dialect, dialect.body(MODEL), {"User-Agent": "sdk/1", "X-Own": "1"})
                assert client.status == 200

    run(main())
    first, second = site.calls(ASK)
    assert site.refusals == []
    names = [name.lower() for name, _ in first.headers]
    assert len(names) == len(set(names))
    assert first.field("x-own") is None
    assert first.field("accept") == b"text/event-stream, application/json"
    assert first.field("x-request-id") != second.field("x-request-id")


def test_the_page_is_asked_for_with_the_text_that_is_asked_then(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one & ü?")
            await client.say("two")

    run(main())
    assert site.warmed == {"one & ü?", "two"}
    assert [each.method for each in site.calls()] == ["GET", "POST"] * 2


def test_a_page_that_fails_is_noted_and_the_question_is_asked(site: PerplexitySite, tmp_path: Path) -> None:
    site.warmed.add("one")
    site.instead["/search/new"] = [json_reply({"detail": "made up"}, 403)]

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            assert await client.say("one") == "Answer 1 to “one”."
            assert "Perplexity answered 403 to GET /search/new" in client.outcomes["pplx_preflight"]

    run(main())


def test_a_page_that_never_comes_holds_up_nobody_else(site: PerplexitySite, tmp_path: Path) -> None:
    """R1: the event loop stood still for 5 s."""
    site.warmed.add("one")
    site.instead["/search/new"] = [lambda request: [Hang()]]

    async def main() -> None:
        async with house(config(site, tmp_path / "c", search={"preflight_timeout_seconds": 1.0})) as made:
            slow, quick = Client(made), Client(made)
            waiting = asyncio.create_task(slow.say("one"))
            await reached(lambda: site.calls("/search/new"))
            assert await quick.say("two") == "Answer 1 to “two”."
            assert not waiting.done()
            assert await waiting == "Answer 1 to “one”."
            assert "within 1 s" in slow.outcomes["pplx_preflight"]

    run(main())


def test_a_client_may_switch_one_off(site: PerplexitySite, tmp_path: Path) -> None:
    site.warmed.add("one")

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            await client.say("one", headers={"x-ccproxy-hooks": "-pplx_preflight"})
            assert client.status == 200
            assert client.outcomes["pplx_preflight"] == "override"
            unfit = Client(made)
            await unfit.say("one", headers={"x-ccproxy-hooks": "+pplx_preflight"})
            assert unfit.status == 200

    run(main())
    assert len(site.calls("/search/new")) == 1


@pytest.mark.parametrize("places", ['["query_str", "params.dsl_query"]', '["**"]'], ids=["text", "all"])
def test_hooks_of_users_have_the_last_word_on_what_is_asked(places: str, site: PerplexitySite, tmp_path: Path) -> None:
    hooks_dir = tmp_path / "hooks"
    hooks_dir.mkdir()
    (hooks_dir / "mask.py").write_text(MASK.replace("PLACES", places))

    async def main() -> None:
        async with house(config(site, tmp_path / "c", {"hooks_dir": str(hooks_dir)})) as made:
            client = Client(made)
            for words in ("Who is Ada?", "And Ada again?"):
                await client.say(words)
                assert client.status == 200

    run(main())
    assert [each["query_str"] for each in site.asks] == ["Who is N.?", "And N. again?"]
    assert site.warmed == {"Who is N.?", "And N. again?"}
    assert site.asks[1]["params"]["query_source"] == "followup"


# -- the session


@pytest.mark.parametrize("kind", ["file", "command"])
def test_a_session_that_was_refused_is_read_again(kind: str, site: PerplexitySite, tmp_path: Path) -> None:
    """R4: the same token was sent again, and the answer to that came untranslated."""
    file = tmp_path / "c"
    settings = config(site, file, auth=f"cat {file}" if kind == "command" else None)

    async def main() -> None:
        async with house(settings) as made:
            client = Client(made)
            await client.say("one")
            site.tokens = {"another-session-of-nobody"}
            file.write_text("another-session-of-nobody\n")
            assert (await client.say("two")).endswith("two”.")  # in a new thread, where the account may be another

    run(main())
    assert [each.field("cookie") for each in site.calls(ASK)][-1] == SESSION_COOKIE + b"another-session-of-nobody"


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_session_that_has_ended_is_told_in_the_clients_dialect(
    dialect: Dialect, site: PerplexitySite, tmp_path: Path
) -> None:
    site.tokens = {"another-session-of-nobody"}

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            told = await client.send(dialect, dialect.body(MODEL))
            assert client.status == 401
            assert dialect.check_error(told, 401)

    run(main())


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_refusals_of_hooks_speak_the_clients_dialect(dialect: Dialect, site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            slug = {"X-CCProxy-Perplexity-Thread-Slug": "none-such"}
            told = await client.send(dialect, dialect.body(MODEL), slug)
            assert client.status == 404
            assert "none-such" in dialect.check_error(told, 404)

    run(main())
    assert site.asks == []


def test_without_a_session_nothing_is_sent(site: PerplexitySite, tmp_path: Path) -> None:
    settings = config(site, tmp_path / "c")
    (tmp_path / "c").unlink()

    async def main() -> None:
        async with house(settings) as made:
            client = Client(made)
            message = await client.say("one")
            assert client.status == 401
            assert "no credential for provider 'web'" in message

    run(main())
    assert site.calls() == []


def test_a_client_that_leaves_while_a_hook_waits_leaves_nothing_behind(site: PerplexitySite, tmp_path: Path) -> None:
    site.instead["/search/new"] = [lambda request: [Hang()]]

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            waiting = asyncio.create_task(client.say("one"))
            await reached(lambda: site.calls("/search/new"))
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert await Client(made).say("two") == "Answer 1 to “two”."

    run(main())
    assert [json.loads(each.body)["query_str"] for each in site.calls(ASK)] == ["two"]
