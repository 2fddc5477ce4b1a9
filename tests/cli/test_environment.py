from __future__ import annotations

import pytest

from ccproxy.cli.environment import BASE_URLS, KEYS, child_environment

URL = "http://127.0.0.1:4123"
SENTINEL = "sk-ant-oat-ccproxy-work"


def test_each_sdk_finds_the_daemon_as_it_builds_its_paths() -> None:
    env = child_environment({}, URL, "python", None)
    assert env["ANTHROPIC_BASE_URL"] + "/v1/messages" == f"{URL}/v1/messages"
    assert env["OPENAI_BASE_URL"] + "/chat/completions" == f"{URL}/v1/chat/completions"
    assert (
        env["GOOGLE_GEMINI_BASE_URL"] + "/v1beta/models/m:generateContent" == f"{URL}/v1beta/models/m:generateContent"
    )
    assert env["GEMINI_API_BASE"] + "/models/m:generateContent" == f"{URL}/v1beta/models/m:generateContent"
    assert env["CODE_ASSIST_ENDPOINT"] + "/v1internal:generateContent" == f"{URL}/v1internal:generateContent"


def test_without_a_provider_keys_stay() -> None:
    own = {"ANTHROPIC_API_KEY": "mine", "PATH": "/bin"}
    env = child_environment(own, URL, "claude", None)
    assert env == own | {name: URL + path for name, path in BASE_URLS.items()}


def test_a_provider_replaces_every_key() -> None:
    env = child_environment({"OPENAI_API_KEY": "mine"}, URL, "python", "work")
    assert {env[name] for name in KEYS} == {SENTINEL}
    assert not {"ANTHROPIC_AUTH_TOKEN", "GOOGLE_API_KEY"} & set(env)


def test_a_token_that_a_client_would_prefer_is_replaced() -> None:
    own = {"ANTHROPIC_AUTH_TOKEN": "mine", "CLAUDE_CODE_OAUTH_TOKEN": "mine too", "GOOGLE_API_KEY": "mine as well"}
    env = child_environment(own, URL, "python", "work")
    assert "mine" not in "".join(env.values())
    assert env["ANTHROPIC_AUTH_TOKEN"] == SENTINEL


@pytest.mark.parametrize("program", ["claude", "/usr/local/bin/claude", "./claude"])
def test_claude_gets_a_token_because_it_asks_before_it_uses_a_key(program: str) -> None:
    env = child_environment({"ANTHROPIC_API_KEY": "mine"}, URL, program, "work")
    assert env["ANTHROPIC_AUTH_TOKEN"] == SENTINEL
    assert "ANTHROPIC_API_KEY" not in env


@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_daemon_is_not_reached_through_a_proxy(proxy: str) -> None:
    env = child_environment({proxy: "http://proxy:3128", "no_proxy": "corp.example, 127.0.0.1"}, URL, "x", None)
    assert env["NO_PROXY"] == env["no_proxy"] == "corp.example,127.0.0.1,localhost,::1"


@pytest.mark.parametrize("own", [{}, {"HTTP_PROXY": ""}, {"HTTP_PROXY": "http://p", "NO_PROXY": "*"}])
def test_no_proxy_stays_where_it_need_not_change(own: dict[str, str]) -> None:
    env = child_environment(own, URL, "x", None)
    assert env.get("NO_PROXY") == own.get("NO_PROXY")
    assert "no_proxy" not in env
