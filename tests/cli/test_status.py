from __future__ import annotations

import json
import os
import resource
import socket
import time

import pytest

from ccproxy import __version__
from tests.conftest import StartDaemon
from tests.support.daemon import Daemon, Home
from tests.support.ports import free_port

KEYS = {
    *("proxy", "url", "config", "hooks", "pipeline", "log", "inspector", "mcp", "version", "pid", "uptime", "problems"),
    *("providers", "shaping", "shapes"),
}


def idle(home: Home) -> int:
    port = free_port()
    home.write({"port": port, "inspector": {"port": free_port()}, "mcp": {"http": {"port": free_port()}}})
    return port


def test_json_of_a_running_daemon(daemon: Daemon) -> None:
    value = json.loads(daemon.home.run("status", "--json").stdout)
    assert set(value) == KEYS
    assert (value["pid"], value["version"], value["problems"]) == (daemon.pid, __version__, [])
    assert value["uptime"] > 0
    assert value["inspector"]["entry_port"] == daemon.port


def test_json_without_a_daemon(home: Home) -> None:
    idle(home)
    value = json.loads(home.run("status", "--json").stdout)
    assert set(value) == KEYS
    assert (value["pid"], value["uptime"], value["proxy"]) == (None, None, False)


def test_the_daemons_real_port_counts(start_daemon: StartDaemon) -> None:
    daemon = start_daemon({})
    daemon.home.write({"port": free_port()})
    assert json.loads(daemon.home.run("status", "--json").stdout)["url"] == daemon.url
    assert daemon.home.run("status", "--proxy").returncode == 0


def test_overview_of_a_running_daemon(start_daemon: StartDaemon) -> None:
    providers = {
        "sim": {"type": "simulator"},
        "local": {"type": "openai", "base_url": "http://127.0.0.1:11434"},
        "work": {"type": "anthropic", "host": "api.test", "auth": "echo T"},
    }
    daemon = start_daemon({"providers": providers})
    done = daemon.home.run("status")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["●", "proxy", daemon.url] in lines
    assert ["local", "openai", "http://127.0.0.1:11434", "no", "auth"] in lines
    assert ["work", "anthropic", "https://api.test", "auth:", "command"] in lines
    assert f"pid {daemon.pid}" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_configuration_changed_since_the_start(start_daemon: StartDaemon) -> None:
    daemon = start_daemon({})
    assert "changed since" not in daemon.home.run("status").stdout
    file = daemon.home.write({"prot": 1})
    os.utime(file, (time.time() + 5, time.time() + 5))
    shown = daemon.home.run("status").stdout
    assert "changed since" in shown
    assert f"{file}:" in shown
    assert daemon.url in shown


def test_overview_without_a_daemon(home: Home) -> None:
    idle(home)
    done = home.run("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no daemon is running" in done.stdout
    assert "ccproxy start" in done.stdout


def test_another_program_on_the_port(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        home.write({"port": stranger.getsockname()[1]})
        assert "another program" in home.run("status").stdout


def test_a_daemon_that_does_not_answer(home: Home) -> None:
    idle(home)
    assert home.run("status").returncode == 0
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(control_socket(home)))
        mute.listen()
        began = time.monotonic()
        done = home.run("status")
        assert time.monotonic() - began < 8
    assert done.returncode == 0
    assert "a daemon runs and does not answer" in done.stdout
    assert "no daemon is running" not in done.stdout
    assert "ccproxy start" not in done.stdout


def control_socket(home: Home) -> str:
    """Where this home's daemon would listen."""
    from hashlib import sha256

    name = sha256(str(home.config_dir.resolve()).encode()).hexdigest()[:8]
    return str(home.root / "run" / "ccproxy" / f"control-{name}.sock")


def test_inspector_with_its_token(start_daemon: StartDaemon) -> None:
    daemon = start_daemon({}, inspector=True)
    end = time.monotonic() + 15
    while daemon.home.run("status", "--inspect").returncode and time.monotonic() < end:
        time.sleep(0.1)
    value = json.loads(daemon.home.run("status", "--json").stdout)["inspector"]
    assert value["running"] is True
    assert value["inspect_port"] == daemon.inspector_port
    assert value["inspect_url"].startswith(f"http://127.0.0.1:{daemon.inspector_port}/?token=")
    assert value["inspect_url"] in daemon.home.run("status").stdout


@pytest.mark.parametrize("arguments", [[], ["--proxy"]], ids=["overview", "proxy"])
def test_it_is_quick(daemon: Daemon, arguments: list[str]) -> None:
    """0.25 s; by processor time, because a loaded machine says nothing about a wait."""
    took = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert daemon.home.run("status", *arguments).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(took) <= 0.25, took
