"""`ccproxy auth` with credentials that have a token endpoint, through a daemon and without one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartDaemon
from tests.support.configs import provider
from tests.support.daemon import Home
from tests.support.token_process import CODEX, KINDS, TokenProcess, tokens_in

NOWHERE = "http://127.0.0.1:9"
type Start = Callable[[dict[str, Any]], Home]


@pytest.fixture
def endpoint(request: pytest.FixtureRequest) -> Iterator[TokenProcess]:
    """A token endpoint; of ChatGPT's kind, where the test is about that."""
    of_codex = CODEX in str(request.node.callspec.params.get("kind", "")) if hasattr(request.node, "callspec") else ""
    with TokenProcess(*(["--codex"] if of_codex else [])) as started:
        yield started


@pytest.fixture(params=["daemon", "alone"])
def start(request: pytest.FixtureRequest, home: Home, start_daemon: StartDaemon) -> Start:
    """Somebody with these credentials by provider, whose daemon runs or does not."""

    def started(auths: dict[str, Any]) -> Home:
        config = {"providers": {name: provider("anthropic", NOWHERE, auth) for name, auth in auths.items()}}
        if request.param == "daemon":
            return start_daemon(config).home
        home.write(config)
        return home

    return started


def told(home: Home, *arguments: str, status: int = 0) -> dict[str, Any]:
    done = home.run("auth", *arguments, "--json")
    assert (done.returncode, done.stderr) == (status, ""), done.stdout
    (found,) = json.loads(done.stdout)
    return dict(found)


def access_token(file: Path, kind: str) -> str:
    held = json.loads(file.read_text())
    tokens = held["claudeAiOauth"] if kind == "anthropic_oauth" else held["tokens"] if kind == CODEX else held
    return str(tokens["accessToken" if kind == "anthropic_oauth" else "access_token"])


@pytest.mark.parametrize("kind", KINDS)
def test_list_and_check_tell_until_when_it_is_good(
    start: Start, endpoint: TokenProcess, kind: str, tokens: Path
) -> None:
    home = start({"p": endpoint.login(kind, tokens / "login.json", 7250)})
    found = told(home, "list")
    assert (found["type"], found["where"], found["present"]) == (kind, str(tokens / "login.json"), True)
    assert (found["refreshable"], found["error"], bool(found["expires"])) == (True, None, True)
    done = home.run("auth", "check", "p")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{kind}, {tokens / 'login.json'}, expires in 2 h 00 min" in done.stdout
    assert endpoint.count("posts") == 0


@pytest.mark.parametrize("kind", KINDS)
def test_refresh_asks_the_token_endpoint_once(start: Start, endpoint: TokenProcess, kind: str, tokens: Path) -> None:
    file = tokens / "login.json"
    home = start({"p": endpoint.login(kind, file, 60_000)})
    before = access_token(file, kind)
    done = home.run("auth", "refresh", "p")
    assert (done.returncode, done.stderr) == (0, "")
    assert "refreshed, expires in" in done.stdout
    assert access_token(file, kind) != before
    assert (endpoint.count("posts"), endpoint.count("granted")) == (1, 1)
    again = told(home, "refresh")
    asked_again = again["outcome"] == "refreshed"
    assert (again["outcome"], again["error"]) == ("refreshed" if asked_again else "recent", None)
    assert (endpoint.count("posts"), endpoint.count("reused")) == (1 + asked_again, 0)
    shown = done.stdout + json.dumps(again)
    assert not [secret for secret in endpoint.secrets | tokens_in(file) if secret in shown]


@pytest.mark.parametrize("kind", KINDS)
def test_refresh_of_one_that_is_over_asks_once(start: Start, endpoint: TokenProcess, kind: str, tokens: Path) -> None:
    home = start({"p": endpoint.login(kind, tokens / "login.json", -60)})
    assert told(home, "refresh", "p")["outcome"] == "refreshed"
    assert endpoint.count("posts") == 1


def test_refresh_that_is_refused_says_why_and_leaves_what_is_good(
    start: Start, endpoint: TokenProcess, tokens: Path
) -> None:
    file = tokens / "login.json"
    home = start({"p": endpoint.login("anthropic_oauth", file)})
    before = file.read_bytes()
    endpoint.fail(kind="error", status=400, error="invalid_grant")
    done = home.run("auth", "refresh", "p")
    assert (done.returncode, done.stderr) == (1, "")
    assert "failed: " in done.stdout
    assert "invalid_grant" in done.stdout
    assert file.read_bytes() == before
    assert told(home, "check", "p")["present"]


def test_check_says_what_becomes_of_it(start: Start, endpoint: TokenProcess, tokens: Path) -> None:
    over, lonely = tokens / "over", tokens / "lonely"
    auths = {"over": endpoint.login("google_oauth", over, -5), "lonely": endpoint.login("google_oauth", lonely, 600)}
    lonely.write_text(json.dumps(json.loads(lonely.read_text()) | {"refresh_token": ""}))
    home = start(auths)
    done = home.run("auth", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "it is refreshed for the next request" in done.stdout
    assert "there is no refresh token: log in again before it is over" in done.stdout
    endpoint.fail(kind="error", status=503, error="busy")
    assert "failed: " in home.run("auth", "refresh", "over").stdout
    refused = home.run("auth", "refresh", "lonely")
    assert (refused.returncode, refused.stderr) == (1, "")
    assert "without a refresh token" in refused.stdout
    assert told(home, "check", "lonely")["usable"]


def test_a_login_that_is_missing_is_told_with_what_to_do(start: Start, endpoint: TokenProcess, tokens: Path) -> None:
    gone = {kind: {"type": kind, "file_path": str(tokens / kind)} | endpoint.settings(kind) for kind in KINDS}
    home = start(gone)
    done = home.run("auth", "check")
    assert (done.returncode, done.stderr) == (1, "")
    for kind, program in zip(KINDS, ("claude", "gemini", "codex login"), strict=True):
        assert f"{tokens / kind} does not exist" in done.stdout
        assert f"log in with `{program}`" in done.stdout
    assert home.run("auth", "refresh").returncode == 1
    assert endpoint.count("posts") == 0
    endpoint.login("google_oauth", tokens / "google_oauth")
    assert told(home, "check", "google_oauth")["present"]
