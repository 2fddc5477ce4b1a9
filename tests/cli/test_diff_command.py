"""`ccproxy flows diff` on the turns of a conversation, against a daemon."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ccproxy.cli.flows.diff.pairing import pairs
from ccproxy.cli.main import cli
from tests.support.daemon import Daemon, Home
from tests.support.flow_commands import FIRST, SECOND, flows, told, turn
from tests.support.simulated import simulated
from tests.support.upstream import Upstream


@pytest.fixture
def two(daemon: Daemon, upstream: Upstream, agent: str) -> tuple[str, str]:
    """Two turns of a conversation."""
    upstream.script = simulated
    return turn(daemon, agent, FIRST), turn(daemon, agent, SECOND)


def test_two_turns(daemon: Daemon, two: tuple[str, str]) -> None:
    first, second = two
    done = flows(daemon, "diff", first[:13], second)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"flow:{first[:8]} → flow:{second[:8]}  forwarded requests, as asked for",
        "  + parameter temperature: 0.5",
        "  ~ system block 1 (text)",
        "    ~ text",
        "        Be brief. Today is [-Monday-]{+Tuesday+}.",
        "  + message 2 (assistant)",
        "    + hi there",
        "  + message 3 (user)",
        "    + and now?",
        "  the same: 2 parameters, 1 tool, 1 message",
    ]
    assert "\x1b" not in done.stdout
    client = flows(daemon, "diff", first, second, "--client").stdout.splitlines()
    assert client[0].endswith("what the clients sent, as asked for")
    assert client[1:] == done.stdout.splitlines()[1:]


def test_as_json(daemon: Daemon, two: tuple[str, str]) -> None:
    (pair,) = told(daemon, "diff", *two)
    assert (pair["old"], pair["new"], pair["requests"]) == (*two, "forwarded")
    changes = [(each["what"], each["how"], each["name"]) for each in pair["difference"]["changes"]]
    assert changes == [
        ("parameter", "added", "temperature"), ("system block", "changed", "text"),
        ("message", "added", "assistant"), ("message", "added", "user"),
    ]  # fmt: skip


def test_as_a_patch(daemon: Daemon, two: tuple[str, str]) -> None:
    first, second = two
    lines = flows(daemon, "diff", first, second, "--unified").stdout.splitlines()
    assert lines[:2] == [f"--- flow:{first[:8]}/request", f"+++ flow:{second[:8]}/request"]
    assert '-  "system": "Be brief. Today is Monday.",' in lines
    assert '+  "system": "Be brief. Today is Tuesday.",' in lines
    assert flows(daemon, "diff", first, first, "--unified").stdout == ""
    assert "the same to the last byte" in flows(daemon, "diff", first, first).stdout


def test_of_a_set(daemon: Daemon, two: tuple[str, str], agent: str) -> None:
    wanted = f'map(select((.user_agent // "") | startswith("{agent}")))'
    (pair,) = told(daemon, "diff", "--jq", wanted)
    assert (pair["old"], pair["new"]) == two
    done = flows(daemon, "diff", "--jq", wanted, "-n", "1")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "only one flow" in done.stderr
    done = flows(daemon, "diff", "--jq", "map(select(false))")
    assert (done.exit_code, done.stdout) == (1, "")


def test_of_two_formats(daemon: Daemon, two: tuple[str, str], upstream: Upstream, agent: str) -> None:
    other = turn(daemon, agent, SECOND, "gemini")
    done = flows(daemon, "diff", two[1], other)
    assert "  = messages 1-3: says the same" in done.stdout.splitlines()
    assert "max_tokens → generationConfig.maxOutputTokens" in done.stdout
    assert "model → model in the path" in done.stdout


@pytest.mark.parametrize(
    "arguments", [["a"], ["a", "b", "c"], ["a", "b", "--json", "--unified"]], ids=["one id", "three", "both ways"]
)
def test_wrong_usage(home: Home, arguments: list[str]) -> None:
    done = CliRunner().invoke(cli, ["flows", "diff", *arguments], env=home.environment())
    assert (done.exit_code, done.stdout) == (2, "")


def test_bodies_that_are_no_json(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    ids = []
    for body in (b"\0\xff\1", b"\0\xff\2\3"):
        daemon.ask("POST", "/raw/x", [(b"user-agent", agent.encode() + bytes([97 + len(ids)]))], body)
        ids.append(daemon.flow(agent + chr(97 + len(ids)))["id"])
    done = flows(daemon, "diff", *ids)
    assert done.stdout.splitlines()[1:] == ["  binary, 3 B → 4 B, differ at byte 2"]
    names = " and ".join(f"flow:{id[:8]}/request" for id in ids)
    assert flows(daemon, "diff", *ids, "--unified").stdout == f"binary {names}, 3 B -> 4 B, differ at byte 2\n"


def flow(id: str, **more: str | None) -> dict[str, str | None]:
    return {"id": id, **more}


def told_pairs(*flows: dict[str, str | None]) -> list[tuple[str, str, str]]:
    return [(pair.old, pair.new, pair.why.split()[-1]) for pair in pairs(flows)]


def test_who_is_compared_with_whom() -> None:
    a1, b1 = flow("a1", conversation="a", session="s"), flow("b1", conversation="b", session="s")
    assert told_pairs(flow("1"), flow("2"), flow("3")) == [("1", "2", "before"), ("2", "3", "before")]
    assert told_pairs(a1, flow("b1", session="t"), flow("a2", session="s")) == [("a1", "a2", "session")]
    assert told_pairs(a1, b1, flow("a2", conversation="a"), flow("b2", parent="b1")) == [
        ("a1", "b1", "session"), ("a1", "a2", "conversation"), ("b1", "b2", "continues")
    ]  # fmt: skip
    assert told_pairs(flow("a1", conversation="a"), flow("b1", conversation="b")) == [("a1", "b1", "before")]
    assert told_pairs(flow("1"), flow("a1", conversation="a"), flow("a2", conversation="a")) == [
        ("a1", "a2", "conversation")
    ]
