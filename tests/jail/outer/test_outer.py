"""The network that the tests of the jail run in is what they take it for."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator

import pytest

from tests.support.internet import names
from tests.support.internet.pages import pattern
from tests.support.outer import Outer, Person, people
from tests.support.outer.outer import REPOSITORY


@pytest.fixture(scope="module", params=people(), ids=lambda person: person.name)
def outer(request: pytest.FixtureRequest) -> Iterator[Outer]:
    person: Person = request.param
    with Outer(person, sniff=True) as made:
        yield made


def curl(outer: Outer, *arguments: str) -> bytes:
    done = outer.run(["curl", "-sS", "--max-time", "10", "--cacert", str(outer.ca), *arguments])
    assert done.returncode == 0, done.stderr
    return done.stdout


def python(outer: Outer, code: str) -> str:
    done = outer.run(["python", "-c", f"import socket; {code}"], timeout=15)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def test_who_runs_there(outer: Outer) -> None:
    person = outer.person
    assert python(outer, "import os; print(os.getuid(), os.getgid())") == f"{person.uid} {person.gid}"
    status = outer.run(["grep", "CapEff", "/proc/self/status"]).stdout.split()
    assert (int(status[1], 16) == 0) is (person.uid != 0)


def test_it_has_no_device_that_leads_out(outer: Outer) -> None:
    links = json.loads(outer.run(["ip", "-json", "link"]).stdout)
    assert {link["ifname"] for link in links} == {"lo", "lan0"}
    assert os.readlink("/proc/self/ns/net") != python(outer, "import os; print(os.readlink('/proc/self/ns/net'))")


@pytest.mark.parametrize(("option", "version"), [("--http1.1", "1.1"), ("--http2", "2")])
def test_the_web(outer: Outer, option: str, version: str) -> None:
    told = json.loads(curl(outer, option, "-H", "x-Odd: 1", "-d", "body", "https://www.example.test/echo"))
    assert (told["version"], told["body"]) == (version, "body")
    assert ["x-odd", "1"] in [[name.lower(), value] for name, value in told["headers"]]
    assert outer.arrived(kind="http", version=version, host="www.example.test", scheme="https")


def test_many_bytes(outer: Outer) -> None:
    for url in ("https://www.example.test/bytes/1000000", "http://www.example.test/bytes/1000000"):
        assert hashlib.sha256(curl(outer, url)).digest() == hashlib.sha256(pattern(1_000_000)).digest()


@pytest.mark.parametrize(
    ("name", "option"), [("a.six.test", "-4"), ("a.six.test", "-6"), ("b.only6.test", "-6"), ("c.example.test", "-4")]
)
def test_each_family(outer: Outer, name: str, option: str) -> None:
    assert curl(outer, option, f"https://{name}/") == f"hello from {name}\n".encode()
    address = names.address6(name) if option == "-6" else names.address4(name)
    assert outer.arrived(kind="http", host=name, to=address)


def test_a_name_that_does_not_exist(outer: Outer) -> None:
    assert outer.run(["curl", "-sS", "http://a.nx.test/"]).returncode == 6
    assert outer.arrived(kind="dns", name="a.nx.test", type="A")


@pytest.mark.parametrize("address", ["198.18.3.3", "203.0.113.9", "192.168.99.9", "2001:db8::7"])
def test_services_at_any_address(outer: Outer, address: str) -> None:
    stream = f"s = socket.create_connection(({address!r}, 22), 5); print(s.recv(99))"
    assert python(outer, stream) == repr(b"SSH-2.0-test\r\n")
    family = "AF_INET6" if ":" in address else "AF_INET"
    packets = f"s = socket.socket(socket.{family}, socket.SOCK_DGRAM); s.settimeout(5); "
    packets += f"s.connect(({address!r}, 9999)); s.send(b'hi'); print(s.recv(99))"
    assert python(outer, packets) == repr(b"hi")
    assert outer.arrived(kind="udp", to=address)
    assert outer.until(lambda: outer.sniffed(protocol="udp", target=address, port=9999))


def test_what_runs_inside_ends_with_it() -> None:
    with Outer(people()[0]) as outer:
        child = outer.popen(["sleep", "60"])
    assert child.poll() is not None
    assert not outer.root.exists()


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_a_websocket(outer: Outer, scheme: str) -> None:
    assert visit(outer, "ws", f"{scheme}://h1.example.test/socket", "häi") == "häi\n".encode()
    assert outer.arrived(kind="websocket", host="h1.example.test")


def test_http3(outer: Outer) -> None:
    assert visit(outer, "h3", "https://www.h3.test/bytes/100000") == pattern(100_000)
    assert outer.arrived(kind="http", version="3", host="www.h3.test")


def visit(outer: Outer, *arguments: str) -> bytes:
    done = outer.run(["python", "-m", "tests.support.internet.visit", *arguments], cwd=REPOSITORY, timeout=20)
    assert done.returncode == 0, done.stderr
    return done.stdout


NESTED = """
from tests.support.outer import Outer, people
for person in people():
    with Outer(person) as outer:
        done = outer.run(["curl", "-sS", "--cacert", str(outer.ca), "https://www.example.test/"])
        print(person.name, outer.run(["id", "-u"]).stdout, done.stdout)
"""


def test_an_ordinary_user_can_have_it(outer: Outer) -> None:
    done = outer.run(["python", "-c", NESTED], cwd=REPOSITORY, timeout=40)
    hello = b"hello from www.example.test\n"
    uid = f"{outer.person.uid or 54321}\n".encode()
    assert done.stdout.decode().splitlines() == [f"user {uid!r} {hello!r}", f"root {b'0\n'!r} {hello!r}"], done.stderr
