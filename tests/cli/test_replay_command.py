"""`ccproxy flows replay`: a recorded request goes through the daemon once more."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.daemon import Daemon, Home, UnixConnection
from tests.support.dialects import ANTHROPIC, GEMINI
from tests.support.flow_commands import FIRST, flows, told, turn
from tests.support.simulated import simulated
from tests.support.upstream import Upstream, Wait


def test_to_the_same_provider(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = simulated
    id = turn(daemon, agent, FIRST)
    upstream.forget()
    done = flows(daemon, "replay", id[:13])
    assert done.exit_code == 0, done.output
    _, then, now, new = done.stdout.splitlines()
    assert then.split()[:4] == ["then", id[:8], "200", "anthropic/m-1"]
    assert now.split()[:4] == ["now", new[:8], "200", "anthropic/m-1"]
    assert f"ccproxy flows compare {new[:8]}" in done.stderr
    (sent,) = upstream.requests
    assert sent.body == json.dumps(FIRST).encode()
    assert sent.field("authorization") == b"Bearer token-anthropic"
    assert b"sk-ant-oat-ccproxy" not in b"".join(value for _, value in sent.headers)
    flow = daemon.control("GET", f"/flows/{new}")
    assert flow["tags"]["replay_of"] == id
    assert "the same to the last byte" in flows(daemon, "diff", id, new).stdout


def test_to_another_provider_and_model(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = simulated
    id = turn(daemon, agent, FIRST | {"stream": True})
    found = told(daemon, "replay", id, "--provider", "openai", "--model", "m-2")
    assert (found["old"]["id"], found["old"]["provider"]) == (id, "anthropic")
    new = found["new"]
    assert (new["provider"], new["dest_model"], new["status"], new["stream"]) == ("openai", "m-2", 200, True)
    assert upstream.requests[-1].field("authorization") == b"Bearer token-openai"
    said = flows(daemon, "replay", id, "--text").stdout
    assert "simulator" in said
    assert said.count("\n") == 1


def test_a_model_in_the_path(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = simulated
    body = json.dumps(GEMINI.request).encode()
    daemon.ask("POST", GEMINI.target(), [GEMINI.key("gemini"), (b"user-agent", agent.encode())], body)
    found = told(daemon, "replay", daemon.flow(agent)["id"], "--model", "m-2")
    assert found["new"]["status"] == 200
    assert b"/models/m-2:generateContent" in upstream.requests[-1].target


def test_an_error_is_one(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = simulated
    id = turn(daemon, agent, FIRST)
    done = flows(daemon, "replay", id, "--provider", "anthropic-refuses")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[2].split()[2] == "502"
    done = flows(daemon, "replay", id, "--provider", "anthropic-refuses", "--text")
    assert (done.exit_code, done.stdout) == (1, "")


def refused(daemon: Daemon, upstream: Upstream, *arguments: str) -> str:
    upstream.forget()
    done = flows(daemon, "replay", *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert not upstream.requests
    return done.stderr


def test_what_cannot_be_sent_again(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = simulated
    id = turn(daemon, agent, FIRST)
    assert "there is no provider 'nobody'" in refused(daemon, upstream, id, "--provider", "nobody")
    assert "there is no flow whose id begins" in refused(daemon, upstream, "no-such-flow")
    own = agent + "-own"
    daemon.ask("GET", "/health", [(b"user-agent", own.encode())])
    assert "is no request to an LLM API" in refused(daemon, upstream, daemon.flow(own)["id"])
    lost = agent + "-lost"
    daemon.ask("POST", "/v1/messages", [(b"x-api-key", b"secret"), (b"user-agent", lost.encode())], ANTHROPIC.body())
    words = refused(daemon, upstream, daemon.flow(lost)["id"])
    assert "went to no provider of yours" in words
    assert "give --provider (configured: " in words
    assert told(daemon, "replay", daemon.flow(lost)["id"], "--provider", "anthropic")["new"]["status"] == 200


@pytest.mark.parametrize("arguments", [[], ["a", "--model", ""], ["a", "--json", "--text"]])
def test_wrong_usage(daemon: Daemon, arguments: list[str]) -> None:
    assert flows(daemon, "replay", *arguments).exit_code == 2


def test_without_a_daemon(home: Home) -> None:
    done = home.run("flows", "replay", "3f2a")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ccproxy start" in done.stderr


def test_whoever_hangs_up_ends_it(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = simulated
    id = turn(daemon, agent, FIRST)
    upstream.script = lambda request: [Wait(30.0)]
    connection = UnixConnection(daemon.control_socket)
    connection.request("GET", f"/flows/{id}/record")
    record = connection.getresponse().read()
    connection.request("POST", "/replay", record)

    def again(done: bool) -> list[dict[str, Any]]:
        return daemon.flows(lambda flow: flow["tags"].get("replay_of") == id and flow["done"] is done)

    wait_until(lambda: bool(again(done=False)))
    connection.close()
    wait_until(lambda: bool(again(done=True)))
    assert again(done=True)[0]["error"]["kind"] == "client_disconnected"


def test_what_is_no_record(daemon: Daemon) -> None:
    for body in (b"", b"{}", b"ccr1" + b"\xff" * 8):
        connection = UnixConnection(daemon.control_socket)
        connection.request("POST", "/replay", body)
        answer = connection.getresponse()
        assert (answer.status, set(json.loads(answer.read()))) == (400, {"error"})
        connection.close()


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
