"""`ccproxy namespace`, as far as it needs no jail."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ccproxy import __version__
from ccproxy.config import control_socket
from tests.conftest import StartDaemon
from tests.support.daemon import Daemon, Home

KEYS = {
    *("kernel", "distribution", "container", "wsl", "uid", "sysctls", "devices"),
    *("supported", "note", "versions", "keylogs", "daemon", "jails"),
}


def status(home: Home) -> dict[str, Any]:
    done = home.run("namespace", "status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    value: dict[str, Any] = json.loads(done.stdout)
    assert set(value) == KEYS
    return value


def test_status_without_a_daemon(home: Home) -> None:
    value = status(home)
    assert value["daemon"] == {"running": False, "pid": None, "error": None}
    assert (value["jails"], value["keylogs"], value["supported"]) == ([], [], True)
    assert value["versions"]["ccproxy"] == __version__
    assert all(value["versions"].values())


def test_status_with_a_daemon(daemon: Daemon) -> None:
    value = status(daemon.home)
    assert value["daemon"] == {"running": True, "pid": daemon.pid, "error": None}
    assert value["jails"] == []


def test_status_names_the_key_logs(home: Home) -> None:
    directory = home.root / "state" / "ccproxy" / "keylog"
    directory.mkdir(parents=True)
    (directory / "wg.keylog").write_text("secret")
    (directory / "wg.keylog").chmod(0o600)
    assert status(home)["keylogs"] == [{"path": str(directory / "wg.keylog"), "bytes": 6, "mode": "0600"}]
    assert f"{directory / 'wg.keylog'} (6 B, mode 0600)" in home.run("namespace", "status").stdout


def test_status_for_people(home: Home) -> None:
    done = home.run("namespace", "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "net/tun" in done.stdout
    assert done.stdout.splitlines()[-1] == "no daemon is running: `ccproxy start` starts one"


@contextmanager
def hanging_up(path: Path) -> Iterator[None]:
    """A socket in the daemon's place, behind which every connection is closed at once."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                server.accept()[0].close()

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_daemon_that_does_not_answer(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home.root / "run"))
    with hanging_up(control_socket(home.config_dir)):
        assert "does not answer" in status(home)["daemon"]["error"]
        assert "does not answer" in home.run("namespace", "status").stdout
        report = json.loads(home.run("namespace", "doctor", "--json").stdout)
    (found,) = (check for check in report["checks"] if check["id"] == "daemon")
    assert (found["status"], "does not answer" in found["detail"]) == ("failed", True)


@pytest.mark.parametrize("options", [[], ["--qr"], ["--off"]])
def test_another_machine_needs_a_daemon(home: Home, options: list[str]) -> None:
    host = [] if "--off" in options else ["--host", "127.0.0.1"]
    done = home.run("namespace", "wireguard-config", *options, *host)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no daemon is running" in done.stderr


@pytest.fixture
def listening(start_daemon: StartDaemon) -> tuple[Daemon, int]:
    """A daemon, and a UDP port that nobody has."""
    daemon = start_daemon({})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    return daemon, port


def is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def sections(config: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in config.splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[]"), {})
        elif line:
            name, _, value = line.partition(" = ")
            current[name] = value
    return found


def test_a_configuration_for_another_machine(listening: tuple[Daemon, int]) -> None:
    daemon, port = listening
    ask = ["namespace", "wireguard-config", "--host", "127.0.0.1", "--port", str(port)]
    done = daemon.home.run(*ask)
    assert done.returncode == 0, done.stderr
    config = sections(done.stdout)
    assert set(config) == {"Interface", "Peer"}
    assert config["Peer"]["Endpoint"] == f"127.0.0.1:{port}"
    assert config["Interface"]["PrivateKey"] not in done.stderr
    assert "private key" in done.stderr
    (ca,) = (line.rpartition(" ")[2] for line in done.stderr.splitlines() if "have to trust" in line)
    assert "PRIVATE" not in Path(ca).read_text()
    assert is_taken(port)
    assert [jail["port"] for jail in status(daemon.home)["jails"]] == [port]
    assert "another machine" in daemon.home.run("namespace", "status").stdout

    code = daemon.home.run(*ask, "--qr")
    assert code.returncode == 0, code.stderr
    assert "PrivateKey" not in code.stdout
    rows = code.stdout.splitlines()
    assert len(rows) > 20
    assert len({len(row) for row in rows}) == 1

    off = daemon.home.run("namespace", "wireguard-config", "--off")
    assert (off.returncode, off.stdout, off.stderr) == (0, "", "the daemon no longer listens for other machines\n")
    again = daemon.home.run("namespace", "wireguard-config", "--off")
    assert (again.returncode, again.stderr) == (0, "the daemon did not listen for other machines\n")
    assert not is_taken(port)
    assert status(daemon.home)["jails"] == []


def test_a_port_that_is_taken(listening: tuple[Daemon, int]) -> None:
    daemon, port = listening
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", port))
        done = daemon.home.run("namespace", "wireguard-config", "--host", "127.0.0.1", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"ccproxy: the daemon cannot listen on 127.0.0.1:{port} (UDP): Address already in use",
        "  take another port with --port",
    ]


def test_an_address_of_another_machine(listening: tuple[Daemon, int]) -> None:
    daemon, port = listening
    done = daemon.home.run("namespace", "wireguard-config", "--host", "192.0.2.7", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert "192.0.2.7" in done.stderr
    assert done.stderr.splitlines()[1].startswith("  name an address that this machine has with --host")


ELSEWHERE = """
import importlib.metadata, json, os, platform, pathlib, shutil, socket, subprocess, sys, tempfile
from ccproxy.cli.main import main
sys.platform = {platform!r}
if sys.platform == "win32":
    sys.modules["fcntl"] = None
    for module, names in ((os, ("getuid", "geteuid", "unshare", "fork")), (socket, ("AF_UNIX",))):
        for name in names:
            delattr(module, name)
sys.exit(main(["namespace", *{arguments!r}]))
"""


def elsewhere(home: Home, platform: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in a Python that lacks what that system's lacks."""
    program = ELSEWHERE.format(platform=platform, arguments=arguments)
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=home.environment(), capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_where_there_are_no_jails_one_line_says_what_works(home: Home, platform: str) -> None:
    done = elsewhere(home, platform, "doctor")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "needs Linux" in line
    assert "ccproxy run -- CMD" in line
    assert ("WSL 2" in line) == (platform == "win32")

    told = elsewhere(home, platform, "doctor", "--json")
    assert (told.returncode, told.stderr) == (1, "")
    assert json.loads(told.stdout)["failures"] == ["platform"]

    shown = elsewhere(home, platform, "status")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines()[-1] in line
    assert json.loads(elsewhere(home, platform, "status", "--json").stdout)["supported"] is False
