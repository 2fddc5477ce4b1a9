"""Scenes about how a command runs and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.jail.inmate.held import SECONDS, Held


def ending(*command: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """How a command ends."""
    with Held(*command) as held:
        return held.go(environment=environment).end() | {"output": held.output}


def until(what: Callable[[], Any]) -> Any:
    """The first true value, with a bound."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if value := what():
            return value
        time.sleep(0.01)
    raise AssertionError("it does not happen")


def wrong_files() -> dict[str, Any]:
    """Files that cannot be executed, each by its path."""
    contents = {
        "closed": (b"#!/bin/sh\n", 0o644),
        "lost": (b"#!/nowhere/sh\n", 0o755),
        "foreign": (b"\x7fELF\2\2\1\0\0\0", 0o755),
        "plain": (b"echo plain $1 $0; exit 9\n", 0o755),
    }
    for name, (content, mode) in contents.items():
        Path(name).write_bytes(content)
        Path(name).chmod(mode)
    Path("folder").mkdir()
    told = {name: ending(f"./{name}", "word") for name in (*contents, "folder", "none", "none/none")}
    told["name"] = ending("ccproxy-no-such-command", "word")
    told["empty"] = ending("")
    told["in PATH"] = ending("closed", environment={"PATH": f"/nowhere:{os.getcwd()}"})
    told["a file here"] = ending("plain", environment={"PATH": "/nowhere"})
    return told


def stopped_and_continued() -> list[str]:
    """What is told about a command that stops, goes on, is stopped by a signal, and ends by one."""
    with Held("sh", "-c", "kill -STOP $$; echo on; exec sleep 60") as held:
        started = held.go().until("Started")
        held.until("Stopped")
        held.inmate.signal(signal.SIGCONT)
        held.until("Continued")
        until(lambda: held.output == "on\n")
        assert os.readlink(f"/proc/{started['pid']}/ns/pid") == os.readlink(f"/proc/{held.inmate.pid}/ns/pid")
        held.forget()
        held.inmate.signal(signal.SIGTSTP)
        assert held.until("Stopped")["signal"] == signal.SIGTSTP
        held.inmate.signal(signal.SIGTERM)
        held.inmate.signal(signal.SIGCONT)
        assert held.end()["waitstatus"] == signal.SIGTERM
        return [item["kind"] for item in held.told]


TRAPS = "trap 'echo got' USR1; echo ready; while :; do sleep 0.01; done"


def to_the_group_once() -> str:
    """A signal that the whole process group gets, and that its holder forwards all the same."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    with Held("sh", "-c", TRAPS) as held:
        held.go().until("Started")
        until(lambda: "ready" in held.output)
        os.killpg(0, signal.SIGUSR1)
        held.inmate.signal(signal.SIGUSR1)
        until(lambda: "got" in held.output)
        held.inmate.signal(signal.SIGUSR1)
        until(lambda: held.output.count("got") == 2)
        held.inmate.signal(signal.SIGTERM)
        held.end()
        return held.output


LIBRARY_SIGNALS = 3 << 31
"""Two signals of the threading library's own, which stay as the test was started with them."""


def same_group() -> list[Any]:
    """Session, process group, ignored and blocked signals of the command beside those of its holder."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    with Held("sleep", "60") as held:
        signal.signal(signal.SIGTERM, lambda *_: None)
        pid = held.go().until("Started")["pid"]
        fields = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        told = [os.getsid(pid) == os.getsid(0), os.getpgid(pid) == os.getpgid(0)]
        told += [int(fields[name], 16) & ~LIBRARY_SIGNALS for name in ("SigIgn", "SigBlk", "SigCgt")]
        held.inmate.signal(signal.SIGKILL)
        return [*told, held.end()["waitstatus"]]


DAEMON = """
import os, sys
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import signal, time
        for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)
        print("daemon", flush=True)
        os.write(write, b"x")
        time.sleep(600)
    os._exit(0)
os.wait()
os.read(read, 1)
if len(sys.argv) > 1: import time; time.sleep(600)
"""
MARK = "CCPROXY_TEST_MARK"


def marked(mark: str) -> list[int]:
    """Living processes with a mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def daemons_end() -> dict[str, Any]:
    """A command that leaves a daemon behind."""
    mark = os.urandom(8).hex()
    with Held(sys.executable, "-c", DAEMON) as held:
        end = held.go(environment={MARK: mark}).end()
        return {"end": end["waitstatus"], "left": marked(mark), "output": held.output}


def holder(mark: str) -> None:
    """A jail whose command and daemon run until somebody ends them."""
    held = Held(sys.executable, "-c", DAEMON, "stay")
    held.go(environment={MARK: mark}).until("Started")
    until(lambda: "daemon" in held.output)
    os.write(2, b"ready\n")
    held.until("Exited")


def holder_killed() -> dict[str, Any]:
    """What is left when the holder is killed."""
    mark = os.urandom(8).hex()
    code = f"from tests.jail.inmate.scenes_command import holder; holder({mark!r})"
    environment = os.environ | {"PYTHONPATH": f"{os.environ['REPOSITORY']}:{os.environ['REPOSITORY']}/src"}
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, env=environment)
    assert child.stderr is not None
    said = child.stderr.readline()
    before = len(marked(mark))
    child.kill()
    child.wait()
    until(lambda: not marked(mark))
    return {"said": said.decode(), "before": before, "mounts": mounts()}


def closed_before_it_ran() -> list[Any]:
    """A jail that is given up, at once and after its set-up."""
    before = children()
    Held("true").inmate.close()
    with Held("true") as held:
        held.inmate.parts()
        held.inmate.close()
    return [before, children(), mounts()]


def children() -> list[str]:
    """The children of this process."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def mounts() -> list[str]:
    """What a jail has mounted that can be seen outside."""
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if "tmpfs ccproxy" in line]


def init_killed() -> dict[str, Any]:
    """The first process inside is killed from outside."""
    with Held("sleep", "60") as held:
        held.go().until("Started")
        assert held.inmate.pid
        os.kill(held.inmate.pid, signal.SIGKILL)
        return held.until("Gone", "Exited") | {"status": held.inmate.wait()}


def pipe_closed_by_the_command() -> bool:
    """Nobody inside holds a descriptor that the command has closed."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    with Held("sh", "-c", f"exec {write}>&-; exec sleep 60") as held:
        os.close(write)
        held.go().until("Started")
        os.set_blocking(read, True)
        ended = os.read(read, 1) == b""
        held.inmate.signal(signal.SIGKILL)
        held.end()
        return ended


def working_directory(hidden: bool) -> dict[str, Any]:
    """Where the command starts; in a directory that is masked if `hidden`."""
    folder = Path("work/here").absolute()
    folder.mkdir(parents=True)
    top = Path.cwd()
    os.chdir(folder)
    (top / "work/here/shelf").mkdir()
    with Held("pwd", masked=(str(folder.parent),) if hidden else ()) as held:
        return held.go().end() | {"output": held.output, "folder": str(folder)}


def too_long() -> dict[str, Any]:
    """More than execve(2) takes."""
    return ending("true", "x" * (1 << 20))
