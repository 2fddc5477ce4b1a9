"""What a program does on a network it does in a jail, with the same result; and it is recorded as what it is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.internet import names
from tests.support.internet.pages import pattern
from tests.support.jailed import House
from tests.support.outer.outer import REPOSITORY

CURL = ("curl", "-sS", "--max-time", "15")
VISIT = ("python", "-m", "tests.support.internet.visit")
SPEAK_LAST = """
import socket, sys
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
print(sock.recv(100))
sock.sendall(b"hello"); print(sock.recv(100))
"""
SPEAK_FIRST = """
import socket, sys
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
sock.sendall(b"\\x00\\x01 neither TLS nor HTTP"); print(sock.recv(100))
"""
DATAGRAM = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
sock = socket.socket(family, socket.SOCK_DGRAM); sock.settimeout(10); sock.connect((sys.argv[1], int(sys.argv[2])))
for text in (b"one", b"two"):
    sock.send(text); print(sock.recv(100))
"""
LOOK_UP = "import socket, sys; print(sorted({each[4][0] for each in socket.getaddrinfo(sys.argv[1], 80)}))"


@dataclass(frozen=True)
class Case:
    """A command, something of what it prints, and what the record of it says."""

    name: str
    command: tuple[str, ...]
    prints: bytes
    record: dict[str, Any]
    version: str | None = None


def web(name: str, host: str, version: str, *options: str, scheme: str = "https") -> Case:
    record = {"protocol": "http", "url": f"{scheme}://{host}/", "status": 200, "method": "GET"}
    return Case(name, (*CURL, *options, f"{scheme}://{host}/"), f"hello from {host}\n".encode(), record, version)


def code(name: str, script: str, *arguments: str, prints: bytes, **record: Any) -> Case:
    return Case(name, ("python", "-c", script, *arguments), prints, record)


def tcp(name: str, script: str, host: str, port: int, prints: bytes) -> Case:
    place = f"[{host}]" if ":" in host else host
    return code(name, script, host, str(port), prints=prints, protocol="tcp", destination=f"tcp://{place}:{port}")


def udp(name: str, host: str) -> Case:
    place = f"[{host}]" if ":" in host else host
    return code(
        name, DATAGRAM, host, "9999", prints=b"b'one'\nb'two'\n", protocol="udp", destination=f"udp://{place}:9999"
    )


def dns(name: str, host: str, answers: list[str]) -> Case:
    return code(name, LOOK_UP, host, prints=repr(answers).encode(), protocol="dns", path=f"{host} A")


CASES = [
    web("HTTP/1.1 over TLS", "one.example.test", "HTTP/1.1", "--http1.1"),
    web("HTTP/2", "two.example.test", "HTTP/2", "--http2"),
    web("plain HTTP", "plain.example.test", "HTTP/1.1", scheme="http"),
    web("IPv6", "six.only6.test", "HTTP/2", "-6"),
    web("a host with both families", "both.six.test", "HTTP/2"),
    Case(
        "HTTP/3",
        (*VISIT, "h3", "https://three.h3.test/bytes/50000"),
        pattern(50_000),
        {"protocol": "http", "url": "https://three.h3.test/bytes/50000", "status": 200},
        "HTTP/3",
    ),
    Case(
        "a WebSocket over TLS",
        (*VISIT, "ws", "wss://h1.example.test/secure", "hällo"),
        "hällo\n".encode(),
        {"protocol": "http", "url": "https://h1.example.test/secure", "status": 101},
    ),
    Case(
        "a WebSocket",
        (*VISIT, "ws", "ws://h1.example.test/open", "hello"),
        b"hello\n",
        {"protocol": "http", "url": "http://h1.example.test/open", "status": 101},
    ),
    tcp("a server that speaks first", SPEAK_LAST, "198.18.22.22", 22, b"b'SSH-2.0-test\\r\\n'\nb'hello'\n"),
    tcp("a mail server", SPEAK_LAST, "198.18.25.25", 2525, b"b'220 mail.test ESMTP\\r\\n'\nb'hello'\n"),
    tcp("raw TCP", SPEAK_FIRST, "198.18.7.7", 7, b"b'\\x00\\x01 neither TLS nor HTTP'\n"),
    tcp("raw TCP, IPv6", SPEAK_FIRST, "2001:db8:7::7", 7, b"b'\\x00\\x01 neither TLS nor HTTP'\n"),
    udp("UDP", "198.18.99.99"),
    udp("UDP, IPv6", "2001:db8:99::99"),
    dns("a name", "look.example.test", [names.address4("look.example.test") or ""]),
]
"""Every row of the table, protocols only."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_works_and_is_recorded(house: House, case: Case) -> None:
    name = f"jail-{CASES.index(case)}"
    env = {"PYTHONPATH": str(REPOSITORY)}
    done = house.jail(*case.command, options=("--name", name), env=env)
    assert (done.returncode, done.stdout.strip()) == (0, case.prints.strip()), done.stderr
    without = house.outer.run(case.command, env, cwd="/tmp")
    assert without.stdout == done.stdout
    flow = house.flow(jail=name, **case.record)
    assert flow["error"] is None
    assert flow["process"]["command"] == list(case.command)
    if case.version:
        assert flow["request"]["http_version"] == case.version


def test_the_process_that_is_told(house: House) -> None:
    jail = house.start_jail("sh", "-c", "curl -sS https://who.example.test/ && cat", options=("--name", "who"))
    assert jail.stdout is not None
    assert jail.stdout.readline() == b"hello from who.example.test\n"
    flow = house.flow(jail="who", url="https://who.example.test/")
    assert flow["process"]["pid"] == jail.pid
    assert jail.communicate(b"", timeout=10)[0] == b""
    assert jail.returncode == 0


def test_a_websocket_is_told_message_by_message(house: House) -> None:
    env = {"PYTHONPATH": str(REPOSITORY)}
    command = (*VISIT, "ws", "wss://h1.example.test/talk", "a word")
    done = house.jail(*command, options=("--name", "talk"), env=env)
    assert done.returncode == 0, (done.stderr, house.daemon.output[-4000:])
    flow = house.flow(jail="talk", url="https://h1.example.test/talk")
    assert flow["talk"]["messages"] == 2
    shown = house.cli("flows", "show", "--bodies", flow["id"])
    assert shown.stdout.replace(b'"a word"', b"").count(b"a word") >= 2, shown.stdout


def test_a_name_that_does_not_exist(house: House) -> None:
    done = house.jail(*CURL, "https://no.nx.test/", options=("--name", "missing"))
    assert done.returncode == 6, done.stderr
    assert house.flow(jail="missing", path="no.nx.test A")["talk"]["status"] == "NXDOMAIN"


def test_a_certificate_that_nobody_vouches_for(house: House) -> None:
    """The daemon verifies: a jail is no way around that, and the client is told."""
    assert house.outer.run([*CURL, "https://198.18.50.50/"]).returncode == 60
    done = house.jail(*CURL, "https://198.18.50.50/", options=("--name", "unverified"))
    assert done.returncode != 0
    assert b"hello" not in done.stdout


@pytest.mark.parametrize("host", ["192.168.77.1", "10.5.5.5", "fd77::1"])
def test_what_is_denied_ends_at_once_and_is_recorded(house: House, host: str) -> None:
    script = "import socket, sys; sock = socket.create_connection((sys.argv[1], 7), 10); print(sock.recv(9))"
    name = f"denied-{host}"
    done = house.jail(sys.executable, "-c", script, host, options=("--name", name))
    assert b"TimeoutError" not in done.stderr
    flow = house.flow(jail=name, protocol="tcp")
    assert flow["error"]["kind"] == "blocked"
    assert host in flow["destination"]


def test_flows_list_shows_them(house: House) -> None:
    assert house.jail(*CURL, "https://listed.example.test/", options=("--name", "listed")).returncode == 0
    house.flow(jail="listed", url="https://listed.example.test/")
    listed = house.cli("flows", "list", "--json")
    assert b"https://listed.example.test/" in listed.stdout
    assert b"listed.example.test" in house.cli("flows", "list").stdout
