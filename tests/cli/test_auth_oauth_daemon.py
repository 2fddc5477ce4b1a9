"""OAuth credentials of a running daemon: its status, one refresh for all, nothing lost at the end, no token told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.configs import provider
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC
from tests.support.token_process import KINDS, TokenProcess, tokens_in

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def endpoint() -> Iterator[TokenProcess]:
    with TokenProcess() as started:
        yield started


def test_status_tells_of_each(start_daemon: StartDaemon, endpoint: TokenProcess, tokens: Path) -> None:
    auths = {
        "good": endpoint.login("google_oauth", tokens / "good", 7250),
        "over": endpoint.login("google_oauth", tokens / "over", -5),
        "tried": endpoint.login("google_oauth", tokens / "tried", 7250),
        "gone": {"type": "google_oauth", "file_path": str(tokens / "gone")} | endpoint.settings("google_oauth"),
    }
    daemon = start_daemon({"providers": {name: provider("gemini", NOWHERE, auth) for name, auth in auths.items()}})
    endpoint.fail(kind="error", status=400, error="invalid_grant")
    daemon.home.run("auth", "refresh", "over")
    endpoint.fail(kind="error", status=503, error="busy")
    daemon.home.run("auth", "refresh", "tried")
    listed = json.loads(daemon.home.run("status", "--json").stdout)["providers"]
    known = {each["name"]: each["credential"] for each in listed}
    assert {name: each["present"] for name, each in known.items()} == {
        "good": True,
        "over": False,
        "tried": True,
        "gone": False,
    }
    assert (known["good"]["error"], known["gone"]["expires"]) == (None, None)
    assert "invalid_grant" in known["over"]["error"]
    lines = {line.split()[0]: line for line in daemon.home.run("status").stdout.splitlines() if "auth:" in line}
    assert "auth: google_oauth, expires in 2 h 00 min" in lines["good"]
    assert f"; last error: {tokens / 'tried'}: " in lines["tried"]
    assert f"auth: google_oauth, no credential: {tokens / 'gone'} does not exist" in lines["gone"]


def test_the_daemon_says_at_its_start_what_is_missing(
    start_daemon: StartDaemon, endpoint: TokenProcess, tokens: Path
) -> None:
    auth = {"type": "anthropic_oauth", "file_path": str(tokens / "gone")} | endpoint.settings("anthropic_oauth")
    daemon = start_daemon({"providers": {"claude": provider("anthropic", NOWHERE, auth)}})
    daemon.home.run("auth", "list")
    line = f"provider 'claude': no credential yet: {tokens / 'gone'} does not exist (log in with `claude`); its"
    assert line in daemon.output


def test_who_asks_at_once_shares_one_refresh(start_daemon: StartDaemon, endpoint: TokenProcess, tokens: Path) -> None:
    auth = endpoint.login("anthropic_oauth", tokens / "login.json")
    daemon = start_daemon({"providers": {"claude": provider("anthropic", NOWHERE, auth)}})
    endpoint.fail(kind="delay", seconds=2)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: daemon.control("POST", "/auth/refresh?name=claude"), range(8)))
    assert {each["outcome"] for answer in found for each in answer["credentials"]} <= {"refreshed", "recent"}
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
