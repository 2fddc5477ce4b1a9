"""Where there can be no jail, the command says so in one line with what to do, and the daemon is as before."""

from __future__ import annotations

import sys

import pytest

from tests.support.jailed import House
from tests.support.outer.outer import REPOSITORY, scripts

BREAK = (sys.executable, str(REPOSITORY / "tests/jail/doctor/broken.py"))
SAYS = {
    "no_userns": "user namespaces are switched off",
    "tun_missing": "/dev/net/tun is missing",
    "tun_closed": "/dev/net/tun",
    "tun_wrong": "/dev/net/tun",
    "ubuntu": "user namespace",
    "docker_seccomp": "namespace",
}


def test_nobody_is_there(house: House) -> None:
    empty = house.file("nothing/.keep", "").parent
    done = house.jail("true", env={"XDG_RUNTIME_DIR": str(empty)})
    assert (done.returncode, done.stdout) == (125, b"")
    lines = done.stderr.decode().splitlines()
    assert lines[0] == "ccproxy: no daemon is running"
    assert "--start" in lines[1]


@pytest.mark.parametrize(("breakage", "says"), SAYS.items(), ids=SAYS)
def test_no_jail_can_be_made(house: House, breakage: str, says: str) -> None:
    line = [*BREAK, breakage, "--", scripts("ccproxy"), "run", "--inspect", "--", "echo", "it ran"]
    done = house.outer.run(line, house.environment(), cwd=house.home.root / "home")
    assert (done.returncode, done.stdout) == (125, b"")
    message, *fix = done.stderr.decode().splitlines()
    assert message.startswith("ccproxy: ")
    assert says in message
    assert all(text.startswith("  ") for text in fix)
    assert fix
    house.outer.until(lambda: house.daemon.control("GET", "/jails") == {"jails": []})


@pytest.mark.parametrize("status", [3, 42, 126, 127])
def test_the_commands_own_status(house: House, status: int) -> None:
    assert house.jail("sh", "-c", f"exit {status}").returncode == status


def test_commands_that_cannot_be_run(house: House) -> None:
    missing = house.jail("no-such-command")
    assert (missing.returncode, b"no-such-command" in missing.stderr) == (127, True)
    closed = house.jail(str(house.file("no-program", "text")))
    assert closed.returncode == 126
    assert b"Traceback" not in missing.stderr + closed.stderr
