"""`ccproxy usage` on an archive, and on a daemon's flows; no daemon is needed for the former."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from tests.conftest import StartDaemon
from tests.support.archived import archive_of, call, flow, keep
from tests.support.archives import KEY, SIMULATOR
from tests.support.daemon import Home

CLAUDE = "api.anthropic.com"


@pytest.fixture
def spent(home: Home) -> Home:
    """Four flows of two models and two sessions at Anthropic, and one at a host that no price list has."""
    models = ("claude-haiku-4-5", "claude-haiku-4-5", "claude-opus-4-5", "claude-opus-4-5")
    dear = [
        flow(1000 * number, host=CLAUDE, model=model, session=f"s{number % 2}")
        for number, model in enumerate(models, 1)
    ]
    keep(archive_of(home), [*dear, flow(7, model="own", session="s0")])
    return home


def test_a_table(spent: Home) -> None:
    """Haiku 4.5 is $1 in and $5 out for a million, Opus 4.5 $5 and $25."""
    said = call(spent, "usage")
    assert said.exit_code == 0, said.output
    assert [line.split() for line in said.stdout.splitlines()[1:]] == [
        ["claude-opus-4-5", "2", "-", "7,000", "-", "-", "2", "$0.0350", "-"],
        ["claude-haiku-4-5", "2", "-", "3,000", "-", "-", "2", "$0.0030", "-"],
        ["own", "1", "-", "7", "-", "-", "1", "-", "1"],
        ["total", "5", "-", "10,007", "-", "-", "5", "$0.0381", "1"],
    ]
    assert "1 request without a known price" in said.stderr
    assert call(spent, "usage", "--provider", "nobody").exit_code == 0


def test_two_levels_as_csv_and_json(spent: Home) -> None:
    said = call(spent, "usage", "--by", "session", "--by", "model", "--csv")
    lines = list(csv.DictReader(io.StringIO(said.stdout, newline="")))
    assert [(line["session"], line["model"], line["cost_usd"]) for line in lines] == [
        ("s0", "claude-opus-4-5", "0.020025"),
        ("s0", "claude-haiku-4-5", "0.002005"),
        ("s0", "own", ""),
        ("s1", "claude-opus-4-5", "0.015025"),
        ("s1", "claude-haiku-4-5", "0.001005"),
    ]
    whole = json.loads(call(spent, "usage", "--by", "day", "--json", "--model", "haiku").stdout)
    assert whole["by"] == ["day"]
    assert (whole["total"]["cost_usd"], whole["total"]["requests"]) == ("0.00301", 2)


def test_nothing_yet(home: Home) -> None:
    assert call(home, "usage").exit_code == 1, "neither an archive nor a daemon"
    keep(archive_of(home), [])
    said = call(home, "usage")
    assert (said.exit_code, said.stdout) == (0, "")
    assert "no requests" in said.stderr
    assert json.loads(call(home, "usage", "--json").stdout)["groups"] == []
    assert call(home, "usage", "--csv", "--by", "jail").stdout.startswith("jail,requests,")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--by", "colour"], "session"),
        (["--by", "day", "--by", "hour", "--by", "model"], "levels"),
        (["--csv", "--json"], "one of them"),
        (["--since", "soon"], "7d"),
    ],
)
def test_wrong_usage(home: Home, options: list[str], said: str) -> None:
    done = call(home, "usage", *options)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_daemons_flows_count_too(start_daemon: StartDaemon, home: Home) -> None:
    daemon = start_daemon(SIMULATOR, home=home)
    body = b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
    assert daemon.ask("POST", "/v1/messages", [KEY], body).status == 200
    (group,) = json.loads(home.run("usage", "--by", "model", "--by", "provider", "--json").stdout)["groups"]
    assert (group["model"], group["provider"], group["requests"], group["cost_usd"]) == ("m", "sim", 1, None)
    assert group["input_tokens"] > 0


def test_bars_on_a_terminal(spent: Home) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
    command = [sys.executable, "-m", "ccproxy", "usage", "--by", "session", "--by", "model", "--plot"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=spent.environment({"TERM": "xterm-256color"})
    ) as child:
        os.close(theirs)
        seen = b""
        while b"your bill" not in seen and (piece := os.read(ours, 65536)):
            seen += piece
    os.close(ours)
    assert child.returncode == 0, seen
    assert b"\x1b[38;5;" in seen, "the models have colours"
    lines = re.sub(r"\x1b\[[0-9;]*m", "", seen.decode()).splitlines()
    bars = [line for line in lines if "▇" in line and line.startswith("s")]
    assert [bar.split()[0] for bar in bars] == ["s0", "s1"]
    assert max(map(len, bars)) <= 50
    assert any("claude-opus-4-5" in line for line in lines), "the legend"
