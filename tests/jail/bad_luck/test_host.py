"""Hosts that lack something, or have more than most."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.jail.bad_luck.conftest import Marked
from tests.jail.bad_luck.said import quiet

HELLO = b"hello from www.example.test\n"
ASK = """
import socket
for path in ("/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve", "/run/avahi-daemon/socket"):
    try:
        socket.socket(socket.AF_UNIX).connect(path)
    except OSError as error:
        print(type(error).__name__)
    else:
        print("reached", path)
socket.getaddrinfo("www.example.test", 80)
"""


@pytest.fixture
def resolvers(house: Marked) -> Iterator[Marked]:
    """A host whose resolvers are asked over Unix sockets."""
    log = house.outer.root / "asked.log"
    log.write_text("")
    child = house.outer.module("tests.jail.bad_luck.host", "resolvers", str(log))
    yield house
    child.communicate(timeout=10)


def test_resolvers_behind_unix_sockets(resolvers: Marked) -> None:
    log = resolvers.outer.root / "asked.log"
    reached = resolvers.outer.run(["python3", "-IS", "-c", ASK])
    assert reached.stdout.count(b"reached") == 3, "the test's own listeners are there"
    assert log.read_text().count("\n") >= 3
    log.write_text("")
    assert quiet(resolvers.jail("python3", "-IS", "-c", ASK)) == b"FileNotFoundError\n" * 3
    assert quiet(resolvers.jail("curl", "-sS", "https://www.example.test/")) == HELLO
    assert log.read_text() == ""


def test_damaged_keys_for_other_machines(house: Marked) -> None:
    file = house.home.root / "state" / "ccproxy" / "wireguard.json"
    for content in (b"", b"[]", b"{}", b"\xff\xfe", b'{"server": "x", "client": "y"}', b'{"server": 1}'):
        file.write_bytes(content)
        house.outer.person.own(file.parent)
        done = house.cli("namespace", "wireguard-config", "--host", "127.0.0.1")
        assert done.returncode == 1, (content, done)
        assert done.stdout == b""
        assert done.stderr.startswith(b"ccproxy: ")
        assert not any(word in done.stderr for word in (b"Traceback", b"internal error")), (content, done)
        file.unlink()
    assert quiet(house.jail("echo", "ran")) == b"ran\n"


def test_no_ipv6(unguarded: Marked) -> None:
    """Last: it does not come back. Nothing is said, and nobody inside tries it."""
    unguarded.outer.module("tests.jail.bad_luck.host", "no-ipv6")
    assert quiet(unguarded.jail("curl", "-sS", "https://www.example.test/")) == HELLO
    assert unguarded.jail("curl", "-6", "-sS", "https://www.example.test/").returncode != 0
    addresses = quiet(unguarded.jail("cat", "/proc/net/if_inet6")).decode()
    assert not [line for line in addresses.splitlines() if line.startswith("fd00")]
    unguarded.outer.until(lambda: unguarded.daemon.control("GET", "/jails") == {"jails": []})
