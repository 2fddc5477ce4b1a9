"""Streams that are closed, and surroundings that are odd: the command fares as it does without a jail."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from tests.jail.bad_luck.conftest import Marked
from tests.jail.bad_luck.said import complaint, quiet
from tests.support.outer.outer import scripts

CLOSED = ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- 2>&-", "<&- >&- 2>&-"]
LOOK = """
import os, sys
for fd in range(3):
    try:
        seen = os.fstat(fd).st_rdev
    except OSError:
        seen = "closed"
    os.write(3, f"{fd} {seen}\\n".encode())
sys.exit(9)
"""


def shell(house: Marked, script: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    """Runs a shell script in which "$@" begins a command in a jail, and one in which it begins nothing."""
    line = ["sh", "-c", script, "sh", scripts("ccproxy"), "run", "--inspect", "--"]
    done: subprocess.CompletedProcess[bytes] = house.outer.run(
        line, house.environment(), **{"cwd": house.home.root / "home"} | more
    )
    return done


@pytest.mark.parametrize("closed", CLOSED)
def test_closed_descriptors_stay_closed(house: Marked, closed: str) -> None:
    """No socket of ours takes their numbers."""
    look = f"python3 -IS -c {shlex.quote(LOOK)}"
    there = {"stdin": subprocess.DEVNULL}
    expected = house.outer.run(["sh", "-c", f"exec 3>&1; {look} {closed}"], house.environment(), **there)
    done = shell(house, f'exec 3>&1; "$@" {look} {closed}', **there)
    assert (expected.returncode, done.returncode) == (9, 9)
    assert expected.stdout.count(b"closed") == closed.count("-")
    assert (done.stdout, done.stderr) == (expected.stdout, expected.stderr)


@pytest.mark.parametrize("closed", CLOSED[-1:])
@pytest.mark.parametrize(
    ("command", "status"), [("sh -c 'exit 7'", 7), ("sh -c 'kill -9 $$'", 137), ("no-such-command", 127)]
)
def test_status_without_streams(house: Marked, closed: str, command: str, status: int) -> None:
    done = shell(house, f'exec 3>&1; "$@" {command} {closed}; echo $? >&3')
    assert int(done.stdout) == status
    assert b"Traceback" not in done.stderr


def test_without_base_urls_too(house: Marked) -> None:
    line = ["sh", "-c", '"$1" run -- sh -c "exit 7" <&- >&- 2>&-', "sh", scripts("ccproxy")]
    assert house.outer.run(line, house.environment()).returncode == 7


def test_a_reader_that_leaves(house: Marked) -> None:
    done = shell(house, '{ "$@" yes; echo $? >&2; } | head -1')
    assert (done.stdout, done.stderr) == (b"y\n", b"141\n")


def test_an_output_that_is_full(house: Marked) -> None:
    done = shell(house, '"$@" sh -c "echo text || exit 3" >/dev/full')
    assert done.returncode == 3


def test_no_home(house: Marked) -> None:
    assert quiet(shell(house, 'unset HOME; "$@" sh -c \'echo "[$HOME]"\'')) == b"[]\n"


def test_no_home_and_no_directories(house: Marked) -> None:
    """Everything is looked for where it is by default, and there is no daemon."""
    done = shell(house, 'unset HOME XDG_STATE_HOME CCPROXY_CONFIG_DIR; "$@" true')
    known = house.outer.person.uid == 0  # the machine's own list of users tells
    assert complaint(done, 125) == ("no daemon is running" if known else "nobody knows your home directory")


@pytest.mark.parametrize("place", ["/proc/self", "/dev/null", "/" + "x" * 300, "/tmp/" + "/".join(["d" * 60] * 3)])
def test_runtime_directories_that_cannot_be_used(house: Marked, place: str) -> None:
    done = house.jail("true", env={"XDG_RUNTIME_DIR": place})
    said = complaint(done, 125)
    assert "runtime directory" in said or "daemon" in said


def test_no_variables_at_all(house: Marked) -> None:
    done = shell(house, 'exec env -i BAD_LUCK="$BAD_LUCK" CCPROXY_CONFIG_DIR="$CCPROXY_CONFIG_DIR" "$@" /bin/echo ran')
    assert complaint(done, 125) == "no daemon is running"


def test_a_working_directory_that_is_gone(house: Marked) -> None:
    done = shell(house, 'mkdir gone; cd gone; rmdir ../gone; "$@" sh -c "echo ran"')
    assert (done.returncode, done.stdout) == (0, b"ran\n")
    assert b"ccproxy" not in done.stderr


@pytest.mark.parametrize("place", ["$XDG_RUNTIME_DIR/ccproxy", "$XDG_STATE_HOME/ccproxy/mitmproxy"])
def test_a_working_directory_that_is_hidden(house: Marked, place: str) -> None:
    """It is the empty one of the jail: nothing of the daemon's can be reached over it."""
    seen = quiet(shell(house, f'cd "{place}"; "$@" sh -c "pwd -P; ls -a; ls -a ../*/*.sock; true" 2>&1')).decode()
    assert seen.startswith(str(house.home.root))
    for hidden in ("control-", "mitmproxy-ca.pem"):
        assert f"{hidden}" not in seen.replace("ls: cannot access '../*/*.sock'", "")


@pytest.mark.parametrize("place", ["sub/of/it", "."])
def test_a_hidden_directory_below_which_one_is(house: Marked, place: str) -> None:
    """A directory that the jail does not have is said, and nothing runs."""
    folder = house.home.root / "run" / "ccproxy" / place
    folder.mkdir(parents=True, exist_ok=True)
    house.outer.person.own(house.home.root / "run" / "ccproxy")
    done = shell(house, f'cd "$XDG_RUNTIME_DIR/ccproxy/{place}"; "$@" echo ran')
    if place == ".":
        assert quiet(done) == b"ran\n"
    else:
        assert "is not to be seen in the jail" in complaint(done, 125)
        for each in ("sub/of/it", "sub/of", "sub"):
            (house.home.root / "run" / "ccproxy" / each).rmdir()


@pytest.mark.parametrize("state", ["missing", "closed", "directory", "empty", "garbage"])
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"])
def test_bundles_that_cannot_be_read(house: Marked, variable: str, state: str) -> None:
    """Whoever has none is given ours."""
    make = {
        "missing": "true",
        "closed": ": > b; chmod 0 b",
        "directory": "mkdir b",
        "empty": ": > b",
        "garbage": "head -c 100000 /dev/urandom > b",
    }[state]
    script = f'{make}; {variable}=$PWD/b "$@" curl -s https://www.example.test/; status=$?; rm -rf b; exit $status'
    assert quiet(shell(house, script)) == b"hello from www.example.test\n"
