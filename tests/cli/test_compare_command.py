"""`ccproxy flows compare`: what a request and its answer became on their ways, against a daemon."""

from __future__ import annotations

import json

from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC
from tests.support.flow_commands import FIRST, flows, told, turn
from tests.support.simulated import simulated
from tests.support.upstream import Upstream


def test_what_was_forwarded_as_it_came(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = simulated
    id = turn(daemon, agent, FIRST)
    done = flows(daemon, "compare", id[:13])
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"flow:{id[:8]}  POST /v1/messages  redirect anthropic (")
    assert lines[1] == f"request: client → forwarded, to {upstream.url}"
    assert "  - header x-api-key: sk-ant-oat-ccproxy-anthropic" in lines
    assert "  + header authorization: [redacted] (the provider's credential)" in lines
    assert f"  = body: forwarded as it came ({len(json.dumps(FIRST))} B)" in lines
    assert lines[-1].startswith("response: passed on as it came (")
    assert not any("url" in line or "Host" in line for line in lines)
    assert "token-anthropic" not in done.stdout
    assert flows(daemon, "compare", id, "--unified").stdout == ""


def test_what_was_translated(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = simulated
    body = FIRST | {"stream": True, "top_k": 4}
    id = turn(daemon, agent, body, "openai")
    lines = flows(daemon, "compare", id).stdout.splitlines()
    assert "  ~ url: /v1/messages → /v1/chat/completions" in lines
    assert "    - parameter top_k 4: left out" in lines
    assert "    = message 1: says the same" in lines
    assert any("max_tokens → max_completion_tokens" in line for line in lines)
    assert "  left out: sampling (1)" in lines
    assert any(line.endswith(", openai → anthropic") for line in lines)
    assert "    = says the same: 1 text" in lines
    (found,) = told(daemon, "compare", id)
    assert found["request"]["body"]["kind"] == "formats"
    assert found["request"]["target"] == {"old": "/v1/messages", "new": "/v1/chat/completions"}
    assert (found["request"]["same"], found["response"]["same"]) == (False, False)
    assert found["response"]["said"]["same"] == {"text": 1}
    patch = flows(daemon, "compare", id, "--unified").stdout.splitlines()
    names = [line[4:].partition("/")[2] for line in patch if line.startswith(("--- flow", "+++ flow"))]
    assert names == ["client-request", "request", "response", "client-response"]


def test_what_was_not_forwarded(daemon: Daemon, agent: str) -> None:
    daemon.ask("POST", "/v1/messages", [ANTHROPIC.key("nobody"), (b"user-agent", agent.encode())], b"{}")
    done = flows(daemon, "compare", str(daemon.flow(agent)["id"]))
    assert done.exit_code == 0
    assert "the request was not forwarded: " in done.stdout
    assert "'nobody'" in done.stdout
    wanted = f'map(select(.user_agent == "{agent}"))'
    assert flows(daemon, "compare", "--jq", wanted).stdout == done.stdout


def test_none(daemon: Daemon) -> None:
    done = flows(daemon, "compare", "--jq", "map(select(false))")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "there is no flow to compare" in done.stderr
    assert flows(daemon, "compare", "no-such-flow").exit_code == 1
