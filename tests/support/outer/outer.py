"""The outer namespace as a test sees it: a place to run programs in, and what its internet was asked."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.outer.person import Person

type Running = subprocess.Popen[bytes]
type Event = dict[str, Any]

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
READY_SECONDS = 20.0
PATH = f"{sysconfig.get_path('scripts')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Outer:
    """Network and mount namespaces with a fake internet, and no way out. Use as a context manager.

    What the person may read, in whoever's home it is: this repository, its Python, and what else is `readable`.
    """

    def __init__(self, person: Person, *, sniff: bool = False, readable: Sequence[Path] = ()) -> None:
        self.person = person
        self._readable = [sys.base_prefix, sys.prefix, str(REPOSITORY), *map(str, readable)]
        self.root = Path(tempfile.mkdtemp(prefix="out-"))
        self.root.chmod(0o755)
        self.log = self.root / "internet.log"
        self.packets = self.root / "packets.log"
        self.ca = self.root / "internet-ca.pem"
        self._sniff = sniff
        self._children: list[Running] = []
        self._holder: Running | None = None

    def __enter__(self) -> Outer:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        resolver = self.root / "resolv.conf"
        resolver.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
        who = [str(self.person.uid), str(self.person.gid)]
        holder = [sys.executable, "-I", "-S", str(HERE / "holder.py"), *who, str(resolver), *self._readable]
        self._holder = self._spawn(holder, self.root / "holder.log")
        self.module("tests.support.internet", str(self.root))
        if self._sniff:
            self.module("tests.support.outer.sniffer", str(self.packets))

    def module(self, name: str, *arguments: str) -> Running:
        """Runs a module inside with all capabilities there, until the end of the test; waits for its word "ready"."""
        return self._spawn(self._enter("module", [name, *arguments]), self.root / f"{name}.log")

    def _spawn(self, command: Sequence[str], errors: Path) -> Running:
        with errors.open("wb") as log:
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env={"PATH": PATH}, cwd="/"
            )
        self._children.append(child)
        assert child.stdout is not None
        if child.stdout.readline() != b"ready\n":
            raise AssertionError(f"{command}:\n{errors.read_text()}")
        return child

    def _enter(self, kind: str, arguments: Sequence[str]) -> list[str]:
        assert self._holder is not None
        who = [str(self._holder.pid), str(self.person.uid), str(self.person.gid)]
        # A module needs the site packages, a program only to be started.
        options = ["-I"] if kind == "module" else ["-I", "-S"]
        return [sys.executable, *options, str(HERE / "enter.py"), *who, kind, *arguments]

    def popen(self, command: Sequence[str], env: Mapping[str, str] | None = None, **options: Any) -> Running:
        """Starts a program inside, as the person. It is killed at the end if it still runs. Variables that are empty
        are left out."""
        everything = {"PATH": PATH, "LANG": "C.UTF-8", "SSL_CERT_FILE": str(self.ca)} | dict(env or {})
        options.setdefault("cwd", "/")
        options["env"] = {name: value for name, value in everything.items() if value}
        child: Running = subprocess.Popen(self._enter("exec", command), **options)
        self._children.append(child)
        return child

    def run(
        self, command: Sequence[str], env: Mapping[str, str] | None = None, *, timeout: float = 30.0, **options: Any
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs a program inside to its end. One that takes too long is killed, and the test fails."""
        given = options.pop("input", None)
        options.setdefault("stdin", subprocess.DEVNULL if given is None else subprocess.PIPE)
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        child = self.popen(command, env, **options)
        try:
            output, errors = child.communicate(given, timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            output, errors = child.communicate()
            raise AssertionError(f"{command} takes more than {timeout} s:\n{output!r}\n{errors!r}") from None
        return subprocess.CompletedProcess(list(command), child.returncode, output, errors)

    def arrived(self, **wanted: Any) -> list[Event]:
        """What reached the internet so far, oldest first; only events whose members are as wanted."""
        return _read(self.log, wanted)

    def sniffed(self, **wanted: Any) -> list[Event]:
        """What passed over the outer loopback so far, one event for each kind of packet."""
        return _read(self.packets, wanted)

    def until(self, happened: Callable[[], Any], seconds: float = 5.0) -> Any:
        """Waits until something is true and returns it. Raises AssertionError after some seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := happened():
                return value
            time.sleep(0.02)
        raise AssertionError(f"it does not happen within {seconds} s; last arrived: {self.arrived()[-5:]}")

    def close(self) -> None:
        """Ends everything that runs inside."""
        for child in reversed(self._children):
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
            child.wait(10)
            for stream in (child.stdin, child.stdout, child.stderr):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        shutil.rmtree(self.root, ignore_errors=True)


def _read(log: Path, wanted: Mapping[str, Any]) -> list[Event]:
    if not log.exists():
        return []
    whole, _, _ = log.read_text().rpartition("\n")
    events: list[Event] = [json.loads(line) for line in whole.splitlines()]
    return [event for event in events if all(event.get(name) == value for name, value in wanted.items())]


def scripts(name: str) -> str:
    """The path of a program of the virtual environment."""
    return os.path.join(sysconfig.get_path("scripts"), name)
