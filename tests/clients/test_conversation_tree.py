"""A session of Claude Code with a sub-agent and a compaction is the right tree; `make clients` runs this."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.clients.agent_script import SCRIPT
from tests.clients.programs import PROGRAMS, Program
from tests.support.configs import provider
from tests.support.daemon import Daemon, Home
from tests.support.upstream import Upstream

pytestmark = pytest.mark.clients
FIRST = next(program for program in PROGRAMS if program.name == "claude")
LATER = replace(FIRST, command=("claude", "-c", "-p"))
TURNS = (
    ((FIRST, "Please DELEGATE this."), (LATER, "And now something else.")),
    ((LATER, "/compact"), (LATER, "A third thing: LOOK.")),
)
"""A sub-agent's task and another turn; then, through another daemon, a compaction and one more turn."""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """Where both daemons kept their flows, of which none runs any more."""
    upstream, made = Upstream(SCRIPT), Home()
    try:
        for turns in TURNS:
            with Daemon({"providers": {"sim": provider("anthropic", upstream.url)}}, home=made, archive=True) as proxy:
                for program, prompt in turns:
                    ask(program, prompt, proxy, made.root)
        yield made
    finally:
        upstream.stop()
        made.remove()


def ask(program: Program, prompt: str, proxy: Daemon, folder: Path) -> None:
    """One turn, which must go well."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    done = program.ask(prompt, proxy.url, folder / "home", work)
    assert done.returncode == 0, f"{prompt}: {done.stdout}\n{done.stderr}\n{proxy.output[-3000:]}"


@pytest.fixture(scope="module")
def tree(home: Home) -> dict[str, Any]:
    """The session as JSON."""
    (session,) = told(home, "conversations")
    found: dict[str, Any] = told(home, "conversations", session["id"][:8])
    return found


def told(home: Home, *arguments: str) -> Any:
    """What `ccproxy flows` tells as JSON."""
    done = home.run("flows", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_is_one_conversation_of_one_session(tree: dict[str, Any], home: Home) -> None:
    assert tree["session"]
    assert [root["kind"] for root in tree["roots"]] == ["root"]
    turns = [flow["id"] for flow in told(home, "list") if flow["path"].startswith("/v1/messages?")]
    assert sorted(all_flows(tree["roots"][0])) == sorted(turns)


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


def test_it_is_drawn(tree: dict[str, Any], home: Home) -> None:
    drawn = home.run("flows", "conversations", tree["roots"][0]["id"][:8]).stdout.splitlines()
    assert [line.split()[:2] for line in drawn] == [
        ["session", tree["session"]],
        ["├─", tree["roots"][0]["id"][:8]],
        ["│", "└─"],
        ["├─", tree["roots"][0]["runs"][1]["flows"][0][:8]],
        ["└─", "compaction"],
    ]
    assert drawn[2].split()[2] == "agent"


def all_flows(branch: dict[str, Any]) -> list[str]:
    """The ids of the flows of a branch and those below it."""
    below = [id for run in branch["runs"] for each in run["branches"] for id in all_flows(each)]
    return below + [id for run in branch["runs"] for id in run["flows"]]
