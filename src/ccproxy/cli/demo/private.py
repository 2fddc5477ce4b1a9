"""A daemon of one's own: its directories are temporary, its ports free ones, its provider the simulator."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from ccproxy.cli.control import Control, Status
from ccproxy.cli.demo.leavings import own_directory
from ccproxy.cli.grammar import CommandError

READY_SECONDS = 20.0
INSPECTOR_SECONDS = 6.0
STOP_SECONDS = 12.0
POLL_SECONDS = 0.01
PROVIDER = "simulator"
FOREIGN = "gemini"
"""A provider that speaks this format only: what the clients of others send is translated."""
PREFIX = "ccproxy-demo-"
LONGEST_TMP = 40
"""A Unix socket's path has at most 107 bytes (unix(7)): a longer temporary directory leaves too few for ours."""


class PrivateDaemon:
    """A context in which a daemon runs. Leaving it stops the daemon and removes every trace."""

    def __init__(self, *, inspector: bool) -> None:
        parent = None if len(tempfile.gettempdir()) <= LONGEST_TMP else "/tmp"  # noqa: S108 - mkdtemp makes it ours
        self.root, self.lock = own_directory(Path(parent or tempfile.gettempdir()), PREFIX)
        self.inspector = inspector
        self.process: subprocess.Popen[bytes] | None = None
        self.control = Control(self.root / "none")

    def __enter__(self) -> Status:
        """Start it. Returns what it says about itself. Raises CommandError if it does not come up."""
        try:
            self.start()
            return self.wait()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def start(self) -> None:
        """Write its configuration and start it, out of reach of the terminal's Ctrl-C."""
        config = self.root / "config"
        for directory in (config, self.root / "run", self.root / "state"):
            directory.mkdir(mode=0o700)
        (config / "ccproxy.yaml").write_text(json.dumps({"ccproxy": self.settings()}))
        command = [sys.executable, "-P", "-m", "ccproxy", "--config", str(config), "start"]
        with (self.root / "output").open("wb") as output:
            self.process = subprocess.Popen(
                command,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[self.lock],  # it needs the directory, whatever becomes of us
                **self.options(),
            )

    def options(self) -> dict[str, Any]:
        """Further arguments of `subprocess.Popen`."""
        return {}

    def settings(self) -> dict[str, object]:
        """Its configuration."""
        return {
            "port": 0,
            "find_logins": False,
            "providers": {
                PROVIDER: {"type": "simulator"},
                FOREIGN: {"type": FOREIGN, "base_url": "simulator:"},
            },
            "inspector": {"enabled": self.inspector, "port": 0},
            "mcp": {"http": {"enabled": False}},
            "shutdown_grace_seconds": 1,
        }

    def environment(self) -> dict[str, str]:
        """Ours, without what would configure it from outside."""
        own = {name: value for name, value in os.environ.items() if not name.upper().startswith("CCPROXY_")}
        own.pop("LOG_LEVEL", None)
        return own | {"XDG_RUNTIME_DIR": str(self.root / "run"), "XDG_STATE_HOME": str(self.root / "state")}

    def wait(self) -> Status:
        """Wait until it answers. Raises CommandError if it ends instead, or takes too long."""
        assert self.process is not None
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            status = self.ask()
            if status is not None:
                return status
            if self.process.poll() is not None:
                raise CommandError(f"the daemon ended with status {self.process.returncode}", *self.last_words())
            time.sleep(POLL_SECONDS)
        raise CommandError(f"the daemon did not answer within {READY_SECONDS:.0f} s", *self.last_words())

    def ask(self) -> Status | None:
        """What it says about itself; None if it does not answer yet."""
        socket = next((self.root / "run" / "ccproxy").glob("control-*.sock"), None)
        if socket is None:
            return None
        self.control = Control(socket)
        return self.control.status()

    def inspector_url(self) -> str | None:
        """The inspector's page, once it is up; None if it does not come up. It loads behind the proxy."""
        deadline = time.monotonic() + INSPECTOR_SECONDS
        while self.inspector and time.monotonic() < deadline:
            status = self.control.status()
            if status is None or status["inspector"]["error"]:
                return None
            if status["inspector"]["running"]:
                return status["inspector"]["url"]
            time.sleep(POLL_SECONDS)
        return None

    def last_words(self) -> list[str]:
        """The end of what it printed."""
        return (self.root / "output").read_text(errors="replace").splitlines()[-12:]

    def stop(self) -> None:
        """End it, by force if need be, and remove its files. May be called twice."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.remove()

    def remove(self) -> None:
        """Remove its files. May be called twice."""
        shutil.rmtree(self.root, ignore_errors=True)
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1
