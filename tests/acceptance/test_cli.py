"""Appendix A, rows 17 to 21: what the commands say and how they exit."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from tests.support.daemon import Daemon, Home
from tests.support.dialects import ANTHROPIC
from tests.support.ports import free_port
from tests.support.upstream import Upstream


def write_idle(home: Home) -> int:
    """A configuration whose ports nobody listens on; returns the listener's."""
    port = free_port()
    config = {"port": port, "inspector": {"port": free_port()}, "mcp": {"http": {"port": free_port()}}}
    home.write(config)
    return port


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        (["--proxy"], 1),
        (["--inspect"], 2),
        (["--mcp"], 4),
        (["--proxy", "--inspect"], 3),
        (["--proxy", "--inspect", "--mcp"], 7),
    ],
    ids=["proxy", "inspect", "mcp", "proxy and inspect", "all"],
)
def test_A17_status_of_what_is_down(home: Home, flags: list[str], status: int) -> None:
    write_idle(home)
    done = home.run("status", *flags)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr


def test_A17_status_of_what_is_up(daemon: Daemon) -> None:
    assert daemon.home.run("status", "--proxy").returncode == 0


def test_A18_status_as_json_of_what_is_down(home: Home) -> None:
    port = write_idle(home)
    done = home.run("status", "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert set(value) >= {"proxy", "url", "config", "hooks", "log", "inspector", "mcp"}
    assert value["proxy"] is False
    assert value["url"] == f"http://127.0.0.1:{port}"
    assert value["config"] == {"ccproxy.yaml": str(home.config_dir / "ccproxy.yaml")}
    assert value["log"] is None
    assert isinstance(value["hooks"], dict)
    assert set(value["inspector"]) >= {"running", "entry_port", "inspect_port", "inspect_url"}
    assert value["inspector"]["running"] is False
    assert set(value["mcp"]) >= {"enabled", "running", "port", "url"}


def test_A18_status_as_json_of_what_is_up(daemon: Daemon) -> None:
    value = json.loads(daemon.home.run("status", "--json").stdout)
    assert value["proxy"] is True
    assert value["url"] == daemon.url
    assert Path(value["log"]).is_file()


def test_A19_run_hands_on_the_childs_status(daemon: Daemon) -> None:
    assert daemon.home.run("run", "--", "sh", "-c", "exit 7").returncode == 7


def test_A19_run_needs_a_command_that_exists(daemon: Daemon) -> None:
    done = daemon.home.run("run", "--", "no-such-command-at-all")
    assert done.returncode in (1, 126, 127)
    assert "no-such-command-at-all" in done.stderr
    assert "Traceback" not in done.stderr


def test_A20_run_leaves_the_childs_flags_alone(daemon: Daemon, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one\nXYZ\n")
    done = daemon.home.run("run", "--", "grep", "-i", "x", str(file))
    assert (done.returncode, done.stdout) == (0, "XYZ\n")


def test_A20_run_sets_a_base_url_for_each_sdk(daemon: Daemon) -> None:
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    done = daemon.home.run("run", "--", sys.executable, "-c", code)
    env = json.loads(done.stdout)
    assert env["ANTHROPIC_BASE_URL"] == daemon.url
    assert env["OPENAI_BASE_URL"] == f"{daemon.url}/v1"
    assert env["OPENAI_API_BASE"] == f"{daemon.url}/v1"
    assert daemon.url in (env.get("GOOGLE_GEMINI_BASE_URL"), env.get("GEMINI_BASE_URL"))


def test_A21_flows_need_no_password(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    daemon.ask("POST", "/v1/messages", [ANTHROPIC.key(), (b"user-agent", agent.encode())], ANTHROPIC.body())
    daemon.flow(agent)
    done = daemon.home.run("flows", "list", "--json")
    assert done.returncode == 0, done.stderr
    flows = json.loads(done.stdout)
    (flow,) = [flow for flow in flows if flow["user_agent"] == agent]
    assert (flow["provider"], flow["status"], flow["model"]) == ("anthropic", 200, "m-1")
    table = daemon.home.run("flows", "list", COLUMNS="200")
    assert table.returncode == 0, table.stderr
    assert "/v1/messages" in table.stdout


def test_A21_flows_say_when_no_daemon_runs(home: Home) -> None:
    write_idle(home)
    done = home.run("flows", "list")
    assert done.returncode == 1
    assert "ccproxy start" in done.stderr
    assert "Traceback" not in done.stderr


def test_status_is_quick(daemon: Daemon) -> None:
    """`ccproxy status` returns in 0.25 s; on a busy machine at the best of several tries."""
    times: list[float] = []
    while not times or (min(times) > 0.25 and len(times) < 15):
        begun = time.monotonic()
        assert daemon.home.run("status").returncode == 0
        times.append(time.monotonic() - begun)
    assert min(times) <= 0.25, times
