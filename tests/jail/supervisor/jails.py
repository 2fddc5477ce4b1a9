"""Jails as a user has them: `ccproxy run --inspect` beside the real daemon, in a network without a way out."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.support.daemon import UnixConnection
from tests.support.outer import Outer, Person, Running
from tests.support.ports import free_port

READY_SECONDS = 30.0


class Jails:
    """A daemon in an outer network, and jails of it. Use as a context manager."""

    def __init__(self, person: Person) -> None:
        self.outer = Outer(person)
        self.port, self.root = free_port(), self.outer.root / "home"
        self.daemon: Running | None = None

    def __enter__(self) -> Jails:
        self.outer.__enter__()
        try:
            self._furnish()
            self.start_daemon()
        except BaseException:
            self.outer.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.outer.close()

    def _furnish(self) -> None:
        for name in ("config", "run", "state", "home"):
            (self.root / name).mkdir(mode=0o700, parents=True)
        config = {"port": self.port, "inspector": {"enabled": False}, "mcp": {"http": {"port": free_port()}}}
        config["flows"] = {"archive": "off"}
        (self.root / "config" / "ccproxy.yaml").write_text(yaml.safe_dump({"ccproxy": config}))
        self.outer.person.own(self.root)

    @property
    def env(self) -> dict[str, str]:
        """The user's own."""
        return {
            "HOME": str(self.root / "home"),
            "XDG_RUNTIME_DIR": str(self.root / "run"),
            "XDG_STATE_HOME": str(self.root / "state"),
            "CCPROXY_CONFIG_DIR": str(self.root / "config"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TERM": "dumb",
        }

    def start_daemon(self) -> None:
        """Starts it and waits until it can be asked."""
        log = self.root / "daemon.log"
        with log.open("ab") as output:
            command = [sys.executable, "-m", "ccproxy", "start"]

            self.daemon = self.outer.popen(command, self.env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            self.outer.until(self._answers, READY_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{log.read_text()}") from None

    def kill_daemon(self) -> None:
        """As a crash does."""
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait(10)

    def _answers(self) -> bool:
        for path in (self.root / "run" / "ccproxy").glob("control-*.sock"):
            connection = UnixConnection(path)
            try:
                connection.request("GET", "/status")
                return connection.getresponse().status == 200
            except OSError:
                continue
            finally:
                connection.close()
        return False

    def line(self, command: Sequence[str], options: Sequence[str] = ()) -> list[str]:
        """The command line of a jail."""
        return [sys.executable, "-m", "ccproxy", "run", "--inspect", *options, "--", *command]

    def run(self, *command: str, options: Sequence[str] = (), **more: Any) -> subprocess.CompletedProcess[bytes]:
        """Runs a command in a jail to its end."""
        return self.outer.run(self.line(command, options), self.env, **more)

    def popen(self, *command: str, options: Sequence[str] = (), **more: Any) -> Running:
        """Starts a command in a jail; the process is the one that holds it."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return self.outer.popen(self.line(command, options), self.env, **(streams | more))

    def inside(self, holder: int) -> list[int]:
        """The processes of a jail that have not ended: all descendants of its holder."""
        found, rest = [], [holder]
        while rest:
            children = [child for parent in [rest.pop()] for child in children_of(parent)]
            found += children
            rest += children
        return found


def children_of(pid: int) -> list[int]:
    """Child processes, as this machine numbers them."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
