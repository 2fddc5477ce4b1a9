"""What surrounds a jail whose ways out are tried, and what became of each way as seen from there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.jail.leaks.table import ANSWERED, BLOCKED, CAPTURED, LEAK, Row
from tests.support.internet import names
from tests.support.jailed import House
from tests.support.outer import Outer, Person
from tests.support.outer.outer import REPOSITORY

PROTOCOLS = {"tcp": "tcp", "tls": "tcp", "dns_tcp": "tcp", "icmp": "icmp icmp6"} | dict.fromkeys(
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
        """Traces of a row outside: at name servers, at the canary, and among the packets of the loopback."""
        if row.probe == "resolve":
            return later(self.outer.arrived(kind="dns", **row.arguments), since)
        if row.address is None:
            place = self.facts.get(str(row.arguments.get("name"))[1:-1], "no socket")
            return [event for event in later(self._canary(), since) if event["to"] == place]
        spelt = spellings(row.address)
        if any(ip_address(each).is_loopback or ip_address(each).is_unspecified for each in spelt):
            return [] if ANSWERED in row.allowed else self._at_loopback(row, since)
        return [each for each in later(self.outer.sniffed(), since) if each["target"] in spelt and of_row(each, row)]

    def _at_loopback(self, row: Row, since: float) -> list[Any]:
        kind = PROTOCOLS[row.probe]
        return [
            event
            for event in later(self._canary(), since)
            if event["kind"] == kind and ip_address(event["to"]).is_loopback
        ]

    def _canary(self) -> list[Any]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def _recorded(self, row: Row) -> bool:
        """Whether the daemon has a record of a conversation with this address, or with the name it was given."""
        wanted = {row.known_as} if row.known_as else {row.address or "", *spellings(row.address or "::")}
        return any(not wanted.isdisjoint(hosts(flow)) for flow in self.house.flows() if not flow["error"])


def later(events: list[Any], since: float) -> list[Any]:
    """Those that came after a moment."""
    return [event for event in events if event["time"] > since]


def spellings(host: str) -> set[str]:
    """The addresses that a host is, where one is written in another: mapped, compatible, NAT64, 6to4."""
    address = ip_address(names.address4(host) or "") if host.endswith(".test") else ip_address(host)
    if not isinstance(address, IPv6Address):
        return {str(address)}
    inner = {address.ipv4_mapped, address.sixtofour}
    if address.packed[:12] in (bytes(12), bytes.fromhex("0064ff9b") + bytes(8)) and int(address) > 1:
        inner.add(IPv4Address(address.packed[12:]))
    return {str(address), *(str(each) for each in inner if each is not None)}


def hosts(flow: dict[str, Any]) -> list[str]:
    """The hosts that a record of the network names."""
    found = [flow["request"]["host"], urlsplit(flow["destination"] or "").hostname]
    return [host for host in found if host]


def of_row(packet: dict[str, Any], row: Row) -> bool:
    """Whether a packet is of the kind that a row sends."""
    protocol = PROTOCOLS.get(row.probe) or str(row.arguments.get("protocol"))
    return bool(packet["protocol"] in protocol.split() and packet["port"] == row.arguments.get("port", packet["port"]))


@contextmanager
def scene(person: Person) -> Iterator[Scene]:
    """A scene for one person."""
    with Outer(person, sniff=True) as outer, House(outer) as house:
        yield Scene(house)
