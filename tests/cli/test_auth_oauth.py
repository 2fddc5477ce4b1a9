"""`ccproxy auth` with credentials that have a token endpoint, through a daemon and without one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartDaemon
from tests.support.configs import provider
from tests.support.daemon import Daemon, Home
from tests.support.dialects import ANTHROPIC
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


def test_status_tells_of_each(start_daemon: StartDaemon, endpoint: TokenProcess, tokens: Path) -> None:
    auths = {
        "good": endpoint.login("google_oauth", tokens / "good", 7250),
        "over": endpoint.login("google_oauth", tokens / "over", -5),
        "gone": {"type": "google_oauth", "file_path": str(tokens / "gone")} | endpoint.settings("google_oauth"),
    }
    daemon = start_daemon({"providers": {name: provider("gemini", NOWHERE, auth) for name, auth in auths.items()}})
    endpoint.fail(kind="error", status=400, error="invalid_grant")
    daemon.home.run("auth", "refresh", "over")
    listed = json.loads(daemon.home.run("status", "--json").stdout)["providers"]
    known = {each["name"]: each["credential"] for each in listed}
    assert {name: each["present"] for name, each in known.items()} == {"good": True, "over": False, "gone": False}
    assert (known["good"]["error"], known["gone"]["expires"]) == (None, None)
    assert "invalid_grant" in known["over"]["error"]
    lines = {line.split()[0]: line for line in daemon.home.run("status").stdout.splitlines() if "auth:" in line}
    assert "auth: google_oauth, expires in 2 h 00 min" in lines["good"]
    assert f"auth: google_oauth, no credential: {tokens / 'gone'} does not exist" in lines["gone"]


def test_a_login_that_is_missing_is_told_with_what_to_do(start: Start, endpoint: TokenProcess, tokens: Path) -> None:
    gone = {kind: {"type": kind, "file_path": str(tokens / kind)} | endpoint.settings(kind) for kind in KINDS}
    home = start(gone)
    done = home.run("auth", "check")
    assert (done.returncode, done.stderr) == (1, "")
    for kind, program in zip(KINDS, ("claude", "gemini", "codex"), strict=True):
        assert f"{tokens / kind} does not exist" in done.stdout
        assert f"log in with {program}" in done.stdout
    assert home.run("auth", "refresh").returncode == 1
    assert endpoint.count("posts") == 0
    endpoint.login("google_oauth", tokens / "google_oauth")
    assert told(home, "check", "google_oauth")["present"]


def test_the_daemon_says_at_its_start_what_is_missing(
    start_daemon: StartDaemon, endpoint: TokenProcess, tokens: Path
) -> None:
    auth = {"type": "anthropic_oauth", "file_path": str(tokens / "gone")} | endpoint.settings("anthropic_oauth")
    daemon = start_daemon({"providers": {"claude": provider("anthropic", NOWHERE, auth)}})
    daemon.home.run("auth", "list")
    line = f"provider 'claude': no credential yet: {tokens / 'gone'} does not exist (log in with claude); its requests"
    assert line in daemon.output


def test_who_asks_at_once_shares_one_refresh(start_daemon: StartDaemon, endpoint: TokenProcess, tokens: Path) -> None:
    auth = endpoint.login("anthropic_oauth", tokens / "login.json")
    daemon = start_daemon({"providers": {"claude": provider("anthropic", NOWHERE, auth)}})
    endpoint.fail(kind="delay", seconds=2)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: daemon.control("POST", "/auth/refresh?name=claude"), range(8)))
    assert {each["outcome"] for answer in found for each in answer["credentials"]} == {"refreshed"}
    assert (endpoint.count("posts"), endpoint.count("reused")) == (1, 0)


def test_a_refresh_under_way_ends_before_the_daemon_does(
    start_daemon: StartDaemon, endpoint: TokenProcess, tokens: Path
) -> None:
    """Else the refresh token would be used up, and its successor lost."""
    file = tokens / "login.json"
    auth = endpoint.login("anthropic_oauth", file, 40)
    daemon = start_daemon({"providers": {"claude": provider("anthropic", NOWHERE, auth)}})
    endpoint.fail(kind="delay", seconds=2)
    answer = daemon.ask("POST", ANTHROPIC.target(), [ANTHROPIC.key("claude")], ANTHROPIC.body())
    assert answer.status == 502, "it went out with the token that there was"
    end = time.monotonic() + 20
    while endpoint.count("posts") == 0:
        assert time.monotonic() < end
        time.sleep(0.02)
    before = file.read_bytes()
    assert daemon.stop() == 0
    assert file.read_bytes() != before
    refresh = json.loads(file.read_text())["claudeAiOauth"]["refreshToken"]
    assert endpoint.ask("GET", f"/current?refresh={refresh}") == {"current": True}


def test_no_token_is_told_anywhere(start_daemon: StartDaemon, endpoint: TokenProcess, tokens: Path) -> None:
    files = {kind: tokens / kind for kind in KINDS[:2]}
    auths = {kind: endpoint.login(kind, file, 1) for kind, file in files.items()}
    daemon = start_daemon({"providers": {name: provider("anthropic", NOWHERE, auth) for name, auth in auths.items()}})
    said = ""
    for _ in range(2):
        for command in (["auth", "list"], ["auth", "check"], ["auth", "refresh"], ["status"]):
            for more in ([], ["--json"]):
                done = daemon.home.run(*command, *more)
                said += done.stdout + done.stderr
        for file in files.values():
            endpoint.secrets |= tokens_in(file)
        endpoint.fail(kind="raw", status=400, body=json.dumps({"error": sorted(endpoint.secrets)[0]}))
    said += everything(daemon)
    assert len(endpoint.secrets) >= 8
    assert not [secret for secret in endpoint.secrets if secret in said]
    assert "its-secret" not in said


def everything(daemon: Daemon) -> str:
    """What the control plane, the log and standard error say."""
    told = [daemon.control("GET", target) for target in ("/auth", "/status", "/flows")]
    log = daemon.home.config_dir / "ccproxy.log"
    return json.dumps(told) + daemon.output + log.read_text()
