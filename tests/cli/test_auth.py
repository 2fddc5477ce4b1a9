"""`ccproxy auth`, with a daemon and without one: credentials of commands and files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccproxy.cli.auth.list import COLUMNS
from ccproxy.cli.table import fitting
from ccproxy.config.paths import CERTIFICATE
from tests.conftest import StartDaemon
from tests.support.configs import provider
from tests.support.daemon import Daemon, Home

NOWHERE = "http://127.0.0.1:9"
KEYS = {
    *("provider", "type", "header", "where", "present", "usable"),
    *("expires", "refreshed", "refreshable", "error", "advice"),
}
SECRETS = ("secret-of-a-command", "secret-of-a-file")


def configured(folder: Path) -> dict[str, Any]:
    (folder / "key").write_text(SECRETS[1])
    counted = f"echo x >> {folder}/runs; cat {folder}/vault"
    (folder / "vault").write_text(SECRETS[0])
    return {
        "providers": {
            "sim": {"type": "simulator"},
            "vault": provider("anthropic", NOWHERE, counted),
            "key": provider("openai", NOWHERE, {"file": str(folder / "key"), "header": "X-Api-Key"}),
            "locked": provider("gemini", NOWHERE, "echo no vault here >&2; exit 3"),
            "gone": provider("openai", NOWHERE, {"file": str(folder / "no-such-key")}),
        }
    }


@pytest.fixture(params=["daemon", "alone"])
def user(request: pytest.FixtureRequest, tokens: Path, start_daemon: StartDaemon) -> Iterator[Home]:
    """Somebody with five providers, whose daemon runs or does not."""
    if request.param == "daemon":
        yield start_daemon(configured(tokens)).home
        return
    home = Home()
    home.write(configured(tokens))
    yield home
    home.remove()


def listed(home: Home, *arguments: str, status: int = 0) -> dict[str, dict[str, Any]]:
    done = home.run("auth", *arguments, "--json")
    assert (done.returncode, done.stderr) == (status, "")
    found = json.loads(done.stdout)
    return {each["provider"]: each for each in found}


def test_list_tells_where_each_comes_from(user: Home, tokens: Path) -> None:
    found = listed(user, "list")
    assert list(found) == ["sim", "vault", "key", "locked", "gone"]
    assert all(set(each) == KEYS for each in found.values())
    assert {name for name, each in found.items() if each["present"]} == {"sim", "vault", "key"}
    assert [each["type"] for each in found.values()] == [None, "command", "file", "command", "file"]
    assert (found["key"]["header"], found["key"]["where"]) == ("x-api-key", str(tokens / "key"))
    assert (found["vault"]["header"], found["vault"]["refreshed"] is None) == ("authorization", False)
    assert "no vault here" in found["locked"]["error"]
    lines = user.run("auth", "list").stdout.splitlines()
    assert lines[0].split("  ")[0] == "PROVIDER"
    assert [line.split()[0] for line in lines[1:]] == list(found)
    assert "no-such-key" in lines[-1]


def test_check_says_what_is_wrong_and_what_to_do(user: Home) -> None:
    done = user.run("auth", "check")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines if line[0] != " "] == [
        *(["●", "sim"], ["●", "vault"], ["●", "key"], ["○", "locked"], ["○", "gone"]),
    ]
    assert "exited with status 3: no vault here" in done.stdout
    assert "put the credential into that file" in lines[-1]
    assert listed(user, "check", status=1)["gone"]["advice"]


def test_check_of_one_looks_at_that_one(user: Home, tokens: Path) -> None:
    assert list(listed(user, "check", "key")) == ["key"]
    assert user.run("auth", "check", "sim").stdout == "● sim  needs no credential\n"
    done = user.run("auth", "check", "locked")
    assert (done.returncode, done.stderr) == (1, "")
    (tokens / "no-such-key").write_text("there it is")
    assert listed(user, "check", "gone")["gone"]["present"]


def test_refresh_obtains_again_what_cannot_be_refreshed(user: Home, tokens: Path) -> None:
    listed(user, "check", "vault")
    runs = len((tokens / "runs").read_text())
    done = user.run("auth", "refresh", "vault")
    assert (done.returncode, done.stderr) == (0, "")
    assert "obtained again" in done.stdout
    assert len((tokens / "runs").read_text()) > runs
    (tokens / "key").write_text("")
    failed = user.run("auth", "refresh", "key")
    assert (failed.returncode, failed.stderr) == (1, "")
    assert f"failed: {tokens / 'key'} holds nothing" in failed.stdout
    assert listed(user, "refresh", "key", status=1)["key"]["outcome"] == "failed"


def test_refresh_of_what_needs_no_credential_fails(user: Home) -> None:
    done = user.run("auth", "refresh", "sim")
    assert done.returncode == 1
    assert "needs no credential" in done.stdout


def test_refresh_of_all_leaves_commands_and_files_alone(user: Home) -> None:
    done = user.run("auth", "refresh")
    assert (done.returncode, done.stdout) == (0, "")
    assert "name one" in done.stderr


@pytest.mark.parametrize("command", ["check", "refresh"])
def test_an_unknown_name_is_answered_with_the_nearest(user: Home, command: str) -> None:
    done = user.run("auth", command, "vualt")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no provider 'vualt'" in done.stderr
    assert "did you mean 'vault'?" in done.stderr
    assert "configured: sim, vault" in user.run("auth", command, "x&name=key\x1b").stderr


def test_nothing_tells_a_token(user: Home) -> None:
    told = ""
    for command in (["list"], ["check"], ["refresh"], ["refresh", "vault"], ["refresh", "key"]):
        for more in ([], ["--json"]):
            done = user.run("auth", *command, *more)
            told += done.stdout + done.stderr
    assert "vault" in told
    assert not [secret for secret in SECRETS if secret in told]


def test_the_list_leaves_out_what_matters_least_on_a_narrow_terminal() -> None:
    assert [COLUMNS[index].title for index in fitting(COLUMNS, 80)] == ["provider", "type", "where", "expires"]


def test_no_providers(home: Home) -> None:
    home.write({})
    assert "there are no providers" in home.run("auth", "list").stderr
    assert (home.run("auth", "check").returncode, home.run("auth", "check").stdout) == (0, "")


def test_the_daemon_is_asked_not_the_file(start_daemon: StartDaemon, tokens: Path) -> None:
    """Its providers count until it is started again."""
    daemon: Daemon = start_daemon(configured(tokens))
    daemon.home.write({"providers": {"other": {"type": "simulator"}}})
    assert "other" not in listed(daemon.home, "list")


def test_inside_a_jail_the_daemon_outside_is_the_one_to_ask(home: Home) -> None:
    home.write({"providers": {"vault": provider("openai", NOWHERE, f"echo {SECRETS[0]}")}})
    runtime = home.root / "run" / "ccproxy"
    runtime.mkdir(mode=0o700)
    (runtime / CERTIFICATE).write_text("")
    done = home.run("auth", "refresh", "vault")
    assert (done.returncode, done.stdout) == (1, "")
    assert "this is a jail" in done.stderr
