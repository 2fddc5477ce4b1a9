"""Tries all ways out of a real jail, and looks from outside what became of each."""

from __future__ import annotations

import json
import shlex
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.jail.leaks.table import ANSWERED, BLOCKED, CAPTURED, DOWN, LEAK, ROWS, STRICT, WHOLE, Row
from tests.support.jailed import House
from tests.support.outer import Outer, Person
from tests.support.outer.outer import REPOSITORY

SECONDS = 40.0
SETTLE_SECONDS = 1.0
"""How long a packet may take to be seen that was sent by a probe which does not wait for an answer."""
PROBES = ["python", "-m", "tests.jail.leaks.probes"]
PROTOCOLS = {"tcp": "tcp", "dns_tcp": "tcp", "icmp": "icmp icmp6"} | dict.fromkeys(
    ("udp", "dns_udp", "http3", "multicast", "raw_udp", "packet_udp"), "udp"
)
"""Probe -> the kinds of packets it sends; the others name their protocol."""


@dataclass(frozen=True)
class Outcome:
    """What became of one row. `detail` is what the probe said, and what was seen outside."""

    row: Row
    result: str
    detail: str

    @property
    def held(self) -> bool:
        """Whether it is as it must be."""
        return self.result in self.row.allowed


class Scene:
    """A jail's surroundings: a daemon, an internet, and a host with something to steal."""

    def __init__(self, house: House) -> None:
        self.house, self.outer = house, house.outer
        self.mark = f"canary-{uuid.uuid4().hex[:12]}"
        self.log = self.outer.root / "canary.log"
        self.outer.module("tests.jail.leaks.canary", str(self.outer.root), self.mark)
        self._victim = self.outer.popen(["sleep", "600"], {"MARK": self.mark})
        home = house.home.root
        self.facts: dict[str, Any] = {
            "mark": self.mark,
            "host_pid": self._victim.pid,
            "daemon_port": house.daemon.port,
            "control_socket": str(house.daemon.control_socket),
            "ca_key": str(next(iter(home.rglob("*-ca.pem")), home / "config/mitmproxy-ca.pem")),
            "runtime": str(home / "run/ccproxy"),
            "docker": str(self.outer.root / "docker.sock"),
            "agent": str(self.outer.root / "agent.sock"),
            "bus": str(self.outer.root / "bus"),
        }

    @property
    def variables(self) -> dict[str, str]:
        """Where programs of the host find its sockets."""
        return {
            "DOCKER_HOST": f"unix://{self.facts['docker']}",
            "SSH_AUTH_SOCK": self.facts["agent"],
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.facts['bus']}",
            "PYTHONPATH": str(REPOSITORY),
        }

    def plan(self, rows: list[Row], **more: Any) -> str:
        """What the probes are told: each fact in its place."""
        facts = self.facts | more

        def fill(value: Any) -> Any:
            return facts[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value

        return json.dumps([[row.probe, {name: fill(value) for name, value in row.arguments.items()}] for row in rows])

    def victim_lives(self) -> bool:
        """Whether the process of the same user is unharmed."""
        status = Path(f"/proc/{self._victim.pid}/status").read_text()
        return self._victim.poll() is None and "TracerPid:\t0" in status

    def judge(self, row: Row, told: dict[str, Any], since: float) -> Outcome:
        """What became of a row, by what the probe said and by what was seen outside."""
        seen = self._seen(row, since)
        detail = f"inside: {told['detail']}" + (f"; outside: {seen[:2]}" if seen else "")
        if seen:
            result = CAPTURED if self._recorded(row) else LEAK
        elif told["reached"]:
            result = ANSWERED if row.address is not None else LEAK
        else:
            result = BLOCKED
        return Outcome(row, result, detail)

    def _seen(self, row: Row, since: float) -> list[Any]:
        """Traces of a row outside: at the canary, and among the packets of the loopback."""
        if row.address is None:
            name = row.arguments.get("name") or "no socket"
            return [
                event
                for event in self._canary()
                if event["time"] > since and event["to"] == self.facts.get(str(name)[1:-1])
            ]
        host = (
            row.address.removesuffix(".ip.test").replace("-", ".") if row.address.endswith(".ip.test") else row.address
        )
        if host.startswith(("127.", "::", "0.")):
            return [] if ANSWERED in row.allowed else self._at_loopback(row, since)
        return [each for each in self.outer.sniffed(target=host) if each["time"] > since and of_row(each, row)]

    def _at_loopback(self, row: Row, since: float) -> list[Any]:
        protocol = "tcp" if row.probe == "tcp" else "udp"
        return [
            event
            for event in self._canary()
            if event["kind"] == protocol and event["time"] > since and event["to"].startswith(("127.", "::", "0."))
        ]

    def _canary(self) -> list[Any]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def _recorded(self, row: Row) -> bool:
        """Whether the daemon has a record of a conversation with this address."""
        return any(
            (row.known_as or row.address or "") in json.dumps(flow) for flow in self.house.flows() if not flow["error"]
        )


def of_row(packet: dict[str, Any], row: Row) -> bool:
    """Whether a packet is of the kind that a row sends."""
    protocol = PROTOCOLS.get(row.probe) or str(row.arguments.get("protocol"))
    return bool(packet["protocol"] in protocol.split() and packet["port"] == row.arguments.get("port", packet["port"]))


@contextmanager
def scene(person: Person) -> Iterator[Scene]:
    """A scene for one person."""
    with Outer(person, sniff=True) as outer, House(outer) as house:
        yield Scene(house)


def run(person: Person) -> Iterator[Outcome]:
    """All rows, in three jails: a plain one, a strict one, and one whose daemon is killed."""
    with scene(person) as made:
        yield from in_a_jail(made, ROWS)
        yield from in_a_jail(made, STRICT, "--strict")
        yield from with_the_daemon_gone(made, DOWN)


def in_a_jail(made: Scene, rows: list[Row], *options: str) -> Iterator[Outcome]:
    """Tries rows in one jail."""
    since = time.time()
    told = probes(made, rows, options)
    made.outer.until(lambda: time.time() > since + SETTLE_SECONDS)
    assert made.victim_lives()
    yield from (made.judge(row, each, since) for row, each in zip(rows, told, strict=True))


def probes(made: Scene, rows: list[Row], options: tuple[str, ...]) -> list[dict[str, Any]]:
    """What the probes say of the rows. They wait for a file with their orders: a jail's port is known once it runs."""
    orders = made.house.file("orders", "")
    waiting = f'until [ -s orders ]; do sleep 0.05; done; exec {shlex.join(PROBES)} "$(cat orders)"'
    jail = made.house.start_jail("sh", "-c", waiting, options=("--name", "leaky", *options), env=made.variables)
    port = made.outer.until(lambda: port_of(made, jail), 20.0)
    orders.write_text(made.plan(rows, wireguard_port=port))
    output, errors = jail.communicate(timeout=SECONDS)
    assert jail.returncode == 0, errors.decode()
    told: list[dict[str, Any]] = json.loads(output)
    return told


def port_of(made: Scene, jail: Any) -> int | None:
    """The WireGuard port of the jail that runs."""
    assert jail.poll() is None, jail.communicate()
    jails = made.house.daemon.control("GET", "/jails")["jails"]
    return next((each["port"] for each in jails if each["name"] == "leaky"), None)


def with_the_daemon_gone(made: Scene, rows: list[Row]) -> Iterator[Outcome]:
    """Tries rows in a jail whose daemon has been killed; nothing may pass outside but datagrams to its port."""
    ready, orders = made.house.file("ready", ""), made.house.file("orders", "")
    waiting = f'echo > ready; until [ -s orders ]; do sleep 0.05; done; exec {shlex.join(PROBES)} "$(cat orders)"'
    jail = made.house.start_jail("sh", "-c", waiting, options=("--name", "leaky"), env=made.variables)
    port = made.outer.until(lambda: port_of(made, jail), 20.0)
    made.outer.until(ready.read_text, 20.0)
    process = made.house.daemon.process
    assert process is not None
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    since = time.time()
    orders.write_text(made.plan(rows))
    output, errors = jail.communicate(timeout=SECONDS)
    assert jail.returncode == 0, errors.decode()
    yield from (made.judge(row, each, since) for row, each in zip(rows, json.loads(output), strict=True))
    others = [each for each in made.outer.sniffed() if each["time"] > since and not expected_then(each, port)]
    yield Outcome(WHOLE, LEAK if others else BLOCKED, f"outside: {others[:3]}")


def expected_then(packet: dict[str, Any], port: int) -> bool:
    """Datagrams to the listener's port, the error messages that they meet, and what the canary says."""
    return packet["protocol"] == "icmp" or packet["port"] in (port, 7779)
