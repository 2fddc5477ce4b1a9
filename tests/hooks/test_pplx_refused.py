"""What a client is told where Perplexity refuses a question, in its dialect: what happened, and what to do about it."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from ccproxy.config import Config
from tests.hooks.perplexity import MODEL, PROVIDER, Client, config, house, run
from tests.support.dialects import DIALECTS, OPENAI, Dialect
from tests.support.http import Header
from tests.support.perplexity.encodings import failed, frame
from tests.support.perplexity.server import ASK, TOKEN, PerplexitySite
from tests.support.replies import SSE, json_reply, reply, stream
from tests.support.upstream import Script

EVERY = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
HTML: Header = (b"Content-Type", b"text/html")
STORE = f"`ccproxy auth store {PROVIDER}`"
QUOTA = f"`ccproxy pplx quota --provider {PROVIDER}`"
REFUSALS: dict[str, tuple[Script, int, list[str]]] = {
    "401": (json_reply({"detail": "Not authenticated"}, 401), 401, ["to the question: Not authenticated (sign", STORE]),
    "401, a page": (reply(401, [HTML], b"<p>no"), 401, ["Perplexity answered 401 to the question with a page", STORE]),
    "403": (json_reply({"detail": "No."}, 403), 403, [": No. (the account may not do that", STORE]),
    "403, a page": (reply(403, [HTML], b"<p>no"), 403, ["with a page", f"chrome131` for provider '{PROVIDER}'"]),
    "404": (json_reply({"detail": "Gone."}, 404), 404, ["404 to the question: Gone. (it may have been deleted"]),
    "429": (json_reply({"detail": "Slow."}, 429), 429, ["answered 429 to the question: Slow. (", QUOTA]),
    "429, no words": (reply(429, [], b""), 429, [f"Perplexity answered 429 to the question (see {QUOTA} for"]),
    "500, a page": (reply(500, [HTML], b"<p>no"), 500, ["answered 500 to the question with a page in place of an"]),
    "200, a page": (reply(200, [HTML], b"<p>no"), 502, ["with a page", "chrome131", STORE]),
    "an error in JSON": (json_reply({"error_code": "quota", "text": "Slow."}), 429, ["says: Slow. (", QUOTA]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
@EVERY
def test_a_refusal_says_what_to_do(dialect: Dialect, name: str, site: PerplexitySite, tmp_path: Path) -> None:
    script, status, words = REFUSALS[name]

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            for body in (dialect.body(MODEL), streamed(dialect)):
                site.instead[ASK] = [script, script]
                client = Client(made)
                told = dialect.check_error(await client.send(dialect, body), status)
                assert client.status == status
                assert [each for each in ["Perplexity", *words] if each not in told] == [], told
                assert (STORE in told) == (STORE in words)

    run(main())


ECHOES: dict[str, Script] = {
    "in JSON": json_reply({"error_code": TOKEN, "error_message": f"The cookie session={TOKEN} is bad."}, 400),
    "in a text": reply(418, [], f"{TOKEN} is bad.".encode()),
    "in an event": stream([frame({"error_code": TOKEN, "error_message": f"The session {TOKEN} is bad."})]),
}


@pytest.mark.parametrize("name", ECHOES)
@EVERY
def test_a_refusal_does_not_repeat_the_session(
    dialect: Dialect, name: str, site: PerplexitySite, tmp_path: Path
) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            for body in (dialect.body(MODEL), streamed(dialect)):
                site.instead[ASK] = [ECHOES[name]]
                client = Client(made)
                told = json.dumps(await client.send(dialect, body), default=bytes.decode)
                assert TOKEN not in f"{told} {client.headers} {client.exchange.failure}"
                assert "[redacted] is bad." in told

    run(main())


def streamed(dialect: Dialect) -> bytes:
    """A request for a stream, where the body says so."""
    return json.dumps(json.loads(dialect.body(MODEL)) | {"stream": True}).encode()


def test_so_does_an_error_in_a_stream(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            for member in ({}, {"stream": True}):
                site.instead[ASK] = [stream([frame(failed("USER_NOT_LOGGED_IN", "Log in."))])]
                told = await asked(Client(made), **member)
                assert "Perplexity says: Log in. (sign in at www.perplexity.ai" in told
                assert STORE in told

    run(main())


async def asked(client: Client, override: str = "", **more: Any) -> str:
    """What a question is answered with, all of it."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "one"}], **more}
    headers = {"x-ccproxy-hooks": override} if override else None
    return str(await client.send(OPENAI, json.dumps(body).encode(), headers))


EMPTY = {
    "ran": (None, "", STORE),
    "failed": (
        json_reply({"detail": "made up"}, 403),
        "",
        "failed: Perplexity answered 403 to GET /search/new: m",
    ),
    "switched off": (None, "-pplx_preflight", "did not run: the request switched it off (x-ccproxy-hooks)"),
}


@pytest.mark.parametrize("case", EMPTY)
def test_no_answer_says_what_became_of_the_page(case: str, site: PerplexitySite, tmp_path: Path) -> None:
    page, override, words = EMPTY[case]

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            for member in ({}, {"stream": True}):
                site.instead = {ASK: [reply(200, [SSE], b"")]} | ({"/search/new": [page]} if page else {})
                told = await asked(Client(made), override, **member)
                assert "Perplexity ended its stream without an answer: " in told
                assert words in told

    run(main())


def test_a_page_that_is_disabled_is_told_of(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c", {"disabled": ["pplx_preflight"]})) as made:
            assert "is switched off (hooks.disabled)" in await asked(Client(made))

    run(main())


def test_a_page_that_fails_is_one_line_in_the_log(
    site: PerplexitySite, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site.instead["/search/new"] = [json_reply({"detail": "made up"}, 403)]

    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            await asked(Client(made))

    with caplog.at_level(logging.WARNING):
        run(main())
    (line,) = [each for each in caplog.records if "pplx_preflight" in each.getMessage()]
    assert "made up" in line.getMessage()
    assert line.exc_info is None


@EVERY
def test_a_provider_without_a_session_asks_nothing(dialect: Dialect, site: PerplexitySite) -> None:
    settings = Config.model_validate({"providers": {PROVIDER: {"type": "perplexity_pro", "base_url": site.url}}})

    async def main() -> None:
        async with house(settings) as made:
            client = Client(made)
            told = dialect.check_error(await client.send(dialect, dialect.body(MODEL)), 401)
            assert client.status == 401
            assert f"provider '{PROVIDER}' has no session: give it `auth`" in told

    run(main())
    assert site.calls() == []


def test_what_is_not_json_is_told_as_that(site: PerplexitySite, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(config(site, tmp_path / "c")) as made:
            client = Client(made)
            document = await client.send(OPENAI, b"x{")
            assert client.status == 400
            assert "the request body is not valid JSON" in document["error"]["message"]

    run(main())
