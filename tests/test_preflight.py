"""Is a port free, and who has it?"""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccproxy.preflight import PortTaken, command_of, describe, holder_of, listening_inodes, open_files, require_free
from tests.support.ports import free_port


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_is_free_and_stays_so() -> None:
    port = free_port()
    for _ in range(2):
        require_free("127.0.0.1", port, "port")
    socket.create_server(("127.0.0.1", port)).close()


def test_zero_is_always_free() -> None:
    require_free("127.0.0.1", 0, "port")
    require_free("203.0.113.1", 0, "port")


def test_a_port_that_was_just_left_is_free(taken: int) -> None:
    """Connections in TIME-WAIT are no obstacle, as a restart must be possible at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            accepted.close()
            assert client.recv(1) == b""
    require_free("127.0.0.1", port, "port")


def test_a_taken_port_names_the_setting_and_the_holder(taken: int) -> None:
    with pytest.raises(PortTaken) as caught:
        require_free("127.0.0.1", taken, "inspector.port")
    message = str(caught.value)
    assert message.startswith(f"port {taken} on 127.0.0.1 (inspector.port) is taken by pid ")
    assert str(os.getpid()) in message
    assert message.endswith("stop that program, or set inspector.port to another port")
    assert "\n" not in message


def test_one_that_listens_everywhere_has_it_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server, pytest.raises(PortTaken, match="is taken"):
        require_free("127.0.0.1", server.getsockname()[1], "port")


def test_ipv6() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} on ::1 .*pid {os.getpid()} "):
            require_free("::1", port, "port")
    require_free("::1", port, "port")


def test_other_reasons_are_said_as_they_are() -> None:
    with pytest.raises(PortTaken, match=r"cannot listen on 203\.0\.113\.1:4000 \(port\): "):
        require_free("203.0.113.1", 4000, "port")
    with pytest.raises(PortTaken, match=r"cannot listen on no-such-name\.invalid:4000 \(port\): "):
        require_free("no-such-name.invalid", 4000, "port")
    denied = OSError(errno.EACCES, "Permission denied")
    assert describe("127.0.0.1", 80, "port", denied) == "cannot listen on 127.0.0.1:80 (port): Permission denied"


def test_another_process_is_named_by_its_command() -> None:
    code = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    )
    command = [sys.executable, "-c", code, "marker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        holder = holder_of(port)
        other.kill()
    assert holder is not None
    assert holder.startswith(f"pid {other.pid} (")
    assert "python" in holder
    assert len(holder) < 120


def test_nobody_has_a_free_port(taken: int) -> None:
    assert holder_of(free_port()) is None
    assert len(listening_inodes(taken)) == 1
    with socket.create_connection(("127.0.0.1", taken)) as client:
        assert listening_inodes(client.getsockname()[1]) == [], "a connection is no listener"


def test_processes_that_are_not_ours_to_see() -> None:
    nowhere = Path("/proc/0")
    assert open_files(nowhere) == []
    assert command_of(nowhere) == "?"
    assert len(open_files(Path("/proc/self"))) > 2
