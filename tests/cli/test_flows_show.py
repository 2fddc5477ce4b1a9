"""`ccproxy flows show`, as a user runs it against a daemon."""

from __future__ import annotations

import json
import sqlite3

import pytest

from ccproxy.flows.importing import Count, Importer
from tests.support.archived import archive_of, call, flow, keep
from tests.support.crossing import answering, ask_across
from tests.support.daemon import Daemon, Home
from tests.support.provider_answers import stream_of
from tests.support.upstream import Upstream


def exchanged(daemon: Daemon, upstream: Upstream, agent: str) -> str:
    """The id of a translated exchange."""
    upstream.script = answering("openai", sse=True)
    ask_across(daemon, "anthropic", "openai", stream=True, headers=[(b"user-agent", agent.encode())])
    return str(daemon.flow(agent)["id"])


def test_the_beginning_of_an_id_is_enough(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    id = exchanged(daemon, upstream, agent)
    done = daemon.home.run("flows", "show", id[:13])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "POST /v1/messages  200"
    assert f"  id            {id}\n" in done.stdout
    assert agent in done.stdout
    assert "  transform     openai (" in done.stdout
    assert "11 in, 5 out" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stdout == daemon.home.run("flows", "show", id).stdout


def test_with_the_bodies(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    id = exchanged(daemon, upstream, agent)
    shown = daemon.home.run("flows", "show", id, "--bodies").stdout
    heads = ["what the client sent (", "what was forwarded (", "what the provider answered (", "what the client got ("]
    assert [head for head in heads if f"\n{head}" in shown] == heads
    assert '\n  "max_tokens": ' in shown
    assert b"".join(stream_of("openai")).decode().strip() in shown


def test_as_json(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    id = exchanged(daemon, upstream, agent)
    done = daemon.home.run("flows", "show", id[:13], "--json")
    flow = json.loads(done.stdout)
    told = daemon.control("GET", f"/flows/{id}")
    assert {name: flow[name] for name in told} == told
    assert set(flow) - set(told) == {"cost"}
    assert set(flow["bodies"]) == {"client_request", "forwarded_request", "provider_response", "client_response"}
    assert {"hooks", "tags", "session", "conversation", "system_hash", "jail"} <= set(flow)


def test_an_id_that_there_is_not(daemon: Daemon) -> None:
    for id in ("no-such-flow", "../status", "a/b?c#d", "%2e", "\x1b[31m"):
        done = daemon.home.run("flows", "show", "--", id)
        assert (done.returncode, done.stdout) == (1, "")
        assert "there is no flow whose id begins with" in done.stderr
        assert "flows list" in done.stderr
        assert "\x1b" not in done.stderr


def test_an_id_of_several(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    """Seventeen exchanges, of which two must begin with the same digit."""
    for _ in range(17):
        daemon.ask("GET", "/v1/models", [(b"user-agent", agent.encode())])
    ids = [flow["id"] for flow in daemon.flows(lambda flow: flow["user_agent"] == agent)]
    first = next(id[0] for id in ids if sum(other[0] == id[0] for other in ids) > 1)
    done = daemon.home.run("flows", "show", first)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"several flows have ids that begin with '{first}'; give more of it" in done.stderr
    told = [line.split()[0] for line in done.stderr.splitlines() if line.startswith(f"  {first}")]
    named = [word for word in told if word != "and"]  # "and 3 more"
    assert 2 <= len(named) <= 5


@pytest.mark.parametrize("arguments", [[], ["", "--json"], ["a", "b"]], ids=["none", "empty", "two"])
def test_wrong_usage(home: Home, arguments: list[str]) -> None:
    done = home.run("flows", "show", *arguments)
    assert (done.returncode, done.stdout) == (2, "")


def test_without_a_daemon(home: Home) -> None:
    done = home.run("flows", "show", "3f2a")
    assert done.returncode == 1
    assert "ccproxy start" in done.stderr


def test_from_the_archive(home: Home) -> None:
    keep(archive_of(home), [flow(1), flow(12)], parent="0000-flow")
    text = call(home, "flows", "show", "0012", "--bodies").stdout
    assert text.startswith("POST /v1/messages  200\n  id            0012-flow\n")
    assert "  continues     0000-flow\n" in text
    assert "  sent by       HTTP/1.1, on a new connection\n" in text
    assert '"model": "opus"' in text
    told = json.loads(call(home, "flows", "show", "0012", "--json").stdout)
    assert (told["parent"], told["request"]["headers"]) == ("0000-flow", [["x-api-key", "[redacted]"]])


def test_from_an_archive_without_bodies(home: Home) -> None:
    with Importer(archive_of(home), print, bodies=False) as importer:
        importer.take(iter([flow(1)]), Count())
    (listed,) = json.loads(call(home, "flows", "list", "--json").stdout)
    told = json.loads(call(home, "flows", "show", "0001", "--json").stdout)
    assert {name: told[name] for name in listed} == listed
    assert told["model"] == "opus"
    text = call(home, "flows", "show", "0001", "--bodies").stdout
    assert "  model         opus\n" in text
    assert f"{told['request_bytes']} B, not kept\n" in text
    assert f"what the client sent ({told['request_bytes']} B): not kept\n" in text


def test_an_id_of_several_in_the_archive(home: Home) -> None:
    keep(archive_of(home), [flow(n) for n in range(1, 9)])
    done = call(home, "flows", "show", "000")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[1:] == [f"  {n:04}-flow  POST /v1/messages" for n in range(1, 6)] + ["  and more"]


def test_an_id_that_is_the_beginning_of_another(home: Home) -> None:
    whole, longer = flow(1), flow(2)
    longer.id = whole.id + "-2"
    keep(archive_of(home), [whole, longer])
    assert f"  id            {whole.id}\n" in call(home, "flows", "show", whole.id).stdout


def test_one_whose_body_is_damaged(home: Home) -> None:
    keep(archive_of(home), [flow(1)])
    with sqlite3.connect(archive_of(home)) as database:
        database.execute("UPDATE chunks SET data = substr(data, 1, length(data) - 3)")
    done = call(home, "flows", "show", "0001")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "0001-flow" in done.stderr
    assert "Traceback" not in done.stderr
