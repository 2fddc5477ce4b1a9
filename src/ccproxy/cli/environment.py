"""The environment that leads a client's LLM traffic through the daemon: which variables real clients read.

Each entry was read in the client's own source or seen in a run of it. Clients that take their address only from a file
of their own (codex, opencode, continue) are in docs/cli.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

SENTINEL = "sk-ant-oat-ccproxy-"

BASE_URLS = {
    # OpenAI: the path begins behind /v1
    "OPENAI_BASE_URL": "/v1",  # openai (Python, JS, Go), @ai-sdk/openai, litellm, qwen-code, gptme, pydantic-ai
    "OPENAI_API_BASE": "/v1",  # litellm, aider, langchain-openai
    "OPENAI_HOST": "",  # goose, which adds v1/chat/completions
    # Anthropic: the SDK adds /v1/messages
    "ANTHROPIC_BASE_URL": "",  # anthropic (Python, JS), Claude Code, claude-agent-sdk, langchain-anthropic, litellm
    "ANTHROPIC_API_BASE": "",  # litellm and aider, before ANTHROPIC_BASE_URL
    "ANTHROPIC_API_URL": "",  # langchain-anthropic, before ANTHROPIC_BASE_URL
    "ANTHROPIC_HOST": "",  # goose
    # Google: the SDK adds /v1beta/models/…
    "GOOGLE_GEMINI_BASE_URL": "",  # google-genai (Python, JS), gemini-cli with a key
    "CODE_ASSIST_ENDPOINT": "",  # gemini-cli with a Google login, which adds /v1internal:…
    "GEMINI_API_BASE": "/v1beta",  # litellm and aider, which add /models/…
    "GOOGLE_HOST": "",  # goose
}
"""Variable → what follows the daemon's address in it."""

KEYS = (
    "ANTHROPIC_API_KEY",  # everything that speaks to Anthropic
    "OPENAI_API_KEY",  # everything that speaks to OpenAI
    "CODEX_API_KEY",  # codex exec
    "GEMINI_API_KEY",  # google-genai, gemini-cli, litellm, langchain-google-genai
    "GOOGLE_GENERATIVE_AI_API_KEY",  # @ai-sdk/google
)
"""Variables that hold a key."""

RIVALS = (
    "ANTHROPIC_AUTH_TOKEN",  # Claude Code
    "CLAUDE_CODE_OAUTH_TOKEN",  # Claude Code
    "ANTHROPIC_OAUTH_TOKEN",  # pi
    "GOOGLE_API_KEY",  # google-genai
)
"""Variables that some clients prefer to the key. They are replaced where they are set, so that no real credential takes
the sentinel's place; where they are not, setting them would make SDKs warn of two keys."""

BRING_YOUR_OWN = {"COPILOT_PROVIDER_BASE_URL": "/v1"}
"""Base URLs that make a client leave its own service, so they go with a key only: copilot."""
BRING_YOUR_OWN_KEYS = ("COPILOT_PROVIDER_API_KEY",)

TOKEN_CLIENTS = frozenset({"claude"})
"""Clients that ask before they use a key from the environment, with "no" as the answer to Enter, but take a token as it
is (Claude Code in a terminal; seen with 2.1). They get ANTHROPIC_AUTH_TOKEN, and no ANTHROPIC_API_KEY beside it."""

LOGIN_CLIENTS = frozenset({"gemini"})
"""Clients that with a login of their vendor's send no key, but have paths of their own to be known by."""

PROXIES = ("http_proxy", "https_proxy", "all_proxy")
LOCAL = ("127.0.0.1", "localhost", "::1")


def child_environment(own: Mapping[str, str], url: str, program: str, provider: str | None) -> dict[str, str]:
    """The environment for a client.

    Args:
        own: the environment to start from.
        url: the daemon's, without a slash at the end.
        program: the command's first word.
        provider: whose sentinel key to set in place of keys; None leaves the client its own keys.
    """
    env = dict(own) | {name: url + path for name, path in BASE_URLS.items()}
    if provider is not None:
        env |= {name: url + path for name, path in BRING_YOUR_OWN.items()}
        env |= credentials(own, SENTINEL + provider)
        if PurePath(program).stem in TOKEN_CLIENTS:
            env["ANTHROPIC_AUTH_TOKEN"] = SENTINEL + provider
            del env["ANTHROPIC_API_KEY"]
    return env | no_proxy(env)


def credentials(own: Mapping[str, str], sentinel: str) -> dict[str, str]:
    """The key variables, and those of their rivals that are set."""
    return dict.fromkeys((*KEYS, *BRING_YOUR_OWN_KEYS, *(name for name in RIVALS if name in own)), sentinel)


def no_proxy(env: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY with the loopback names added, in both spellings; nothing if no proxy is set.

    Without it, clients send even 127.0.0.1 through the proxy.
    """
    if not any(name.lower() in PROXIES and value for name, value in env.items()):
        return {}
    listed = env.get("NO_PROXY") or env.get("no_proxy") or ""
    hosts = [host.strip() for host in listed.split(",") if host.strip()]
    if "*" in hosts:
        return {}
    value = ",".join([*hosts, *(host for host in LOCAL if host not in hosts)])
    return {"NO_PROXY": value, "no_proxy": value}
