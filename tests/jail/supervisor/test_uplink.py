"""A daemon that goes away, comes back, and says things, as the process that holds a jail sees it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.jail import uplink as module
from ccproxy.jail.link import DaemonLink
from ccproxy.jail.poll import Poller
from ccproxy.jail.ticket import Request, Ticket
from ccproxy.jail.uplink import LINES, LONGEST, Lines, Uplink, plain
from tests.jail.supervisor.loop import beside, drive

REQUEST = Request(name="one", command=("true",), pid=1)
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"


def ticket(port: int) -> dict[str, Any]:
    values = {"name": "one", "host": "127.0.0.1", "port": port, "private_key": "", "peer_key": "", "ca": ""}
    return values | {"ipv6": False, "proxy_port": 1}


class Daemon:
    """A control socket whose answers the test writes itself."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self.asked: dict[str, Any] = {}

    def answer(self, value: dict[str, Any]) -> None:
        """Takes one connection, reads what is asked, and gives the first line."""
        self.connection, _ = self._listener.accept()
        head, _, body = self.connection.recv(65536).partition(b"\r\n\r\n")
        assert head.startswith(b"POST /jails HTTP/1.0\r\n")
        self.asked = json.loads(body)
        self.connection.sendall(HEAD + json.dumps(value).encode() + b"\n")

    def tell(self, **event: Any) -> None:
        self.connection.sendall(json.dumps(event).encode() + b"\n")

    def close(self) -> None:
        self._listener.close()
        self.connection.close()


class Jail:
    """The holder's side."""

    def __init__(self, path: Path) -> None:
        self.path, self.poller = path, Poller()
        self.said: list[str] = []
        self.moved: list[int] = []
        self.daemon = Daemon(path)
        link = self.first()
        self.uplink = Uplink(self.poller, link, self.connect, self.move, self.said.append)

    def first(self) -> DaemonLink:
        import threading

        thread = threading.Thread(target=self.daemon.answer, args=(ticket(1),))
        thread.start()
        try:
            return self.connect()
        finally:
            thread.join()

    def connect(self) -> DaemonLink:
        return DaemonLink.open(self.path, REQUEST)

    def move(self, given: Ticket) -> None:
        self.moved.append(given.port)

    def end_daemon(self) -> None:
        self.daemon.close()
        self.path.unlink()


@pytest.fixture
def jail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jail]:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)
    made = Jail(tmp_path / "control.sock")
    yield made
    made.uplink.close()


def test_gone_and_back(jail: Jail) -> None:
    jail.end_daemon()
    drive(jail.poller, lambda: bool(jail.said))
    assert jail.said == ["the daemon is gone; the command has no network until it is back"]
    jail.daemon = Daemon(jail.path)
    beside(jail.poller, lambda: jail.daemon.answer(ticket(2)))
    drive(jail.poller, lambda: bool(jail.moved))
    assert (jail.moved, jail.uplink.ticket.port) == ([2], 2)
    assert jail.said[1:] == ["the daemon is back"]
    assert jail.daemon.asked == json.loads(json.dumps(REQUEST.as_json()))
    jail.end_daemon()
    drive(jail.poller, lambda: len(jail.said) == 3)
    assert jail.said[2] == jail.said[0]


def test_a_daemon_that_refuses_is_asked_again(jail: Jail) -> None:
    jail.end_daemon()
    jail.daemon = Daemon(jail.path)
    beside(jail.poller, lambda: jail.daemon.answer({"error": "no jails today"}))
    beside(jail.poller, lambda: jail.daemon.answer(ticket(3)))
    drive(jail.poller, lambda: bool(jail.moved))
    assert jail.said[-1] == "the daemon is back"


def test_garbage_is_no_daemon(jail: Jail) -> None:
    jail.daemon.connection.sendall(b"\xff\x00 not JSON\n")
    drive(jail.poller, lambda: bool(jail.said))
    assert jail.said == ["the daemon is gone; the command has no network until it is back"]


def test_what_it_says(jail: Jail) -> None:
    jail.daemon.tell(event="something new")
    jail.daemon.tell(event="say", text="blocked: a.test\n\x1b[31mred")
    drive(jail.poller, lambda: bool(jail.said))
    assert jail.said == ["blocked: a.test\ufffd\ufffd[31mred"]


def test_a_flood_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    lines = Lines(said.append)
    for number in range(100):
        lines.say(str(number))
    assert said == [str(number) for number in range(LINES)]
    monkeypatch.setattr(module, "PER_SECONDS", -1.0)
    lines.say("later")
    assert said[LINES:] == [f"{100 - LINES} more lines of the daemon's were left out", "later"]


@given(st.text(st.characters(codec=None), max_size=2 * LONGEST))
def test_any_text_is_one_harmless_line(text: str) -> None:
    shown = plain(text)
    assert len(shown) <= LONGEST
    assert shown.isprintable()
    assert shown.splitlines() in ([], [shown])
