"""An account of Code Assist in a whole house: no request waits for it, and status tells of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ccproxy.assembly import House
from ccproxy.config import Config
from ccproxy.exchange import Exchange
from tests.auth.house import house, until
from tests.hooks.code_assist import CODE_ASSIST, MODEL, asked
from tests.providers.google import Google, error, run
from tests.support.daemon import Daemon, Home
from tests.support.dialects import DIALECTS, GEMINI, Dialect
from tests.support.token_server import Fault


@pytest.fixture
def google() -> Iterator[Google]:
    server = Google()
    yield server
    server.stop()


def project_in(google: Google, number: int) -> Any:
    """Which one the request has named that came as this one."""
    name, body = google.calls[number]
    assert name == "generateContent"
    return body.get("project")


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_no_request_waits_for_the_project(google: Google, dialect: Dialect) -> None:
    """By the order of what happens: it is answered while Google has not said a word about the account."""

    async def main() -> None:
        entry = CODE_ASSIST | {"base_url": google.url}
        house = House(Config.model_validate({"providers": {"ca": entry}, "hooks": {"hooks_dir": None}}))
        (account,) = house.providers.accounts()

        async def answered() -> None:
            reply = await house.gateway.handle(Exchange(asked(dialect)))
            assert reply.status == 200

        google.open.clear()
        account.begin()
        await until(lambda: google.names == ["loadCodeAssist"])
        await answered()
        assert (google.names, project_in(google, 1)) == (["loadCodeAssist", "generateContent"], None)
        assert account.project is None
        google.open.set()
        await account.settled()
        await answered()
        assert (len(google.calls), project_in(google, 2)) == (3, "found-1")
        await account.close()
        await house.transport.close()

    run(main())


def test_a_request_has_it_asked_where_nobody_has_yet(google: Google) -> None:
    async def main() -> None:
        entry = CODE_ASSIST | {"base_url": google.url}
        house = House(Config.model_validate({"providers": {"ca": entry}, "hooks": {"hooks_dir": None}}))
        (account,) = house.providers.accounts()
        await house.gateway.handle(Exchange(asked(GEMINI)))
        await account.settled()
        assert sorted(google.names) == ["generateContent", "loadCodeAssist"]
        assert account.project == "found-1"
        await account.close()
        await house.transport.close()

    run(main())


@pytest.mark.parametrize("lasting", [False, True])
def test_a_login_that_cannot_be_renewed_is_told_of_once_at_the_start(
    google: Google, tmp_path: Path, lasting: bool
) -> None:
    """As the daemon starts: it is looked at, and Google is asked for the project, which wants another token."""
    said: list[str] = []

    async def main() -> None:
        async with house(tmp_path, "google_oauth") as login:
            login.login(-60)
            login.issuer.faults.append(Fault() if lasting else Fault(status=503, error="unavailable"))
            secrets = {"client_id": "ours", "client_secret": "not-a-secret", "endpoint": login.server.url}
            auth = {"type": "google_oauth", "file_path": str(login.file), **secrets}
            entry = CODE_ASSIST | {"base_url": google.url, "auth": auth}
            made = House(Config.model_validate({"providers": {"ca": entry}, "hooks": {"hooks_dir": None}}))
            (account,) = made.providers.accounts()
            watch = asyncio.create_task(made.credentials.watch(said.append))
            account.begin()
            await watch
            assert (login.posts, google.names) == (1, [])
            refused = f"provider 'ca': no credential: {login.file}: 127.0.0.1:"
            assert [line.startswith(refused) for line in said] == [True]
            assert ("status 400: invalid_grant: " if lasting else "status 503: unavailable: ") in said[0]
            await account.close()
            await made.transport.close()

    run(main())


# -- as a process


class Stage:
    """A daemon, and the servers that its providers are."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.knows, self.refuses, self.hangs = Google(), Google(), Google()
        for server in (self.knows, self.refuses, self.hangs):
            stack.callback(server.stop)
        self.refuses.answers["loadCodeAssist"] = [error(403, "PERMISSION_DENIED", "The API is disabled.")]
        self.hangs.open.clear()
        (folder / "token").write_text("made-up-token")
        auth = {"type": "file", "file": str(folder / "token")}
        providers = {
            "knows": CODE_ASSIST | {"base_url": self.knows.url, "auth": auth},
            "named": CODE_ASSIST | {"base_url": self.refuses.url, "auth": auth, "project": "own-1"},
            "refuses": CODE_ASSIST | {"base_url": self.refuses.url, "auth": auth},
            "hangs": CODE_ASSIST | {"base_url": self.hangs.url, "auth": auth},
            "missing": CODE_ASSIST | {"base_url": self.knows.url, "auth": auth | {"file": str(folder / "none")}},
            "embedded": CODE_ASSIST,
            "plain": {"type": "gemini", "base_url": "simulator:"},
        }
        self.daemon = stack.enter_context(Daemon({"providers": providers}))

    def told(self) -> dict[str, Any]:
        """What status tells of the projects."""
        listed = self.daemon.control("GET", "/status")["providers"]
        return {each["name"]: (each["project"], each["project_error"]) for each in listed if "project" in each}


async def until_known(stage: Stage) -> None:
    await until(lambda: stage.told()["refuses"][1] != stage.told()["hangs"][1] and stage.told()["knows"][0])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path_factory.mktemp("stage"), stack)


def test_status_tells_the_projects_or_why_they_are_not_known(stage: Stage) -> None:
    run(until_known(stage))
    told = stage.told()
    assert told["knows"] == ("found-1", None)
    assert told["embedded"] == ("simulated-project", None)
    assert told["hangs"] == (None, "it is not known yet")
    assert (told["named"][0], told["refuses"][0], told["missing"][0]) == ("own-1", None, None)
    assert "403 PERMISSION_DENIED: The API is disabled." in told["named"][1]
    assert "the project own-1, which the provider names, was refused" in told["named"][1]
    assert "name a Google Cloud project of yours" in told["refuses"][1]
    assert "no credential for provider 'missing'" in told["missing"][1]
    assert set(told) == {"knows", "named", "refuses", "hangs", "missing", "embedded"}
    shown = stage.daemon.home.run("status").stdout
    assert "project: found-1" in shown
    assert "no project: Google answered 403 PERMISSION_DENIED: The API is disabled." in shown


def test_a_check_of_credentials_tells_of_the_account_too(stage: Stage) -> None:
    """It is the credential that is checked: an account that is refused fails nothing."""
    run(until_known(stage))
    done = stage.daemon.home.run("auth", "check", "refuses")
    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first.startswith("● refuses  file, ")
    assert second.startswith(
        "           Code Assist, no project: Google answered 403 PERMISSION_DENIED: The API is dis"
    )
    assert stage.daemon.home.run("auth", "check", "knows").stdout.splitlines()[1].endswith("project: found-1")
    assert "Code Assist" not in stage.daemon.home.run("auth", "check", "missing").stdout
    found = {each["provider"]: each for each in json.loads(stage.daemon.home.run("auth", "list", "--json").stdout)}
    assert (found["knows"]["project"], found["knows"]["project_error"]) == ("found-1", None)
    assert "project" not in found["plain"]


def test_without_a_daemon_nothing_is_said_of_an_account(home: Home, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("made-up-token")
    auth = {"type": "file", "file": str(tmp_path / "token")}
    home.write({"providers": {"g": CODE_ASSIST | {"base_url": "http://127.0.0.1:9", "auth": auth}}})
    assert home.run("auth", "check").stdout == f"● g  file, {tmp_path / 'token'}\n"


def test_the_log_says_it_once_and_without_a_token(stage: Stage) -> None:
    for _ in range(3):
        answer = stage.daemon.ask("POST", GEMINI.target(MODEL), [GEMINI.key("refuses")], GEMINI.body())
        assert answer.status == 200
    output = stage.daemon.output
    assert output.count("provider 'refuses': Code Assist: ") == output.count("provider 'named': Code Assist: ") == 1
    assert "requests are made for the project found-1" in output
    assert "'missing': Code Assist" not in output
    assert "made-up-token" not in output


def test_a_daemon_ends_while_google_is_silent(stage: Stage) -> None:
    assert "loadCodeAssist" in stage.hangs.names
    assert stage.daemon.stop() == 0
    assert "Traceback" not in stage.daemon.output
