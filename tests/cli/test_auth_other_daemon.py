"""`ccproxy auth` where the daemon that runs is of a version that knows nothing of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from ccproxy.config import control_socket
from tests.support.configs import provider
from tests.support.daemon import Home

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\nNot Found"


@pytest.fixture
def older(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Somebody whose daemon answers everything with 404."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home.root / "run"))
    path = control_socket(home.config_dir)
    home.write({"providers": {"p": provider("anthropic", "http://127.0.0.1:9", "exit 3")}})
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=answer, args=(listener,), daemon=True).start()
        yield home


def answer(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(NOT_FOUND)


@pytest.mark.parametrize("command", ["list", "check", "refresh"])
def test_it_is_told_what_to_do(older: Home, command: str) -> None:
    done = older.run("auth", command)
    assert (done.returncode, done.stdout) == (1, "")
    assert "of an older version" in done.stderr
    assert "stop it and start it again" in done.stderr
