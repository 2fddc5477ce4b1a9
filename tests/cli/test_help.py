from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from ccproxy import __version__
from tests.support.archived import archive_of, flow, keep
from tests.support.daemon import Home

COMMANDS = ["demo", "init", "start", "run", "status", "pplx", "flows", "usage", "namespace", "hooks", "logs"]
BELOW = [
    *(["flows", name] for name in ("list", "show")),
    *(["pplx", name] for name in ("quota", "threads", "show", "export", "delete")),
    *(["namespace", name] for name in ("status", "doctor", "wireguard-config")),
    *(["hooks", name] for name in ("list", "check", "run", "new")),
]


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS), *BELOW], ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_help_teaches_by_example(home: Home, arguments: list[str], option: str) -> None:
    done = home.run(*arguments, option)
    assert done.returncode == 0, done.stderr
    usage, _, examples = done.stdout.partition("\nExamples:\n")
    assert usage.startswith("Usage: " + " ".join(["ccproxy", *arguments]))
    lines = examples.splitlines()
    assert len(lines) >= 4
    assert all(line.startswith("  # ") for line in lines[::2])
    assert all("ccproxy" in line for line in lines[1::2])
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in done.stdout


def test_the_list_of_commands(home: Home) -> None:
    listed = home.run("--help").stdout
    assert [name for name in COMMANDS if f"\n  {name} " in listed] == COMMANDS


def test_version(home: Home) -> None:
    assert home.run("--version").stdout == f"ccproxy {__version__}\n"
    assert version("ccproxy") == __version__


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "frobnicate"),
        (["statsu"], "Did you mean 'status'?"),
        (["status", "--frob"], "--frob"),
        (["start", "--port", "99999"], "99999"),
        (["start", "--set", "nonsense"], "KEY=VALUE"),
        (["start", "--set", "a=[1"], "YAML"),
        (["run"], "COMMAND"),
        (["run", "--inspekt", "ls"], "--inspekt"),
        (["logs", "-n", "many"], "many"),
        (["flows", "list", "-n", "0"], "0"),
        (["flows", "show"], "ID"),
        (["namespace", "wireguard-config", "--port", "0"], "65535"),
        (["namespace", "wireguard-config", "--off", "--qr"], "--off"),
        (["namespace", "wireguard-config", "--host", "0.0.0.0"], "has to dial it"),
        (["namespace", "wireguard-config", "--host", "localhost"], "no IP address"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_exits_2(home: Home, arguments: list[str], said: str) -> None:
    done = home.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_imported_that_is_not_needed() -> None:
    code = "import sys, json, ccproxy.cli.main as m; m.main(['--version']); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & {"asyncio", "pydantic", "yaml", "rich", "mitmproxy", "http.client", "ccproxy.config"}


def test_the_console_script_is_the_same_program(home: Home) -> None:
    script = Path(sys.executable).with_name("ccproxy")
    by_script = subprocess.run(
        [script, "run", "-h"], capture_output=True, text=True, check=True, env=home.environment()
    )
    assert by_script.stdout == home.run("run", "-h").stdout


@pytest.mark.parametrize("arguments", [["--help"], ["flows", "repl", "-c", "show()"], ["flows", "list", "--json"]])
def test_nobody_reads_standard_output(home: Home, arguments: list[str]) -> None:
    keep(archive_of(home), [flow(1)])
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [sys.executable, "-m", "ccproxy", *arguments],
        env=home.environment({}), stdout=theirs, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(theirs)
    assert (done.returncode, done.stderr) == (141, "")


def test_standard_output_on_a_full_disk(home: Home) -> None:
    command = [sys.executable, "-m", "ccproxy", "--help"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, env=home.environment({}), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "not all of it could be written: No space left on device" in done.stderr
    assert "internal" not in done.stderr
