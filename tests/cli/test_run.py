from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartDaemon
from tests.support.daemon import Daemon, Home
from tests.support.ports import free_port

PRINT_ENV = "import json, os; print(json.dumps(dict(os.environ)))"


def environment_of_a_child(daemon: Daemon, *options: str, **own: str) -> dict[str, str]:
    done = daemon.home.run("run", *options, "--", sys.executable, "-c", PRINT_ENV, **own)
    assert done.returncode == 0, done.stderr
    env: dict[str, str] = json.loads(done.stdout)
    return env


@pytest.mark.parametrize("separator", [[], ["--"]], ids=["bare", "with --"])
@pytest.mark.parametrize(
    "arguments",
    [["-i", "x"], ["--help"], ["--provider", "y", "--no-check"], ["--", "-v"], ["a b", "", "*"]],
    ids=" ".join,
)
def test_the_childs_arguments_are_its_own(daemon: Daemon, separator: list[str], arguments: list[str]) -> None:
    echo = [sys.executable, "-c", "import sys, json; print(json.dumps(sys.argv[1:]))"]
    done = daemon.home.run("run", *separator, *echo, *arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == arguments


def test_a_provider_by_sentinel(daemon: Daemon) -> None:
    env = environment_of_a_child(daemon, "--provider", "openai", OPENAI_API_KEY="mine")
    assert env["OPENAI_API_KEY"] == env["ANTHROPIC_API_KEY"] == "sk-ant-oat-ccproxy-openai"


def test_without_a_provider_the_key_stays(daemon: Daemon) -> None:
    assert environment_of_a_child(daemon, OPENAI_API_KEY="mine")["OPENAI_API_KEY"] == "mine"


def test_an_unknown_provider(daemon: Daemon) -> None:
    done = daemon.home.run("run", "--provider", "opnai", "--", "true")
    assert done.returncode == 1
    assert "'opnai'" in done.stderr
    assert "openai" in done.stderr.splitlines()[-1]


def test_the_daemons_real_port_counts(start_daemon: StartDaemon) -> None:
    daemon = start_daemon({})
    daemon.home.write({"port": free_port()})
    assert environment_of_a_child(daemon)["ANTHROPIC_BASE_URL"] == daemon.url


def test_without_a_daemon(home: Home) -> None:
    home.write({"port": free_port()})
    done = home.run("run", "--", "true")
    assert done.returncode == 1
    assert "ccproxy start" in done.stderr
    assert home.run("run", "--no-check", "--", "true").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "environ", "rules", "told"),
    [
        ([], {}, [], True),
        (["--provider", "sim"], {}, [], False),
        ([], {"OPENAI_API_KEY": "sk-ant-oat-ccproxy-sim"}, [], False),
        ([], {}, [{"match_path": "^/v1/", "dest_provider": "sim"}], False),
    ],
    ids=["neither", "provider", "sentinel", "rule"],
)
def test_requests_without_a_route_are_foretold(
    start_daemon: StartDaemon, arguments: list[str], environ: dict[str, str], rules: list[Any], told: bool
) -> None:
    config = {"providers": {"sim": {"type": "simulator"}}, "lightllm": {"transforms": rules}}
    done = start_daemon(config).home.run("run", *arguments, "--", "true", **environ)
    assert done.returncode == 0
    assert ("add --provider NAME (configured: sim)" in done.stderr) is told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1], ids=lambda n: n.name)
def test_signals_are_the_childs(daemon: Daemon, number: signal.Signals) -> None:
    code = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(42))\n"
        "print('ready', flush=True)\n"
        "time.sleep(30)"
    )
    command = [sys.executable, "-m", "ccproxy", "run", "--", sys.executable, "-c", code]
    with subprocess.Popen(command, env=daemon.home.environment(), stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(number)
        assert child.wait(10) == 42


def test_dying_of_a_signal_looks_as_it_does_without_ccproxy(daemon: Daemon) -> None:
    line = f"{sys.executable} -m ccproxy run -- sh -c 'kill -TERM $$'; echo $?"
    done = subprocess.run(["sh", "-c", line], env=daemon.home.environment(), capture_output=True, text=True, check=True)
    assert done.stdout == "143\n"


def test_a_broken_pipe_ends_the_child(daemon: Daemon) -> None:
    began = time.monotonic()
    line = f"{sys.executable} -m ccproxy run -- yes | head -1"
    done = subprocess.run(
        ["sh", "-c", line], env=daemon.home.environment(), capture_output=True, timeout=20, check=True
    )
    assert (done.stdout, done.stderr) == (b"y\n", b"")
    assert time.monotonic() - began < 15


def test_the_child_is_the_process_itself(daemon: Daemon) -> None:
    command = [sys.executable, "-m", "ccproxy", "run", "--", sys.executable, "-c", "import os; print(os.getpid())"]
    with subprocess.Popen(command, env=daemon.home.environment(), stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert int(child.stdout.read()) == child.pid


def test_input_and_output_are_the_childs(daemon: Daemon) -> None:
    assert daemon.home.run("run", "--", "cat", stdin="through\n").stdout == "through\n"


@pytest.mark.parametrize(
    ("name", "mode", "said"), [("missing", None, "not found"), ("plain", 0o644, "denied"), ("folder", None, "denied")]
)
def test_what_cannot_be_run(daemon: Daemon, tmp_path: Path, name: str, mode: int | None, said: str) -> None:
    program = tmp_path / name
    if name == "folder":
        program.mkdir()
    if mode is not None:
        program.write_text("#!/bin/sh\n")
        program.chmod(mode)
    done = daemon.home.run("run", "--", str(program))
    assert (done.returncode, done.stdout) == (1, "")
    assert str(program) in done.stderr
    assert said in done.stderr


def test_a_client_of_the_environment_reaches_its_provider(start_daemon: StartDaemon) -> None:
    daemon = start_daemon({"providers": {"sim": {"type": "simulator"}}})
    code = (
        "import json, os, urllib.request as u\n"
        "body = {'model': 'm', 'max_tokens': 9, 'messages': [{'role': 'user', 'content': 'hi'}]}\n"
        "url = os.environ['ANTHROPIC_BASE_URL'] + '/v1/messages'\n"
        "fields = {'x-api-key': os.environ['ANTHROPIC_API_KEY'], 'content-type': 'application/json'}\n"
        "print(u.urlopen(u.Request(url, json.dumps(body).encode(), fields)).status)"
    )
    proxied = {"HTTP_PROXY": f"http://127.0.0.1:{free_port()}"}
    done = daemon.home.run("run", "--provider", "sim", "--", sys.executable, "-c", code, **proxied)
    assert done.stdout == "200\n", done.stderr


def test_a_host_that_means_every_address(start_daemon: StartDaemon) -> None:
    daemon = start_daemon({"host": "0.0.0.0"})
    assert environment_of_a_child(daemon)["OPENAI_BASE_URL"] == f"http://127.0.0.1:{daemon.port}/v1"


LOGINS = {
    "gemini": {"type": "gemini", "base_url": "http://127.0.0.1:1", "path": "/v1internal:{action}"},
    "other": {"type": "simulator"},
}


@pytest.mark.parametrize(
    ("program", "options", "said"),
    [
        ("gemini", [], ""),
        ("gemini", ["--provider", "gemini"], ""),
        ("gemini", ["--provider", "other"], "sends no key that could name a provider, and goes to 'gemini'"),
        ("another", ["--provider", "other"], ""),
        ("another", [], "there are no rules"),
    ],
)
def test_a_client_with_a_login_goes_where_its_paths_lead(
    start_daemon: StartDaemon, tmp_path: Path, program: str, options: list[str], said: str
) -> None:
    daemon = start_daemon({"providers": LOGINS})
    script = tmp_path / program
    script.write_text("#!/bin/sh\ntrue\n")
    script.chmod(0o755)
    done = daemon.home.run("run", *options, "--", str(script))
    assert done.returncode == 0
    assert (said in done.stderr) if said else not done.stderr
