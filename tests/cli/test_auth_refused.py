"""What becomes of a credential that its provider refuses, and what `ccproxy auth check` and `status` say of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.perplexity.served import PROVIDER, Served, served
from tests.support.perplexity.server import TOKEN

COOKIE = "__Secure-next-auth.session-token"
NEXT = "the-next-session-of-nobody"
SITE = {"type": "perplexity_pro", "host": "www.perplexity.ai"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Served]:
    with served({"bare": SITE, "plain": SITE | {"auth": f"echo {TOKEN}"}}) as made:
        yield made


@pytest.fixture
def user(shared: Served) -> Served:
    """Somebody whose session is in order."""
    shared.site.tokens = {TOKEN}
    shared.session.write_text(TOKEN)
    assert status(shared) == 200
    return shared


def status(user: Served) -> int:
    return user.ask("openai", "Hello?").status


def checked(user: Served, *more: str) -> tuple[int, str]:
    done = user.daemon.home.run("auth", "check", PROVIDER, *more)
    return done.returncode, done.stdout


def told(user: Served) -> dict[str, Any]:
    (found,) = json.loads(checked(user, "--json")[1])
    return dict(found)


def line(user: Served, *command: str) -> str:
    return next(
        each for each in user.daemon.home.run(*command).stdout.splitlines() if each.strip().startswith(PROVIDER)
    )


def store(user: Served, text: str) -> None:
    assert user.daemon.home.run("auth", "store", PROVIDER, stdin=text).returncode == 0


def test_it_is_told_until_there_is_another(user: Served) -> None:
    assert (checked(user)[0], "refused" in told(user)) == (0, False)
    user.site.tokens = {NEXT}
    assert status(user) == 401
    code, said = checked(user)
    assert code == 1
    assert "refused with 401, " in said
    assert " s ago" in said
    assert f"{user.session} still gives the credential that was refused" in said
    assert f"put another one into that file, or have `ccproxy auth store {PROVIDER}` do it" in said
    assert (told(user)["present"], told(user)["usable"]) == (True, False)
    for command in (["auth", "list"], ["status"]):
        assert "refused with 401, " in line(user, *command)
    assert TOKEN not in said
    store(user, f"Cookie: a=b; {COOKIE}={NEXT}")
    assert (checked(user)[0], "refused" in told(user)) == (0, False)
    assert "refused" not in line(user, "status")
    assert status(user) == 200


def test_it_is_told_until_it_is_taken(user: Served) -> None:
    user.site.tokens = {NEXT}
    assert status(user) == 401
    assert told(user)["refused"]
    user.site.tokens = {TOKEN}
    assert status(user) == 200
    assert checked(user)[0] == 0


def test_one_that_is_stored_counts_at_once(user: Served) -> None:
    """A failure is kept for a second, but not where the file is another."""
    user.session.unlink()
    refused = user.ask("openai", "Hello?")
    assert (refused.status, f"`ccproxy auth store {PROVIDER}`" in refused.body.decode()) == (401, True)
    store(user, TOKEN)
    assert status(user) == 200


@pytest.mark.parametrize("text", [f"Cookie: a=b; {COOKIE}={TOKEN}\n", f"curl 'x' \\\n -b '{COOKIE}={TOKEN}' \\\n -v\n"])
def test_what_was_pasted_into_the_file_is_understood(user: Served, text: str) -> None:
    user.session.write_text(text)
    assert checked(user)[0] == 0
    assert status(user) == 200


def test_what_is_no_session_is_told(user: Served) -> None:
    user.session.write_text("pplx-made-up-made-up")
    code, said = checked(user)
    assert (code, "made-up" in said) == (1, False)
    assert f"{user.session} holds an API key" in said


def test_how_it_is_configured_is_told_at_the_start_and_by_check(shared: Served) -> None:
    found = {each["provider"]: each for each in json.loads(shared.daemon.home.run("auth", "list", "--json").stdout)}
    assert (found["plain"]["header"], found["plain"]["usable"], found["bare"]["usable"]) == ("cookie", True, False)
    said, log = shared.daemon.home.run("auth", "check").stdout, shared.daemon.output
    for name in ("plain", "bare"):
        assert f"provider '{name}': www.perplexity.ai tends to refuse connections" in log
    assert [each.count("www.perplexity.ai tends to refuse") for each in (said, log)] == [2, 2]
    assert "provider 'bare': no credential: it has no `auth`, and needs the session cookie" in log
    assert "it has no `auth`, and needs the session cookie" in said
    assert "then `ccproxy auth store bare`" in said
    assert "no auth, no credential" in next(
        each for each in shared.daemon.home.run("status").stdout.splitlines() if each.strip().startswith("bare")
    )
