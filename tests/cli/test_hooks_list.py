"""`ccproxy hooks list` and `ccproxy hooks check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.daemon import Daemon, Home

PAIR = """
from ccproxy import hook


@hook(stage="inbound", reads=["system"], writes=["messages"], security=True)
def second(ctx, params):
    pass


@hook(stage="inbound", writes=["system"])
def first(ctx, params):
    pass


@hook(stage="response", reads=["text"])
def third(ctx, params):
    pass
"""


@pytest.fixture
def directory(home: Home) -> Path:
    """The home's directory of hooks."""
    made = home.config_dir / "hooks"
    made.mkdir(mode=0o700)
    return made


def test_the_hooks_in_their_order(home: Home, directory: Path) -> None:
    (directory / "pair.py").write_text(PAIR)
    hooks = json.loads(home.run("hooks", "list", "--json").stdout)
    mine = {hook["name"]: hook for hook in hooks if hook["source"] == "hooks/pair.py"}
    assert [hook["name"] for hook in hooks if hook["name"] in mine] == ["first", "second", "third"]
    assert (mine["first"]["level"], mine["second"]["level"], mine["third"]["level"]) == (1, 2, 1)
    assert (mine["second"]["on_error"], mine["second"]["overridable"]) == ("fail", False)
    assert (mine["third"]["stage"], mine["third"]["reads"]) == ("response", ["text"])
    table = [line.split() for line in home.run("hooks", "list").stdout.splitlines()]
    assert table[0] == ["NAME", "STAGE", "LEVEL", "READS", "WRITES", "ON", "ERROR", "FROM"]
    assert ["second", "inbound", "2", "system", "messages", "fail", "hooks/pair.py"] in table
    assert ["third", "response", "1", "text", "-", "continue", "hooks/pair.py"] in table


def test_many_paths_of_a_kind_are_counted_in_the_table(home: Home) -> None:
    home.write({"providers": {"p": {"type": "perplexity_pro", "base_url": "http://127.0.0.1:9"}}})
    (stamp,) = [
        each for each in json.loads(home.run("hooks", "list", "--json").stdout) if each["name"] == "pplx_stamp_headers"
    ]
    assert "headers.user-agent" in stamp["writes"]
    lines = home.run("hooks", "list").stdout.splitlines()
    (line,) = [line for line in lines if line.startswith("pplx_stamp_headers")]
    assert f"  headers.* ({len(stamp['writes'])})  " in line
    assert max(map(len, lines)) < 300


def test_those_of_a_running_daemon(daemon: Daemon) -> None:
    listed = json.loads(daemon.home.run("hooks", "list", "--json").stdout)
    pipeline = daemon.control("GET", "/status")["pipeline"]
    assert [hook["name"] for hook in listed if hook["stage"] == "outbound"] == [
        step["name"] for level in pipeline["outbound"]["levels"] for step in level
    ]
    assert "inject_auth" in daemon.home.run("hooks", "list").stdout


@pytest.mark.parametrize("command", ["list", "check"])
def test_every_problem_is_told_with_its_place(home: Home, directory: Path, command: str) -> None:
    home.write({"hooks": {"inbound": ["no.such.module", {"hook": "pair:first", "params": {"x": 1}}]}})
    (directory / "pair.py").write_text(PAIR)
    (directory / "broken.py").write_text("\n\ndef f(:\n")
    (directory / "boom.py").write_text("1 / 0\n")
    done = home.run("hooks", command)
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("ccproxy: the hooks cannot be loaded")
    assert "Traceback" not in done.stderr
    for place, word in (
        (f"{home.config_dir / 'ccproxy.yaml'}:", "no.such.module"),
        (f"{home.config_dir / 'ccproxy.yaml'}:", "takes no params"),
        (f"{directory / 'broken.py'}:3", "SyntaxError"),
        (f"{directory / 'boom.py'}:1", "ZeroDivisionError"),
    ):
        assert any(line.startswith(f"  {place}") and word in line for line in lines), (place, word, lines)


def test_hooks_that_wait_for_each_other(home: Home, directory: Path) -> None:
    circle = PAIR.replace(
        '@hook(stage="inbound", writes=["system"])', '@hook(stage="inbound", reads=["messages"], writes=["system"])'
    )
    (directory / "pair.py").write_text(circle)
    done = home.run("hooks", "check")
    assert done.returncode == 1
    assert "first" in done.stderr
    assert "second" in done.stderr
    assert "messages" in done.stderr


def test_all_well(home: Home, directory: Path) -> None:
    (directory / "pair.py").write_text(PAIR + "\nprint('not a hook')\n")
    done = home.run("hooks", "check")
    assert done.returncode == 0, done.stderr
    head, _, tree = done.stdout.partition("\n\n")
    number = len(json.loads(home.run("hooks", "list", "--json").stdout))
    assert head == f"{number} hooks, all well; this is their order"
    assert tree.index("first") < tree.index("second") < tree.index("third")
    assert "not a hook" not in done.stdout
    assert "\x1b" not in done.stdout


def test_a_broken_configuration(home: Home) -> None:
    home.write({"hooks": {"inbund": []}})
    done = home.run("hooks", "check")
    assert done.returncode == 1
    assert "inbund" in done.stderr
