"""Ports of a jail on this machine and of this machine in a jail."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence

import pytest

from tests.jail.supervisor.inside import DIALLER, LISTENER, PYTHON
from tests.jail.supervisor.jails import Jails
from tests.support.outer import Running
from tests.support.ports import free_port

BIG = 64 << 20


def read_line(child: Running, stream: str = "stdout") -> str:
    source = getattr(child, stream)
    return source.readline().decode().strip()


def listener(
    jails: Jails, port: int, *, host: str = "127.0.0.1", kind: str = "0", options: Sequence[str] = ()
) -> Running:
    """A jail with a listener in it."""
    command = [PYTHON, "-IS", "-c", LISTENER, host, str(port), kind]
    child = jails.popen(*command, options=options, stdin=subprocess.PIPE)
    if (shown := read_line(child)) != str(port):
        raise AssertionError((shown, child.communicate(timeout=20), child.returncode))
    return child


def announced(port: int) -> str:
    return f"ccproxy: port {port} of the jail is at http://127.0.0.1:{port}/ on this machine"


def dial(jails: Jails, port: int, *, host: str = "127.0.0.1", pieces: int = 0) -> str:
    """What a program outside gets: length and digest."""
    done = jails.outer.run([PYTHON, "-IS", "-c", DIALLER, host, str(port), str(pieces)])
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def refused(jails: Jails, port: int, host: str = "127.0.0.1") -> bool:
    done = jails.outer.run([PYTHON, "-IS", "-c", DIALLER, host, str(port), "0"])
    return b"ConnectionRefusedError" in done.stderr


def told(data: bytes) -> str:
    return f"{len(data)} {hashlib.sha256(data).hexdigest()}"


def end(child: Running) -> bytes:
    """Lets the command end; what is left of standard error."""
    _, errors = child.communicate(b"", 20)
    assert child.returncode == 0, errors
    return errors


def test_a_listener_that_appears(jails: Jails) -> None:
    port = free_port()
    child = listener(jails, port)
    assert read_line(child, "stderr") == announced(port)
    assert dial(jails, port) == told(b"inside")
    assert child.stdin is not None
    child.stdin.write(b"close\n")
    child.stdin.flush()
    jails.outer.until(lambda: refused(jails, port))
    child.stdin.write(b"again\n")
    child.stdin.flush()
    assert read_line(child) == str(port)
    jails.outer.until(lambda: not refused(jails, port))
    assert dial(jails, port) == told(b"inside")
    assert end(child) == b""
    assert refused(jails, port)


@pytest.mark.parametrize(
    ("host", "outside"), [("::1", ["127.0.0.1", "::1"]), ("0.0.0.0", ["127.0.0.1"]), ("::", ["127.0.0.1", "::1"])]
)
def test_families(jails: Jails, host: str, outside: list[str]) -> None:
    port = free_port()
    child = listener(jails, port, host=host)
    assert read_line(child, "stderr") == announced(port)
    assert [dial(jails, port, host=name) for name in outside] == [told(b"inside")] * len(outside)
    assert end(child) == b""


def test_what_is_sent_last_arrives(jails: Jails) -> None:
    """A program that answers a browser and ends at once."""
    port, size = free_port(), 1 << 21
    code = f"import socket; s = socket.create_server(('127.0.0.1', {port})); print({port}, flush=True)"
    code += f"; c = s.accept()[0]; c.recv(1); c.sendall(b'z' * {size})"
    child = jails.popen(PYTHON, "-IS", "-c", code)
    assert read_line(child) == str(port)
    assert read_line(child, "stderr") == announced(port)
    assert dial(jails, port) == told(b"z" * size)
    assert end(child) == b""


def test_much_in_both_directions(jails: Jails) -> None:
    port, other = free_port(), free_port()
    child, sink = listener(jails, port, kind=str(BIG)), listener(jails, other, kind="sink")
    for each in (child, sink):
        read_line(each, "stderr")
    assert dial(jails, port) == told(b"inside" + b"x" * BIG)
    answer = hashlib.sha256(b"y" * BIG).hexdigest().encode()
    assert dial(jails, other, pieces=BIG >> 16) == told(answer)
    assert end(child) + end(sink) == b""


def test_a_port_that_is_taken_here(jails: Jails) -> None:
    port = free_port()
    other = listener(jails, port)
    assert read_line(other, "stderr") == announced(port)
    child = listener(jails, port)
    assert read_line(child, "stderr") == f"ccproxy: port {port} of the jail is not on this machine: it is taken here"
    assert end(other) == b""
    assert read_line(child, "stderr") == announced(port)
    assert dial(jails, port) == told(b"inside")
    assert end(child) == b""


def test_none_are_published(jails: Jails) -> None:
    port = free_port()
    child = listener(jails, port, options=["--publish", "none"])
    assert refused(jails, port)
    assert end(child) == b""


def test_a_port_that_is_asked_for(jails: Jails) -> None:
    """It is open from the beginning; whoever comes while nobody listens inside is refused."""
    port, found = free_port(), free_port()
    child = listener(jails, found, options=["--publish", str(port)])
    assert read_line(child, "stderr") == announced(port)
    assert refused(jails, found)
    done = jails.outer.run([PYTHON, "-IS", "-c", DIALLER, "127.0.0.1", str(port), "0"])
    assert b"ConnectionResetError" in done.stderr
    assert end(child) == b""
    child = listener(jails, port, options=["--publish", str(port)], host="::1")
    assert read_line(child, "stderr") == announced(port)
    assert dial(jails, port) == told(b"inside")
    assert end(child) == b""


def outside(jails: Jails, kind: str, host: str = "127.0.0.1") -> tuple[Running, int]:
    """A service of this machine."""
    port = free_port()
    child = jails.outer.popen(
        [PYTHON, "-IS", "-c", LISTENER, host, str(port), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert read_line(child) == str(port)
    return child, port


def from_inside(jails: Jails, port: int, *, pieces: int = 0, options: Sequence[str] = ()) -> tuple[int, str, str]:
    done = jails.run(PYTHON, "-IS", "-c", DIALLER, "127.0.0.1", str(port), str(pieces), options=options)
    return done.returncode, done.stdout.decode().strip(), done.stderr.decode()


def test_a_port_of_this_machine_that_is_allowed(jails: Jails) -> None:
    _, port = outside(jails, str(BIG))
    assert from_inside(jails, port, options=["--allow", str(port)]) == (0, told(b"inside" + b"x" * BIG), "")
    _, port = outside(jails, "sink")
    answer = hashlib.sha256(b"y" * BIG).hexdigest().encode()
    assert from_inside(jails, port, pieces=BIG >> 16, options=["--allow", str(port)]) == (0, told(answer), "")
    _, port = outside(jails, "0", "::1")
    assert from_inside(jails, port, options=["--allow", str(port)]) == (0, told(b"inside"), "")


def test_others_are_not(jails: Jails) -> None:
    _, port = outside(jails, "0")
    status, _, errors = from_inside(jails, port)
    assert (status, "ConnectionRefusedError" in errors) == (1, True)


def test_the_daemons_own_port(jails: Jails) -> None:
    done = jails.run("curl", "-sS", f"http://127.0.0.1:{jails.port}/health")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"ccproxy is running\n"
