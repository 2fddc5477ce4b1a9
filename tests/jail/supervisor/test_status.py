"""A jail ends as its command does, and passes streams through."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess

import pytest

from tests.jail.supervisor.jails import Jails, alive
from tests.support.outer import Running


@pytest.mark.parametrize("status", [0, 3, 42, 126, 127, 255])
def test_exit_status(jails: Jails, status: int) -> None:
    done = jails.run("sh", "-c", f"exit {status}")
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")


@pytest.mark.parametrize("name", ["TERM", "SEGV", "KILL", "ABRT", "INT", "QUIT", "PIPE", "HUP", "RTMIN"])
def test_death_by_a_signal(jails: Jails, name: str) -> None:
    done = jails.run("sh", "-c", f"ulimit -c 0; kill -{name} $$; sleep 20")
    assert (done.returncode, done.stderr) == (-getattr(signal, f"SIG{name}"), b"")


def test_no_such_command(jails: Jails) -> None:
    done = jails.run("no-such-command-anywhere")
    assert done.returncode == 127
    assert b"no-such-command-anywhere" in done.stderr
    assert b"Traceback" not in done.stderr


def test_no_program(jails: Jails) -> None:
    for path in ("/etc/passwd", "/etc"):
        done = jails.run(path)
        assert done.returncode == 126, done.stderr
        assert path.encode() in done.stderr
        assert b"Traceback" not in done.stderr


def test_streams_are_the_users_own(jails: Jails) -> None:
    data = os.urandom(1 << 20) * 24
    done = jails.run("sh", "-c", "echo to stderr >&2; exec cat", input=data)
    assert (done.returncode, done.stderr) == (0, b"to stderr\n")
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


def test_a_pipe_that_nobody_reads(jails: Jails) -> None:
    done = jails.outer.run(["sh", "-c", '"$@" | head -c 3', "sh", *jails.line(["yes"])], jails.env)
    assert (done.stdout, done.stderr) == (b"y\ny", b"")


def test_environment_and_directory_are_the_users_own(jails: Jails) -> None:
    home = jails.root / "home"
    done = jails.run("sh", "-c", 'pwd; echo "$HOME $TERM"; umask; id -u', cwd=home)
    assert done.stdout.decode().splitlines()[:2] == [str(home), f"{home} dumb"]
    assert done.stdout.decode().splitlines()[3] == str(jails.outer.person.uid)


def test_ten_at_once(jails: Jails) -> None:
    script = "curl -sS https://www.example.test/echo?n=$0 >/dev/null && exit $0"
    started = [jails.popen("sh", "-c", script, str(number)) for number in range(10, 20)]
    assert [child.wait(40) for child in started] == list(range(10, 20))


def started(jails: Jails, child: Running, word: bytes = b"ready\n") -> list[int]:
    """Waits for the command's first line; the jail's processes."""
    assert child.stdout is not None
    assert child.stdout.readline() == word, child.stderr and child.stderr.read()
    return jails.inside(child.pid)


def test_a_holder_that_is_killed_takes_everything_along(jails: Jails) -> None:
    script = "setsid sleep 600 & (trap '' HUP TERM INT; sleep 601) & echo ready; sleep 602"
    child = jails.popen("sh", "-c", script)
    processes = started(jails, child)
    assert len(processes) >= 4
    child.kill()
    jails.outer.until(lambda: not any(map(alive, processes)))


def test_daemons_of_the_command_end_with_it(jails: Jails) -> None:
    script = "setsid sleep 600 >/dev/null 2>&1 & sleep 601 & echo ready; read line; exit 4"
    child = jails.popen("sh", "-c", script, stdin=subprocess.PIPE)
    processes = started(jails, child)
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(20) == 4
    jails.outer.until(lambda: not any(map(alive, processes)))


def test_the_init_that_is_killed(jails: Jails) -> None:
    child = jails.popen("sh", "-c", "echo ready; exec sleep 600")
    processes = started(jails, child)
    os.kill(processes[0], signal.SIGKILL)
    assert child.wait(20) == -signal.SIGKILL
    jails.outer.until(lambda: not any(map(alive, processes)))


def test_memory(jails: Jails) -> None:
    """All processes of a jail but its command's own; what they share counts once."""
    child = jails.popen("sh", "-c", "echo ready; exec sleep 600")
    processes = started(jails, child)
    shares = [share(pid) for pid in (child.pid, *processes) if command(pid) != "sleep"]
    child.terminate()
    child.wait(20)
    assert sum(shares) <= 35 * 1024, shares


def share(pid: int) -> int:
    """Proportional set size in KiB."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(row.split()[1]) for row in file if row.startswith("Pss:"))


def command(pid: int) -> str:
    with open(f"/proc/{pid}/comm") as file:
        return file.read().strip()
