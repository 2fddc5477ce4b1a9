"""ccproxy as a process: its own configuration, runtime and state directories, its own ports, and its log on failure."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.http import Client, Response, ask
from tests.support.ports import free_port

READY_SECONDS = 20.0
STOP_SECONDS = 12.0


class UnixConnection(http.client.HTTPConnection):
    """HTTP to a Unix socket."""

    def __init__(self, path: Path, timeout: float = 10.0) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connects to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Home:
    """The directories a user of ccproxy has, below a short path: a Unix socket's name has 108 bytes at most."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="ccp-"))
        self.config_dir = self.root / "config"
        for name in ("config", "run", "state", "home"):
            (self.root / name).mkdir(mode=0o700)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a child process sees: nothing of ours that could change its mind."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "PYTHONPATH") if name in os.environ}
        return (
            kept
            | {
                "HOME": str(self.root / "home"),
                "XDG_RUNTIME_DIR": str(self.root / "run"),
                "XDG_STATE_HOME": str(self.root / "state"),
                "CCPROXY_CONFIG_DIR": str(self.config_dir),
            }
            | dict(extra or {})
        )

    def write(self, config: Mapping[str, Any]) -> Path:
        """Writes the configuration file."""
        file = self.config_dir / "ccproxy.yaml"
        file.write_text(yaml.safe_dump({"ccproxy": dict(config)}, sort_keys=False, allow_unicode=True))
        return file

    def run(self, *arguments: str, stdin: str | None = None, **extra: str) -> subprocess.CompletedProcess[str]:
        """Runs `ccproxy ARGUMENTS…` in this home to its end; keyword arguments are environment variables."""
        return subprocess.run(
            [sys.executable, "-m", "ccproxy", *arguments],
            env=self.environment(extra),
            cwd=self.root / "home",
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    def remove(self) -> None:
        """Deletes all of it."""
        shutil.rmtree(self.root, ignore_errors=True)


class Daemon:
    """`ccproxy start` with a configuration; ports are chosen unless it names them.

    Without an archive, unless the configuration says something of it or `archive` asks for it: a process less.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        env: Mapping[str, str] | None = None,
        *,
        home: Home | None = None,
        inspector: bool = False,
        archive: bool = False,
    ) -> None:
        self.home = home or Home()
        self._owns_home = home is None
        self._env = dict(env or {})
        self.port = int(config.get("port") or free_port())
        self.inspector_port = free_port()
        self.mcp_port = free_port()
        self.config: dict[str, Any] = {
            "mcp": {"http": {"port": self.mcp_port}},
            **config,
            "port": self.port,
            "inspector": {"enabled": inspector, "port": self.inspector_port} | dict(config.get("inspector") or {}),
            "flows": ({} if archive else {"archive": "off"}) | dict(config.get("flows") or {}),
            "lightllm": {"load_ahead": False} | dict(config.get("lightllm") or {}),
        }
        self._output = self.home.root / "daemon.out"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Daemon:
        try:
            self.start()
        except BaseException:
            self._remove_home()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            self._remove_home()

    def _remove_home(self) -> None:
        if self._owns_home:
            self.home.remove()

    @property
    def url(self) -> str:
        """The listener's base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id."""
        assert self.process is not None
        return self.process.pid

    @property
    def output(self) -> str:
        """All the daemon wrote to stdout and stderr."""
        return self._output.read_text(errors="replace")

    @property
    def control_socket(self) -> Path:
        """The control plane's Unix socket."""
        (path,) = (self.home.root / "run" / "ccproxy").glob("control-*.sock")
        return path

    def spawn(self) -> subprocess.Popen[bytes]:
        """Starts the process without waiting for it."""
        self.home.write(self.config)
        with self._output.open("wb") as output:
            self.process = self.launch(
                [sys.executable, "-m", "ccproxy", "start"],
                env=self.home.environment(self._env),
                cwd=self.home.root / "home",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self.process

    def launch(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """Starts a process where the daemon is to run."""
        return subprocess.Popen(command, **options)

    def start(self) -> None:
        """Starts the process and waits until both the listener and the control plane answer."""
        process = self.spawn()
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if process.poll() is not None:
                raise AssertionError(f"the daemon ended with {process.returncode}:\n{self.output}")
            if self.answers():
                return
            time.sleep(0.02)
        self.stop()
        raise AssertionError(f"the daemon does not answer:\n{self.output}")

    def answers(self) -> bool:
        """Whether the daemon is ready."""
        try:
            return "pid" in self.control("GET", "/status") and self.ask("GET", "/health").status == 200
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Ends the process in order; returns its exit status. One that does not end is killed, which is an error."""
        process = self.process
        assert process is not None
        if process.poll() is None:
            process.send_signal(signum)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the daemon did not stop within {STOP_SECONDS} s:\n{self.output}") from None

    def ask(self, *arguments: Any, **options: Any) -> Response:
        """`http.ask` to the listener."""
        return ask(self.port, *arguments, **options)

    def client(self, timeout: float = 20.0) -> Client:
        """A connection to the listener."""
        return Client(self.port, timeout=timeout)

    def control(self, method: str, path: str, value: object = None) -> Any:
        """One request to the control plane; returns the JSON answer."""
        return json.loads(self.control_bytes(method, path, value))

    def control_bytes(self, method: str, path: str, value: object = None) -> bytes:
        """The same for answers that are no JSON."""
        connection = UnixConnection(self.control_socket)
        try:
            connection.request(method, path, None if value is None else json.dumps(value))
            return connection.getresponse().read()
        finally:
            connection.close()

    def flows(self, match: Callable[[dict[str, Any]], bool] = bool) -> list[dict[str, Any]]:
        """Summaries of the recorded exchanges that match, newest last."""
        return [flow for flow in self.control("GET", "/flows?limit=40") if match(flow)]

    def flow(self, agent: str, seconds: float = 5.0) -> dict[str, Any]:
        """The record of the one exchange whose client called itself `agent`, once it is done."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for flow in self.flows(lambda flow: flow["user_agent"] == agent):
                if flow["done"]:
                    return flow
            time.sleep(0.02)
        known = [(flow["user_agent"], flow["done"]) for flow in self.flows()]
        raise AssertionError(f"no finished record of {agent!r}; there are {known[-5:]}\n{self.output[-2000:]}")

    def healthy(self) -> None:
        """Asserts that the daemon runs and answers at once."""
        assert self.process is not None
        assert self.process.poll() is None, self.output
        begun = time.monotonic()
        assert self.ask("GET", "/health").status == 200
        assert time.monotonic() - begun < 5.0
        assert "Traceback" not in self.output, self.output

    def resident_bytes(self) -> int:
        """The resident set, from /proc."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
