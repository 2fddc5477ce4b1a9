"""Gemini CLI's login is a provider by itself: where there is one, and nobody has said anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccproxy.config.errors import Place
from ccproxy.config.found_logins import found_by
from tests.config.conftest import Complaints, Load, auth


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has logged in."""
    (tmp_path / "home" / ".gemini").mkdir(parents=True)
    (tmp_path / "home" / ".gemini" / "oauth_creds.json").write_text("{}")
    return {"HOME": str(tmp_path / "home")}


def test_it_is_code_assist_with_that_login(load: Load, home: dict[str, str], tmp_path: Path) -> None:
    config = load("", home)
    provider = config.providers["gemini"]
    assert provider.is_code_assist
    assert (provider.host, provider.path, provider.project) == (
        "cloudcode-pa.googleapis.com",
        "/v1internal:{action}",
        None,
    )
    assert auth(config, "gemini").type == "google_oauth"
    assert auth(config, "gemini").file_path == tmp_path / "home" / ".gemini" / "oauth_creds.json"
    file = auth(config, "gemini").file_path
    entry = f"{{type: gemini, host: cloudcode-pa.googleapis.com, auth: {{type: google_oauth, file_path: {file}}}}}"
    assert provider == load(f"ccproxy: {{providers: {{gemini: {entry}}}}}").providers["gemini"]


def test_it_is_told_where_it_comes_from(load: Load, home: dict[str, str]) -> None:
    config = load("ccproxy: {providers: {local: {type: simulator}}}", home)
    place = config.place(("providers", "gemini"))
    assert place == config.place(("providers", "gemini", "auth")) == Place("found: ~/.gemini/oauth_creds.json")
    assert found_by(place) == "~/.gemini/oauth_creds.json"
    assert found_by(config.place(("providers", "local"))) is None
    assert config.place(("providers", "local")).line == 1


OTHERS_STAY = [
    "ccproxy: {providers: }",
    "ccproxy: {providers: {a: {type: openai, host: h}}}",
    "ccproxy: {providers: {a: {type: gemini, host: generativelanguage.googleapis.com}}}",
    "ccproxy: {providers: {a: {type: vertex_ai, host: h, path: '/v1/{model}:{action}'}}}",
    "ccproxy: {providers: {Gemini: {type: openai, host: h}}}",
    "ccproxy: {find_logins: }",
    "ccproxy: {find_logins: true}",
]


@pytest.mark.parametrize("text", OTHERS_STAY)
def test_others_are_there_beside_it(load: Load, home: dict[str, str], text: str) -> None:
    without, found = load(text).providers, load(text, home).providers
    assert {name: provider for name, provider in found.items() if name != "gemini"} == without
    assert found["gemini"].is_code_assist


NO_ROOM = [
    "ccproxy: {find_logins: false}",
    "ccproxy: {providers: {gemini: {type: openai, host: h}}}",
    "ccproxy: {providers: {a: {type: gemini, host: cloudcode-pa.googleapis.com}}}",
    "ccproxy: {providers: {a: {type: gemini, base_url: 'https://cloudcode-pa.googleapis.com/'}}}",
    "ccproxy: {providers: {a: {type: gemini, host: CloudCode-PA.googleapis.com}}}",
    "ccproxy: {providers: {a: {type: gemini, host: cloudcode-pa.googleapis.com.}}}",
    "ccproxy: {providers: {a: {type: gemini, base_url: 'https://CLOUDCODE-PA.googleapis.com.'}}}",
    "ccproxy: {providers: {a: {type: google, base_url: 'http://127.0.0.1:1', path: '/v1internal:{action}'}}}",
]


@pytest.mark.parametrize("text", NO_ROOM)
def test_it_is_not_there_where_something_else_is_said(load: Load, home: dict[str, str], text: str) -> None:
    assert load(text, home).providers == load(text).providers


def test_nor_where_the_environment_or_a_flag_says_so(load: Load, home: dict[str, str]) -> None:
    assert "gemini" not in load("", home | {"CCPROXY_FIND_LOGINS": "false"}).providers
    assert "gemini" in load("ccproxy: {find_logins: false}", home | {"CCPROXY_FIND_LOGINS": "true"}).providers
    assert "gemini" not in load("", home, find_logins=False).providers
    named = home | {"CCPROXY_PROVIDERS__GEMINI": "{type: gemini, host: h}"}
    assert load("", named).providers["gemini"].host == "h"


def test_nor_where_nobody_has_logged_in(load: Load, home: dict[str, str]) -> None:
    file = Path(home["HOME"], ".gemini", "oauth_creds.json")
    file.unlink()
    assert load("", home).providers == {}
    file.mkdir()
    assert load("", home).providers == {}
    assert load("", {"HOME": ""}).providers == load("", {"HOME": "home"}).providers == {}


def test_a_rule_can_lead_to_it(load: Load, home: dict[str, str], complaints: Complaints) -> None:
    text = "ccproxy: {lightllm: {transforms: [{match_model: a, dest_provider: gemini}]}}"
    assert load(text, home).lightllm.transforms[0].dest_provider == "gemini"
    assert complaints(text) == [
        "1:52: lightllm.transforms[0].dest_provider: there is no provider 'gemini'; add it to providers"
    ]


@pytest.mark.parametrize("text", ["ccproxy: {providers: [a]}", "ccproxy: {find_logins: perhaps}", "ccproxy: {port: x}"])
def test_what_is_wrong_is_told_as_ever(complaints: Complaints, home: dict[str, str], text: str) -> None:
    assert complaints(text, home) == complaints(text)
