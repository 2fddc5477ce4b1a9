"""A session of Claude Code with a sub-agent and a compaction is the right tree; `make clients` runs this."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.clients.agent_script import SCRIPT
from tests.clients.programs import PROGRAMS
from tests.support.configs import provider
from tests.support.daemon import Daemon
from tests.support.upstream import Upstream

pytestmark = pytest.mark.clients
CLAUDE = next(program for program in PROGRAMS if program.name == "claude")
LATER = replace(CLAUDE, command=("claude", "-c", "-p"))


@pytest.fixture(scope="module")
def proxy() -> Iterator[Daemon]:
    """A daemon before a provider that says what the test wants."""
    upstream = Upstream(SCRIPT)
    try:
        with Daemon({"providers": {"sim": provider("anthropic", upstream.url)}}) as running:
            yield running
    finally:
        upstream.stop()


@pytest.fixture(scope="module")
def tree(proxy: Daemon, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The session: a sub-agent's task, another turn, a compaction, one more turn."""
    home = tmp_path_factory.mktemp("home")
    work = home / "work"
    work.mkdir()
    turns = [
        (CLAUDE, "Please DELEGATE this."),
        (LATER, "And now something else."),
        (LATER, "/compact"),
        (LATER, "A third thing: LOOK."),
    ]
    for program, prompt in turns:
        done = program.ask(prompt, proxy.url, home, work)
        assert done.returncode == 0, f"{prompt}: {done.stdout}\n{done.stderr}\n{proxy.output[-3000:]}"
    listed = proxy.home.run("flows", "conversations", "--json")
    assert listed.returncode == 0, listed.stderr
    (session,) = json.loads(listed.stdout)
    shown = proxy.home.run("flows", "conversations", session["id"][:8], "--json")
    assert shown.returncode == 0, shown.stderr
    told: dict[str, Any] = json.loads(shown.stdout)
    return told


def test_it_is_one_conversation_of_one_session(tree: dict[str, Any], proxy: Daemon) -> None:
    assert tree["session"]
    assert [root["kind"] for root in tree["roots"]] == ["root"]
    assert sorted(all_flows(tree["roots"][0])) == sorted(flow["id"] for flow in proxy.flows(is_turn))


def test_the_sub_agent_is_below_the_turn_that_called_it(tree: dict[str, Any]) -> None:
    first, *others = tree["roots"][0]["runs"]
    assert (first["title"], len(first["flows"])) == ("Please DELEGATE this.", 1)
    (agent,) = first["branches"]
    assert (agent["kind"], [len(run["flows"]) for run in agent["runs"]]) == ("agent", [2])
    assert agent["runs"][0]["title"] == "LOOK at the note."
    assert not any(run["branches"] for run in others)


def test_the_compaction_goes_on_where_the_summary_ended(tree: dict[str, Any]) -> None:
    _, before, after = tree["roots"][0]["runs"]
    assert (before["kind"], after["kind"]) == ("turn", "compaction")
    assert (before["title"], after["title"]) == ("And now something else.", "A third thing: LOOK.")
    assert len(after["flows"]) == 2


def test_it_is_drawn(tree: dict[str, Any], proxy: Daemon) -> None:
    drawn = proxy.home.run("flows", "conversations", tree["roots"][0]["id"][:8]).stdout.splitlines()
    assert drawn[0].startswith("session  ")
    assert [line[:6] for line in drawn[1:]] == ["├─ " + drawn[1][3:6], "│  └─ ", "├─ " + drawn[3][3:6], "└─ com"]
    assert "agent" in drawn[2]


def is_turn(flow: dict[str, Any]) -> bool:
    """Whether a flow is one of the client's requests to the model."""
    return bool(flow["path"].startswith("/v1/messages?"))


def all_flows(branch: dict[str, Any]) -> list[str]:
    """The ids of the flows of a branch and those below it."""
    below = [id for run in branch["runs"] for each in run["branches"] for id in all_flows(each)]
    return below + [id for run in branch["runs"] for id in run["flows"]]
