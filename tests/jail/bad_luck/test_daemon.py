"""The daemon, the holder of a jail or its network go away while a command runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jail.bad_luck.conftest import Marked
from tests.jail.bad_luck.said import quiet
from tests.jail.bad_luck.traces import MARK
from tests.support.outer import Running
from tests.support.outer.outer import HERE

GONE = "ccproxy: the daemon is gone; the command has no network until it is back"
BACK = "ccproxy: the daemon is back"
DOWNLOAD = "https://www.example.test/bytes/80000000"
HELLO = b"hello from www.example.test\n"
RESET = 56
"""curl: "Failure with receiving network data"."""
DAEMONS = """
import os, sys, time
for closed in (False, True):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        if closed:
            os.closerange(0, 65536)
            os.chdir("/")
        while True:
            time.sleep(600)
os.write(1, b"ready\\n")
sys.stdin.read()
"""


@pytest.fixture
def download(house: Marked) -> Iterator[Running]:
    """A command that loads something slowly, is in the midst of it, and asks for something else afterwards."""
    got = house.home.root / "home" / "got"
    slowly = f"curl -sS --limit-rate 300k -o got {DOWNLOAD}; echo $?"
    script = f"{slowly}; read line; curl -sS https://www.example.test/; exit 5"
    child = house.start_jail("sh", "-c", script)
    house.outer.until(lambda: got.exists() and got.stat().st_size > 100_000, 15)
    yield child
    got.unlink()


def answer(child: Running, line: bytes = b"\n") -> tuple[int, bytes, list[str]]:
    """How the command goes on after this line, and what was said meanwhile."""
    output, errors = child.communicate(line, 30)
    return child.returncode, output, [line for line in errors.decode().splitlines() if not line.startswith("curl:")]


def test_killed_and_restarted_in_a_download(house: Marked, download: Running) -> None:
    house.daemon.stop(signal.SIGKILL)
    house.daemon.start()
    assert download.stdout is not None
    assert int(download.stdout.readline()) == RESET
    house.outer.until(lambda: house.daemon.control("GET", "/jails")["jails"])
    assert answer(download) == (5, HELLO, [GONE, BACK])


def test_killed_for_good_in_a_download(house: Marked, download: Running) -> None:
    house.daemon.stop(signal.SIGKILL)
    assert download.stdout is not None
    assert int(download.stdout.readline()) == RESET
    download.kill()
    download.communicate()
    house.daemon.start()
    assert quiet(house.jail("curl", "-sS", "https://www.example.test/")) == HELLO


def test_stopped_in_a_download(house: Marked, download: Running) -> None:
    """In order, and soon, although a jail is in the way."""
    assert house.daemon.stop() == 0
    assert "Traceback" not in house.daemon.output
    assert download.stdout is not None
    assert int(download.stdout.readline()) == RESET
    house.daemon.start()
    house.outer.until(lambda: house.daemon.control("GET", "/jails")["jails"])
    assert answer(download) == (5, HELLO, [GONE, BACK])


def test_the_holder_is_killed_in_a_download(house: Marked, download: Running) -> None:
    download.kill()
    assert download.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize("how", [signal.SIGKILL, None], ids=["killed", "its command ends"])
def test_daemons_of_the_command(house: Marked, how: int | None) -> None:
    child = house.start_jail("python3", "-IS", "-c", DAEMONS)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    house.outer.until(lambda: len(marked(house)) >= 5)
    if how is not None:
        child.send_signal(how)
    child.communicate(timeout=20)
    assert child.returncode == (0 if how is None else -how)


def test_the_device_goes_away(house: Marked) -> None:
    """Somebody with every right in the jail's namespaces removes it: no line too many, no wait, its own status."""
    script = "echo ready; read line; curl -sS -m 5 https://www.example.test/ || exit 6"
    child = house.start_jail("sh", "-c", script)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    inside = next(pid for pid in marked(house) if "read line" in cmdline(pid))
    within(house, inside, "link del tun0")
    assert child.stderr is not None
    said = child.stderr.readline().decode()
    assert said.startswith("ccproxy: the command has no network any more: ")
    _, errors = child.communicate(b"\n", 20)
    assert child.returncode == 6
    assert b"ccproxy" not in errors


def test_the_listener_cannot_be_reached(house: Marked) -> None:
    """The control socket can; then all is well again."""
    script = "while read line; do curl -sS -m 10 https://www.example.test/; echo $?; done"
    child = house.start_jail("sh", "-c", f"echo ready; {script}")
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    outside = house.daemon.pid
    (jail,) = house.daemon.control("GET", "/jails")["jails"]
    within(house, outside, "rule add pref 10 lookup local")
    within(house, outside, f"rule add pref 5 ipproto udp dport {jail['port']} prohibit")
    within(house, outside, "rule del pref 0")
    try:
        child.stdin.write(b"\n")
        child.stdin.flush()
        assert int(child.stdout.readline()) != 0
    finally:
        within(house, outside, "rule add pref 0 lookup local")
        within(house, outside, "rule del pref 5")
        within(house, outside, "rule del pref 10")
    child.stdin.write(b"\n")
    child.stdin.flush()
    assert child.stdout.readline() == HELLO
    assert child.stdout.readline() == b"0\n"
    child.communicate(b"", 20)
    assert child.returncode == 0


def marked(house: Marked) -> list[int]:
    """The processes of the test's jails."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if f"{MARK}={house.mark}".encode() in Path("/proc", name, "environ").read_bytes():
                found.append(int(name))
        except OSError:
            continue
    return found


def cmdline(pid: int) -> str:
    """The arguments of a process that is not ccproxy's own."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return "" if "--inspect" in words else " ".join(words)


def within(house: Marked, pid: int, arguments: str) -> None:
    """Runs ip(8) in the namespaces of a process, with all rights there."""
    who = [str(pid), str(house.outer.person.uid), str(house.outer.person.gid)]
    line = [sys.executable, "-I", str(HERE / "enter.py"), *who, "module", "tests.jail.bad_luck.ip", *arguments.split()]
    done = subprocess.run(line, cwd="/", capture_output=True, timeout=20, check=False)
    assert done.returncode == 0, done
