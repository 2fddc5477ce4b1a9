"""What `ccproxy status` says of hooks: the daemon's own word, or what would be loaded now."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.daemon import Daemon, Home
from tests.support.ports import free_port

MINE = """
from ccproxy import hook

print("this is no JSON")


@hook(stage="inbound", reads=["system"], writes=["metadata.user_id"])
def mine(ctx, params):
    \"\"\"Does \x1b[31m nothing.\"\"\"
"""


def write_hook(home: Home, text: str, name: str = "mine") -> Path:
    directory = home.config_dir / "hooks"
    directory.mkdir(mode=0o700, exist_ok=True)
    file = directory / f"{name}.py"
    file.write_text(text)
    return file


def idle(home: Home) -> None:
    home.write({"port": free_port(), "inspector": {"port": free_port()}, "mcp": {"http": {"port": free_port()}}})


def stage_of(pipeline: dict[str, dict[str, list[list[dict[str, str]]]]], name: str) -> str | None:
    found = (s for s, graph in pipeline.items() for level in graph["levels"] for step in level if step["name"] == name)
    return next(found, None)


def eventually(daemon: Daemon, holds: Callable[[dict[str, object]], bool]) -> dict[str, object]:
    """The daemon's status once it is so; changes of files are taken up after a moment."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if holds(status := daemon.control("GET", "/status")):
            return dict(status)
        time.sleep(0.05)
    raise AssertionError(f"it never came to that:\n{daemon.output}")


def test_without_a_daemon_the_hooks_are_loaded_here(home: Home) -> None:
    idle(home)
    write_hook(home, MINE)
    done = home.run("status", "--json")
    value = json.loads(done.stdout)
    assert stage_of(value["pipeline"], "mine") == "inbound"
    assert stage_of(value["pipeline"], "inject_auth") == "outbound"
    assert set(value["hooks"]) >= {"inbound", "outbound", "response"}
    assert value["problems"] == []
    shown = home.run("status").stdout
    assert "\\x1b[31m nothing." in shown
    assert "\x1b" not in shown
    assert "metadata.user_id" in shown


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["overview", "json"])
def test_hooks_that_cannot_be_loaded_are_a_problem_and_not_the_end(home: Home, arguments: list[str]) -> None:
    idle(home)
    file = write_hook(home, "raise SystemExit('no')\n")
    done = home.run("status", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{file}:1" in done.stdout
    assert "inspector" in done.stdout


def test_a_running_daemon_counts_and_not_the_files(start_daemon: StartDaemon) -> None:
    daemon = start_daemon({"hooks": {"hooks_dir": None}})
    write_hook(daemon.home, MINE)
    value = json.loads(daemon.home.run("status", "--json").stdout)
    assert value["pipeline"] == daemon.control("GET", "/status")["pipeline"]
    assert stage_of(value["pipeline"], "inject_auth") == "outbound"
    assert stage_of(value["pipeline"], "mine") is None


def test_what_the_daemon_could_not_take_up(start_daemon: StartDaemon, home: Home) -> None:
    """It goes on with the hooks that it had, and says so."""
    write_hook(home, MINE)
    daemon = start_daemon({}, home=home)
    assert "problems" not in home.run("status").stdout
    file = write_hook(home, MINE + "\n1 / 0\n")
    eventually(daemon, lambda status: bool(status["hooks_error"]))
    shown = home.run("status").stdout
    assert "problems" in shown
    assert f"{file}:" in shown
    assert "ZeroDivisionError" in shown
    value = json.loads(home.run("status", "--json").stdout)
    assert stage_of(value["pipeline"], "mine") == "inbound"
    assert any("ZeroDivisionError" in problem for problem in value["problems"])
    listed = home.run("hooks", "list")
    assert "mine" in listed.stdout
    assert "ZeroDivisionError" in listed.stderr
    write_hook(home, MINE)
    eventually(daemon, lambda status: status["hooks_error"] is None)
    assert "problems" not in home.run("status").stdout


def test_diagrams_of_all_stages_or_of_one(daemon: Daemon) -> None:
    done = daemon.home.run("status", "--mermaid")
    assert (done.returncode, done.stderr) == (0, "")
    diagrams = done.stdout.split("\n\n")
    assert [diagram.splitlines()[1] for diagram in diagrams] == [
        "title: inbound_dag",
        "title: outbound_dag",
        "title: response_dag",
    ]
    assert all(diagram.splitlines()[3] == "stateDiagram-v2" for diagram in diagrams)
    one = daemon.home.run("status", "--mermaid=outbound").stdout
    assert one == diagrams[1] + "\n"
    assert "inject_auth" in one


def test_diagrams_of_hooks_that_cannot_be_loaded(home: Home) -> None:
    idle(home)
    file = write_hook(home, "1 / 0\n")
    done = home.run("status", "--mermaid")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{file}:1" in done.stderr


def test_a_stage_that_there_is_not(home: Home) -> None:
    done = home.run("status", "--mermaid=sideways")
    assert done.returncode == 2
    assert "sideways" in done.stderr


def test_health_checks_load_no_hooks(home: Home) -> None:
    idle(home)
    write_hook(home, "raise SystemExit(99)\n")
    done = home.run("status", "--proxy", "--mermaid")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
