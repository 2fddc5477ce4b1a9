from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.daemon import Home

PRINT_ENV = "import json, os; print(json.dumps(dict(os.environ)))"
ASK = """
import json, os, urllib.request as u
body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
fields = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "content-type": "application/json"}
u.urlopen(u.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", json.dumps(body).encode(), fields)).read()
"""


@pytest.fixture
def scratch(home: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary directory of the demos of a test; empty at its end if they clean up."""
    folder = home.root / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_demo_shows_each_format_and_cleans_up(home: Home, scratch: Path) -> None:
    began = time.monotonic()
    done = home.run("demo")
    took = time.monotonic() - began
    assert (done.returncode, done.stderr) == (0, "")
    for title in ("Anthropic Messages", "OpenAI Chat Completions", "OpenAI Responses", "Google Gemini"):
        assert title in done.stdout
    assert done.stdout.count("Hello from the simulator") == 4
    assert done.stdout.count("calls get_weather(") == 2
    assert "an Anthropic client, a Gemini provider" in done.stdout
    assert "429" in done.stdout
    assert done.stdout.count("ccproxy-demo ") == 9
    assert "\x1b" not in done.stdout
    assert took < 15, took
    assert list(scratch.iterdir()) == []
    assert list(home.config_dir.iterdir()) == []


def test_demo_is_not_led_astray_by_the_users_configuration(home: Home) -> None:
    home.write({"prot": 1})
    done = home.run(
        "demo", CCPROXY_PORT="1", CCPROXY_HOST="192.0.2.1", LOG_LEVEL="CRITICAL", HTTP_PROXY="http://192.0.2.1"
    )
    assert done.returncode == 0, done.stderr


def test_demo_from_a_folder_with_a_package_of_our_name(home: Home) -> None:
    folder = home.root / "home" / "ccproxy"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise SystemExit('shadowed')")
    script = Path(sys.executable).with_name("ccproxy")
    done = subprocess.run(
        [script, "demo"], cwd=home.root / "home", env=home.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_demo_with_a_command(home: Home, scratch: Path) -> None:
    done = home.run("demo", "--", sys.executable, "-c", ASK + "raise SystemExit(7)")
    assert done.returncode == 7, done.stderr
    assert "POST /v1/chat/completions" in done.stdout
    assert "/?token=" in done.stdout
    assert list(scratch.iterdir()) == []


def test_demo_gives_its_command_addresses_and_keys(home: Home) -> None:
    done = home.run("demo", sys.executable, "-c", PRINT_ENV, ANTHROPIC_AUTH_TOKEN="mine")
    env = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    assert env["GEMINI_API_KEY"] == env["ANTHROPIC_AUTH_TOKEN"] == "sk-ant-oat-ccproxy-simulator"
    assert env["ANTHROPIC_BASE_URL"].startswith("http://127.0.0.1:")
    assert env["XDG_RUNTIME_DIR"] == str(home.root / "run")


def test_demo_with_a_command_that_is_not_there(home: Home) -> None:
    done = home.run("demo", "--", "no-such-command-at-all")
    assert done.returncode == 1
    assert "no-such-command-at-all: command not found" in done.stderr


def test_demo_with_a_command_that_dies_of_a_signal(home: Home) -> None:
    assert home.run("demo", "--", "sh", "-c", "kill -KILL $$").returncode == 137


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_demo_stopped_from_outside_leaves_nothing(home: Home, scratch: Path, number: signal.Signals) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    command = [sys.executable, "-m", "ccproxy", "demo", "--", sys.executable, "-c", code]
    with subprocess.Popen(command, env=home.environment(), stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        child = next(int(line) for line in demo.stdout if line.strip().isdigit())
        demo.send_signal(number)
        assert demo.wait(20) == 128 + number
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert list(scratch.iterdir()) == []


def test_ctrl_c_during_a_command_is_the_commands(home: Home) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(5))\n"
        "print('ready', flush=True)\n"
        "time.sleep(30)"
    )
    command = [sys.executable, "-m", "ccproxy", "demo", "--", sys.executable, "-c", code]
    with subprocess.Popen(
        command, env=home.environment(), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as demo:
        assert demo.stdout is not None
        assert any(line == "ready\n" for line in demo.stdout)
        os.killpg(demo.pid, signal.SIGINT)
        assert demo.wait(20) == 5
