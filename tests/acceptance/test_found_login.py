"""Gemini CLI's login in somebody's home: every command and the daemon know the provider that it makes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Daemon, Home
from tests.support.dialects import DIALECTS
from tests.support.ports import free_port

LOGIN = ".gemini/oauth_creds.json"
TOKENS = {"access_token": "made-up-access", "refresh_token": "made-up-refresh", "expiry_date": 4_000_000_000_000}


@pytest.fixture(scope="module")
def at_home() -> Iterator[Home]:
    made = Home()
    file = made.root / "home" / LOGIN
    file.parent.mkdir()
    file.write_text(json.dumps(TOKENS))
    yield made
    made.remove()


def listed(home: Home, **environ: str) -> list[dict[str, Any]]:
    done = home.run("auth", "list", "--json", **environ)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_without_a_daemon(at_home: Home) -> None:
    (found,) = listed(at_home)
    assert (found["provider"], found["type"], found["usable"]) == ("gemini", "google_oauth", True)
    assert Path(found["where"]) == at_home.root / "home" / LOGIN
    assert listed(at_home, CCPROXY_FIND_LOGINS="false") == []


def test_by_the_daemon(at_home: Home) -> None:
    """Whose way out leads to nobody, so that Google hears nothing of it."""
    config = {"transport": {"proxy": f"http://127.0.0.1:{free_port()}"}, "providers": {"sim": {"type": "simulator"}}}
    with Daemon(config, home=at_home) as daemon:
        told = {each["name"]: each for each in daemon.control("GET", "/status")["providers"]}
        assert (told["gemini"]["found"], told["sim"]["found"]) == (f"~/{LOGIN}", None)
        assert told["gemini"]["origin"] == "https://cloudcode-pa.googleapis.com"
        assert f"~/{LOGIN} is there, so there is a provider 'gemini'" in daemon.output
        shown = at_home.run("status").stdout
        assert f"; found: ~/{LOGIN}" in shown
        assert shown.count("found:") == 1
        for dialect in DIALECTS:
            answer = daemon.ask("POST", dialect.target(), [dialect.key("gemini")], dialect.body())
            assert "127.0.0.1" in dialect.error(answer, 502)
        assert "made-up-access" not in daemon.output
