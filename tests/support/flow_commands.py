"""`ccproxy flows …` in this process, and turns of a conversation to run it on."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from ccproxy.cli.main import cli
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC

FIRST = {
    "model": "m-1",
    "max_tokens": 64,
    "system": "Be brief. Today is Monday.",
    "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
}
"""A turn as an Anthropic client sends it."""
SECOND = FIRST | {
    "system": "Be brief. Today is Tuesday.",
    "temperature": 0.5,
    "messages": [
        *FIRST["messages"],  # type: ignore[misc]
        {"role": "assistant", "content": [{"type": "text", "text": "hi there"}]},
        {"role": "user", "content": [{"type": "text", "text": "and now?"}]},
    ],
}
"""The next one."""


def flows(daemon: Daemon, *arguments: str) -> Result:
    """Runs `ccproxy flows ARGUMENTS…` in the daemon's home."""
    return CliRunner().invoke(cli, ["flows", *arguments], env=daemon.home.environment(), prog_name="ccproxy")


def told(daemon: Daemon, *arguments: str) -> Any:
    """What `ccproxy flows ARGUMENTS… --json` prints."""
    done = flows(daemon, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def turn(daemon: Daemon, agent: str, body: dict[str, Any], provider: str = "anthropic") -> str:
    """Sends a turn to a provider; returns the id of its flow."""
    name = f"{agent}-{len(daemon.flows(lambda flow: (flow['user_agent'] or '').startswith(agent)))}"
    headers = [ANTHROPIC.key(provider), (b"user-agent", name.encode()), (b"x-session", agent.encode())]
    answer = daemon.ask("POST", "/v1/messages", headers, json.dumps(body).encode())
    assert answer.status == 200, answer.body
    return str(daemon.flow(name)["id"])
