"""A ccproxy.yaml whose providers can never work: nothing starts, the place is told, what needs no file works."""

from __future__ import annotations

import json

import pytest

from tests.support.daemon import Home

PROVIDER = "ccproxy:\n  providers:\n    claude:\n      type: anthropic\n      host: api.example.com\n"
BROKEN = {
    "unknown type": (
        PROVIDER + "      auth: {type: claude_oauth}\n",
        "6:14: providers.claude.auth.type: is not a known",
    ),
    "no source": (
        PROVIDER + "      auth:\n        header: x-api-key\n",
        "6:7: providers.claude.auth: does not say where",
    ),
    "two places": (
        PROVIDER + "      base_url: http://127.0.0.1:1\n",
        "6:7: providers.claude.base_url: is given beside",
    ),
    "no place": ("ccproxy:\n  providers:\n    a:\n      type: openai\n", "3:5: providers.a: does not say where"),
    "no client id": (
        PROVIDER + "      auth:\n        type: anthropic_oauth\n        client_id: ''\n",
        "8:9: providers.claude.auth.client_id: should not be empty",
    ),
}


@pytest.mark.parametrize("command", [["start"], ["auth", "check"], ["auth", "list"], ["auth", "refresh"]], ids=" ".join)
@pytest.mark.parametrize("what", BROKEN)
def test_it_stops_with_its_place(home: Home, what: str, command: list[str]) -> None:
    text, expected = BROKEN[what]
    file = home.config_dir / "ccproxy.yaml"
    file.write_text(text)
    done = home.run(*command)
    assert (done.returncode, done.stdout) == (1, "")
    first, *problems = done.stderr.splitlines()
    assert first == "ccproxy: the configuration is not valid"
    assert len(problems) == 1
    assert problems[0].startswith(f"  {file}:{expected}")


@pytest.mark.parametrize("what", BROKEN)
def test_status_and_help_work(home: Home, what: str) -> None:
    text, expected = BROKEN[what]
    (home.config_dir / "ccproxy.yaml").write_text(text)
    (problem,) = json.loads(home.run("status", "--json").stdout)["problems"]
    assert expected in problem
    assert home.run("status").returncode == home.run("auth", "--help").returncode == 0
