"""A daemon that ends and returns while a jail runs."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.jail.supervisor.jails import Jails

GONE = b"ccproxy: the daemon is gone; the command has no network until it is back\n"
BACK = b"ccproxy: the daemon is back\n"
SCRIPT = "while read line; do curl -sS --max-time 20 https://www.example.test/; echo $?; done"
HELLO = b"hello from www.example.test\n"


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_gone_and_back(jails: Jails, signum: int) -> None:
    child = jails.popen("sh", "-c", SCRIPT, stdin=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None

    def fetch() -> None:
        assert child.stdin is not None
        child.stdin.write(b"\n")
        child.stdin.flush()

    fetch()
    assert [child.stdout.readline(), child.stdout.readline()] == [HELLO, b"0\n"]
    assert jails.daemon is not None
    jails.daemon.send_signal(signum)
    assert child.stderr.readline() == GONE
    jails.daemon.wait(20)
    jails.start_daemon()
    assert child.stderr.readline() == BACK
    fetch()
    assert [child.stdout.readline(), child.stdout.readline()] == [HELLO, b"0\n"]
    output, errors = child.communicate(b"", 20)
    assert (child.returncode, output, errors) == (0, b"", b"")


def test_a_command_ends_while_there_is_no_daemon(jails: Jails) -> None:
    child = jails.popen("sh", "-c", "echo ready; read line; exit 5", stdin=subprocess.PIPE)
    assert child.stderr is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    jails.kill_daemon()
    assert child.stderr.readline() == GONE
    _, errors = child.communicate(b"\n", 20)
    assert (child.returncode, errors) == (5, b"")
    jails.start_daemon()
