"""A user's ccproxy in the outer namespace: configuration, the real daemon, the real command line."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.support.outer.outer import Outer, Running

INTERNET = ["198.18.0.0/15", "2001:db8::/32"]
"""Where the names of the fake internet live; the policy takes them for this machine's own."""
START_SECONDS = 30.0


class Household:
    """Starts the daemon when it is entered. `config` is what stands under `ccproxy:`."""

    def __init__(self, outer: Outer, config: Mapping[str, Any] | None = None, name: str = "home") -> None:
        self.outer = outer
        self.home = outer.root / name
        for part in ("config/ccproxy", "run", "state", "work"):
            (self.home / part).mkdir(parents=True, mode=0o700)
        everything = {"jail": {"allow_addresses": INTERNET}} | dict(config or {})
        (self.home / "config/ccproxy/ccproxy.yaml").write_text(yaml.safe_dump({"ccproxy": everything}))
        outer.person.own(self.home)
        self.env = {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "XDG_STATE_HOME": str(self.home / "state"),
        }
        self.daemon: Running | None = None

    def __enter__(self) -> Household:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def output(self) -> str:
        """What the daemon has said so far."""
        return (self.home / "daemon.log").read_text(errors="replace")

    def start(self) -> None:
        """Starts the daemon and waits until its inspector runs too."""
        with (self.home / "daemon.log").open("ab") as log:
            self.daemon = self.outer.popen(["ccproxy", "start"], self.env, stdout=log, stderr=log)
        self.outer.until(self._ready, START_SECONDS)

    def _ready(self) -> bool:
        assert self.daemon is not None
        assert self.daemon.poll() is None, self.output
        done = self.ccproxy("status", "--json")
        return done.returncode == 0 and bool(json.loads(done.stdout)["inspector"]["running"])

    def stop(self) -> None:
        """Ends the daemon as its user would."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
            assert self.daemon.wait(20) == 0, self.output

    def ccproxy(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Runs the command line."""
        return self.outer.run(["ccproxy", *arguments], self.env | options.pop("env", {}), **options)

    def jailed(
        self, command: Sequence[str], *options: str, check: bool = True, **more: Any
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs a command in a jail; by default it must end well."""
        done = self.ccproxy("run", "--inspect", *options, "--", *command, **more)
        assert not check or done.returncode == 0, (done, self.output[-3000:])
        return done

    def flows(self, wanted: Callable[[dict[str, Any]], bool] = bool) -> list[dict[str, Any]]:
        """The flows that are wanted, oldest first, once they all are done."""

        def done() -> list[list[dict[str, Any]]]:
            found = [flow for flow in json.loads(self.ccproxy("flows", "list", "--json").stdout) if wanted(flow)]
            return [found] if all(flow["done"] for flow in found) else []

        (found,) = self.outer.until(done, 10.0)
        return list(found)

    def flow(self, identity: str) -> dict[str, Any]:
        """Everything about one flow."""
        told: dict[str, Any] = json.loads(self.ccproxy("flows", "show", identity, "--json").stdout)
        return told

    @property
    def state(self) -> Path:
        """The daemon's state directory."""
        return self.home / "state" / "ccproxy"
