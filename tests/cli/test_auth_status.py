"""A credential that is missing: a line in the log at the start, and how `ccproxy status` tells of it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import StartDaemon
from tests.support.configs import provider, token_file
from tests.support.daemon import Daemon, Home
from tests.support.dialects import OPENAI

NOWHERE = "http://127.0.0.1:9"
SECONDS = 20


def until[T](look: Callable[[], T], what: Callable[[T], object]) -> T:
    """What `look` sees once it is so."""
    end = time.monotonic() + SECONDS
    while not what(seen := look()):
        assert time.monotonic() < end, seen
        time.sleep(0.05)
    return seen


def warnings(daemon: Daemon) -> list[str]:
    return [line.partition("WARNING")[2].strip() for line in daemon.output.splitlines() if "no credential yet" in line]


def standing(home: Home) -> dict[str, dict[str, Any] | None]:
    told = json.loads(home.run("status", "--json").stdout)["providers"]
    return {each["name"]: each["credential"] for each in told}


def test_one_line_for_each_that_is_missing(start_daemon: StartDaemon, tokens: Path) -> None:
    gone = tokens / "gone"
    daemon = start_daemon(
        {
            "providers": {
                "sim": {"type": "simulator"},
                "good": provider("openai", NOWHERE, token_file(tokens, "good")),
                "printed": provider("openai", NOWHERE, "echo secret-of-a-command"),
                "gone": provider("openai", NOWHERE, {"file": str(gone)}),
                "locked": provider("openai", NOWHERE, "echo no vault here >&2; exit 3"),
            }
        }
    )
    said = sorted(until(lambda: warnings(daemon), lambda lines: len(lines) == 2))
    assert said[0].startswith(f"provider 'gone': no credential yet: {gone} cannot be read: No such file")
    assert said[1].startswith("provider 'locked': no credential yet: the command exited with status 3: no vault here")
    assert all(line.endswith("; its requests get 401") for line in said)
    found = until(lambda: standing(daemon.home), lambda found: found["printed"])
    assert found["sim"] is None
    assert found["good"] == found["printed"] == {"present": True, "expires": None, "error": None}
    assert found["locked"] is not None
    assert (found["locked"]["present"], "no vault" in found["locked"]["error"]) == (False, True)
    assert len(warnings(daemon)) == 2
    lines = {line.split()[0]: line for line in daemon.home.run("status").stdout.splitlines() if "auth" in line}
    assert lines["good"].endswith("auth: file")
    assert "auth: file, no credential: " in lines["gone"]
    assert "secret-of-a-command" not in daemon.output + json.dumps(daemon.control("GET", "/status"))


def test_a_slow_command_delays_nothing(start_daemon: StartDaemon, tokens: Path) -> None:
    """They wait for pipes that the test writes to in the end."""
    slow, pipes = {}, {}
    for name in ("slow-0", "slow-1"):
        os.mkfifo(tokens / name)
        pipes[name] = os.open(tokens / name, os.O_RDWR)
        slow[name] = provider("openai", NOWHERE, f"read token < {tokens / name}; echo $token")
    gone = {"gone": provider("openai", NOWHERE, {"file": str(tokens / "gone")})}
    daemon = start_daemon({"providers": slow | gone, "auth": {"command_timeout_seconds": 40}})
    until(lambda: warnings(daemon), len)
    daemon.healthy()
    found = standing(daemon.home)
    assert (found["slow-0"], found["slow-1"]) == (None, None)
    for pipe in pipes.values():
        os.write(pipe, b"T\n")
    until(lambda: standing(daemon.home), lambda found: found["slow-0"] and found["slow-1"])
    assert len(warnings(daemon)) == 1
    for pipe in pipes.values():
        os.close(pipe)


def test_status_knows_what_requests_have_met(start_daemon: StartDaemon, tokens: Path) -> None:
    vault = tokens / "vault"
    vault.write_text("T")
    by_command = {"command": f"cat {vault}", "max_age_seconds": 0}
    daemon = start_daemon({"providers": {"vault": provider("openai", NOWHERE, by_command)}})
    until(lambda: standing(daemon.home)["vault"], lambda found: found and found["present"])
    vault.unlink()
    refused = daemon.ask("POST", OPENAI.target(), [OPENAI.key("vault")], OPENAI.body())
    assert "vault" in OPENAI.error(refused, 401)
    found = standing(daemon.home)["vault"]
    assert found is not None
    assert (found["present"], "status 1" in found["error"]) == (False, True)
    vault.write_text("T")
    assert daemon.home.run("auth", "check", "vault").returncode == 0
    assert standing(daemon.home)["vault"] == {"present": True, "expires": None, "error": None}


def test_status_sees_a_file_that_has_come(start_daemon: StartDaemon, tokens: Path) -> None:
    file = tokens / "late"
    daemon = start_daemon({"providers": {"late": provider("openai", NOWHERE, {"file": str(file)})}})
    until(lambda: warnings(daemon), len)
    file.write_text("T")
    assert standing(daemon.home)["late"] == {"present": True, "expires": None, "error": None}
    file.unlink()
    found = standing(daemon.home)["late"]
    assert found is not None
    assert not found["present"]
