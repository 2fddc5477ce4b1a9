"""A day with hooks: written, tried, taken up by the running daemon, at work on requests, and seen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.conftest import StartDaemon
from tests.support.daemon import Daemon, Home
from tests.support.dialects import ANTHROPIC

STAGES = {"my_cap": "inbound", "my_note": "outbound", "my_count": "response"}


def eventually(daemon: Daemon, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Waits until the daemon's status is so: it takes up new files after a moment."""
    end = time.monotonic() + 20
    while not holds(daemon.control("GET", "/status")):
        assert time.monotonic() < end, daemon.output
        time.sleep(0.05)


def names(status: dict[str, Any]) -> set[str]:
    return {step["name"] for graph in status["pipeline"].values() for level in graph["levels"] for step in level}


def test_from_the_first_line_to_what_it_did(start_daemon: StartDaemon, home: Home, agent: str) -> None:
    (home.config_dir / "hooks").mkdir(mode=0o700)
    daemon = start_daemon({"providers": {"sim": {"type": "simulator"}}}, home=home)
    for name, stage in STAGES.items():
        assert home.run("hooks", "new", name, "--stage", stage).returncode == 0
    eventually(daemon, lambda status: set(STAGES) <= names(status))

    request = json.loads(ANTHROPIC.body()) | {"max_tokens": 20_000, "system": "Be brief."}
    tried = home.run("hooks", "run", "my_cap", stdin=json.dumps(request))
    headers = [ANTHROPIC.key("sim"), (b"user-agent", agent.encode())]
    assert daemon.ask("POST", "/v1/messages", headers, json.dumps(request).encode()).status == 200
    id = daemon.flow(agent)["id"]

    shown = home.run("flows", "show", id).stdout
    chapters = {chapter.splitlines()[0]: chapter for chapter in shown.split("\n\n")}
    assert "● my_cap " in chapters["hooks before the route"]
    assert "wrote exchange.tags, max_tokens" in chapters["hooks before the route"]
    assert "● my_note " in chapters["hooks before it left"]
    assert "● my_count " in chapters["hooks on the answer"]
    assert "  tags          my_cap=20000, my_count=" in shown

    flow = json.loads(home.run("flows", "show", id, "--json").stdout)
    forwarded = json.loads(flow["bodies"]["forwarded_request"]["text"])
    assert forwarded["max_tokens"] == 8192 == json.loads(tried.stdout)["max_tokens"]
    assert "Be brief." in json.dumps(forwarded["system"])
    assert "say so" in json.dumps(forwarded["system"])
    assert flow["tags"]["my_count"] == str(len(text_of(flow)))
    assert json.loads(flow["bodies"]["client_request"]["text"]) == request
    listed = [one for one in json.loads(home.run("flows", "list", "--json").stdout) if one["id"] == id]
    assert [result["name"] for result in listed[0]["hooks"]] == [result["name"] for result in flow["hooks"]]


def text_of(flow: dict[str, Any]) -> str:
    """What the model said."""
    answer = json.loads(flow["bodies"]["client_response"]["text"])
    return "".join(block["text"] for block in answer["content"] if block["type"] == "text")
