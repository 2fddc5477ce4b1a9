"""What goes wrong before the command runs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jail.bad_luck.conftest import Marked
from tests.jail.bad_luck.said import complaint, quiet
from tests.support.outer import Running

START = ("--start",)
KEYS = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"


@pytest.fixture
def empty(house: Marked) -> Iterator[Marked]:
    """The house without its daemon, which was stopped in order and starts again afterwards."""
    assert house.daemon.stop() == 0
    yield house
    if not house.daemon.answers():
        house.daemon.start()


@pytest.fixture
def taken(empty: Marked) -> Iterator[Marked]:
    """A program listens where the daemon would."""
    script = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1])))"
    script += "; print('ready', flush=True); sys.stdin.read()"
    streams = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
    child = empty.outer.popen(["python3", "-IS", "-c", script, str(empty.daemon.port)], **streams)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    yield empty
    child.communicate()


def test_nobody_and_a_port_that_is_taken(taken: Marked) -> None:
    done = taken.jail("echo", "ran", options=START)
    assert complaint(done, 125) == "the daemon did not start"
    assert f"port {taken.daemon.port} on 127.0.0.1 (port) is taken" in done.stderr.decode()


def test_a_daemon_for_one_command(empty: Marked) -> None:
    done = empty.jail("curl", "-sS", "http://www.example.test/", options=START)
    assert (done.returncode, done.stdout) == (0, b"hello from www.example.test\n"), done
    assert done.stderr.count(b"\n") == 1
    empty.outer.until(lambda: complaint(empty.jail("true"), 125) == "no daemon is running", 20)


def test_two_commands_that_start_one(empty: Marked) -> None:
    """One of them starts it; the other uses it, as long as it is there."""
    both = [empty.start_jail("sh", "-c", "echo ready; read line; exit 4", options=START) for _ in range(2)]
    for child in both:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n", child.communicate()
    for child in both:
        child.communicate(b"\n", 20)
        assert child.returncode == 4
    empty.outer.until(lambda: complaint(empty.jail("true"), 125) == "no daemon is running", 20)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGKILL"])
def test_a_signal_while_the_daemon_is_asked(house: Marked, name: str) -> None:
    house.daemon.process.send_signal(signal.SIGSTOP)  # type: ignore[union-attr]
    try:
        child = house.start_jail("echo", "ran")
        house.outer.until(lambda: waits(child.pid))
        ended(child, name)
    finally:
        house.daemon.process.send_signal(signal.SIGCONT)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGKILL"])
def test_a_signal_while_a_daemon_starts(empty: Marked, name: str) -> None:
    """It goes too."""
    child = empty.start_jail("echo", "ran", options=START)
    empty.outer.until(lambda: Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split())
    ended(child, name)
    empty.outer.until(lambda: complaint(empty.jail("true"), 125) == "no daemon is running", 20)


def ended(child: Running, name: str) -> None:
    """It dies of the signal, without a word and without having run anything."""
    number = getattr(signal, name)
    child.send_signal(number)
    output, errors = child.communicate(timeout=20)
    assert child.returncode in {-number, 128 + number}
    assert (output, errors.strip()) == (b"", b"")


def waits(pid: int) -> bool:
    """Whether a process has a connection over a Unix socket, on which it waits."""
    try:
        names = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        return any(name.startswith("socket:") for name in names)
    except OSError:
        return False


@pytest.mark.parametrize(
    "content", [b"", b"garbage\n", KEYS, b"\0" * 5000, None], ids=["empty", "text", "key", "zeros", "directory"]
)
def test_a_damaged_ca(empty: Marked, content: bytes | None) -> None:
    """The daemon says which file it is; once that is gone a new one is made."""
    folder = empty.home.root / "state" / "ccproxy" / "mitmproxy"
    file, kept = folder / "mitmproxy-ca.pem", folder / "kept"
    file.rename(kept)
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    empty.daemon.start()
    said = complaint(empty.jail("echo", "ran"), 125)
    assert "mitmproxy-ca.pem" in said
    if content is None:
        file.rmdir()
    kept.rename(file)
    assert quiet(empty.jail("echo", "ran")) == b"ran\n"


def test_a_control_socket_that_answers_nonsense(empty: Marked) -> None:
    """Something else listens there."""
    (lock,) = (empty.home.root / "run" / "ccproxy").glob("control-*.lock")
    path = lock.with_suffix("")
    for answer in (
        b"",
        b"HTTP/1.0 200 OK\r\n\r\nhello\n",
        b"HTTP/1.0 404 Not Found\r\n\r\n{}\n",
        b"\0" * 100,
        b"SSH-2.0-x\r\n\r\n[]\n",
    ):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            empty.outer.person.own(path.parent)
            listener.listen()
            listener.settimeout(10)
            child = empty.start_jail("echo", "ran")
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(answer)
            connection.close()
            output, errors = child.communicate(timeout=20)
        path.unlink()
        said = complaint(subprocess.CompletedProcess([], child.returncode, output, errors), 125)
        assert "daemon" in said
