"""Hooks of a user's own in a daemon's directory, and what the daemon tells of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.support.daemon import Daemon, Home
from tests.support.dialects import Dialect
from tests.support.http import Header, Response

PATIENCE = 20.0
"""Seconds until a changed file must have had its effect: it takes some tenths."""


def put_hooks(home: Home, **files: str) -> Path:
    """Writes files of hooks, each called after its keyword; returns their directory."""
    directory = home.config_dir / "hooks"
    directory.mkdir(mode=0o700, exist_ok=True)
    for name, code in files.items():
        file = directory / f"{name}.py"
        file.write_text(dedent(code).lstrip())
        file.chmod(0o600)
    return directory


def results(flow: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What became of the hooks of an exchange, by their names. Each has one stage only."""
    found = {result["name"]: result for result in flow["hooks"]}
    assert len(found) == len(flow["hooks"]), flow["hooks"]
    return found


def outcome(flow: dict[str, Any], name: str) -> tuple[str, str]:
    """How a hook ended on an exchange, and why."""
    result = results(flow)[name]
    return result["outcome"], result["reason"]


def eventually[T](daemon: Daemon, look: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """What is seen as soon as it is so."""
    end = time.monotonic() + PATIENCE
    while not holds(seen := look()):
        assert time.monotonic() < end, f"it never came to that, but to {seen!r}:\n{daemon.output}"
        time.sleep(0.05)
    return seen


def sent(daemon: Daemon, dialect: Dialect, agent: str, *headers: Header, body: bytes | None = None) -> Response:
    """The answer to a request in a format."""
    fields = [dialect.key(), (b"user-agent", agent.encode()), *headers]
    return daemon.ask("POST", dialect.target(), fields, dialect.body() if body is None else body)


def override(value: str) -> Header:
    """What a client says about hooks."""
    return b"X-CCProxy-Hooks", value.encode("latin-1")
