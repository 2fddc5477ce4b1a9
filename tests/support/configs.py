"""Configurations the tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.dialects import DIALECTS
from tests.support.ports import free_port


def token_file(folder: Path, name: str) -> dict[str, str]:
    """Authentication by a file that holds `token-NAME`."""
    file = folder / f"{name}.token"
    file.write_text(token(name) + "\n")
    return {"type": "file", "file": str(file)}


def token(name: str) -> str:
    """The credential of a provider of the tests."""
    return f"token-{name}"


def provider(kind: str, url: str, auth: Any = None, **more: Any) -> dict[str, Any]:
    """A provider at a base URL."""
    return {"type": kind, "base_url": url, "auth": auth} | more


def providers(url: str, folder: Path) -> dict[str, Any]:
    """A provider for each format, called after it, all at one upstream."""
    return {dialect.name: provider(dialect.name, url, token_file(folder, dialect.name)) for dialect in DIALECTS}


def full(url: str, folder: Path) -> dict[str, Any]:
    """Each format's provider, each way a credential can fail, an upstream that refuses, and one rule of each action."""
    dead = f"http://127.0.0.1:{free_port()}"
    broken = {
        f"{dialect.name}-{name}": provider(dialect.name, url, auth)
        for dialect in DIALECTS
        for name, auth in {
            "fails": "echo the vault is locked >&2; exit 3",
            "hangs": "sleep 30",
            "silent": "true",
            "missing": {"type": "file", "file": str(folder / "no-such.token")},
        }.items()
    }
    odd = provider("anthropic", url, token_file(folder, "odd") | {"header": "x-pass"})
    refusing = {f"{dialect.name}-refuses": provider(dialect.name, dead, "echo T") for dialect in DIALECTS}
    return {
        "providers": providers(url, folder) | broken | refusing | {"odd": odd},
        "auth": {"command_timeout_seconds": 1},
        "lightllm": {
            "transforms": [*PLAIN_RULES, *(each for name, path in PATHS.items() for each in model_rules(name, path))]
        },
    }


PATHS = {
    "anthropic": "^/v1/messages",
    "openai": "^/v1/chat/",
    "openai_responses": "^/v1/responses",
    "gemini": "^/v1beta/",
}
PLAIN_RULES = [
    {"match_path": "^/raw/", "dest_provider": "openai"},
    {"match_path": "^/kept/", "action": "passthrough"},
    {"match_host": "^passthrough[.]test", "action": "passthrough"},
    {"match_host": "^translate[.]test", "action": "transform", "dest_provider": "anthropic"},
]


def model_rules(name: str, path: str) -> list[dict[str, Any]]:
    """For one format: requests to the host rename.test get another model, those for by-model go to its provider."""
    return [
        {"match_host": "^rename[.]test", "match_path": path, "dest_provider": name, "dest_model": "renamed"},
        {"match_model": "^by-model$", "match_path": path, "dest_provider": name},
    ]
