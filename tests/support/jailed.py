"""The real daemon and the real command line in a network without a way out: what tests of the jail run."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.daemon import Daemon, Home
from tests.support.outer import Outer, Running
from tests.support.outer.outer import scripts

INTERNET = ["198.18.0.0/15", "2001:db8::/32"]
"""The addresses of the tests' internet, which are nobody's, and so denied unless the configuration allows them."""
type Flow = dict[str, Any]


class InnerDaemon(Daemon):
    """`ccproxy start` inside, as the person for whom the namespace is; its internet is that of the tests."""

    def __init__(self, outer: Outer, config: Mapping[str, Any], home: Home) -> None:
        super().__init__(config, {"SSL_CERT_FILE": str(outer.ca)}, home=home)
        self._outer = outer

    def launch(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """Starts a process inside."""
        self._outer.person.own(self.home.root)
        return self._outer.popen(command, **options)

    def answers(self) -> bool:
        """Whether the control plane answers: its socket has a path, the listener is in another network."""
        try:
            return "pid" in self.control("GET", "/status")
        except (OSError, ValueError, http.client.HTTPException):
            return False


class House:
    """A home with a daemon, inside an outer namespace. Use as a context manager."""

    def __init__(self, outer: Outer, config: Mapping[str, Any] | None = None) -> None:
        self.outer = outer
        self.home = Home()
        jail = {"allow_addresses": INTERNET} | dict((config or {}).get("jail", {}))
        self.daemon = InnerDaemon(outer, dict(config or {}) | {"jail": jail}, self.home)

    def __enter__(self) -> House:
        try:
            self.daemon.start()
        except BaseException:
            self.home.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.daemon.stop()
        finally:
            self.home.remove()

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """What the person's programs see. The test's own PATH may lead where the person may not go."""
        mine = self.home.environment()
        return (
            {name: value for name, value in mine.items() if name != "PATH"} | {"SSL_CERT_FILE": ""} | dict(extra or {})
        )

    def cli(self, *arguments: str, env: Mapping[str, str] | None = None, **options: Any) -> Any:
        """Runs `ccproxy ARGUMENTS…` inside to its end."""
        options.setdefault("cwd", self.home.root / "home")
        return self.outer.run([scripts("ccproxy"), *arguments], self.environment(env), **options)

    def jail(self, *command: str, options: tuple[str, ...] = (), **more: Any) -> subprocess.CompletedProcess[bytes]:
        """Runs `ccproxy run --inspect OPTIONS -- COMMAND` inside to its end."""
        done: subprocess.CompletedProcess[bytes] = self.cli("run", "--inspect", *options, "--", *command, **more)
        return done

    def start_jail(
        self, *command: str, options: tuple[str, ...] = (), env: Mapping[str, str] | None = None, **more: Any
    ) -> Running:
        """Starts one, and leaves it running. Pipes unless the caller has others."""
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        line = [scripts("ccproxy"), "run", "--inspect", *options, "--", *command]
        return self.outer.popen(line, self.environment(env), **{"cwd": self.home.root / "home"} | pipes | more)

    def flows(self, **wanted: Any) -> list[Flow]:
        """The daemon's records of jails, oldest first; only those whose members are as wanted."""
        with contextlib.suppress(OSError):
            found: list[Flow] = self.daemon.control("GET", "/flows?limit=500")
            return [flow for flow in found if flow.get("front") == "jail" and _matches(flow, wanted)]
        return []

    def flow(self, **wanted: Any) -> Flow:
        """The first record that is as wanted and done. Raises AssertionError if there is none soon."""

        def first() -> Flow | None:
            return next(iter(self.flows(done=True, **wanted)), None)

        try:
            flow: Flow = self.outer.until(first)
        except AssertionError:
            known = [
                {name: flow.get(name) for name in ("protocol", "url", "jail", "done", *wanted)} for flow in self.flows()
            ]
            raise AssertionError(f"no record of {wanted}; there are {json.dumps(known[-8:])}") from None
        return flow

    def file(self, name: str, text: str) -> Path:
        """A file in the person's home."""
        path = self.home.root / "home" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self.outer.person.own(path.parent)
        return path


def _matches(flow: Flow, wanted: Mapping[str, Any]) -> bool:
    return all(flow.get(name) == value for name, value in wanted.items())
