"""Tries all ways out of a real jail."""

from __future__ import annotations

import json
import shlex
import signal
import time
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from tests.jail.leaks.scene import Outcome, Scene, hosts, scene, spellings
from tests.jail.leaks.table import (
    BLOCKED,
    DOWN,
    LEAK,
    ONLY,
    ONLY_HOST,
    ROWS,
    STRICT,
    UNRECORDED,
    WHOLE,
    Row,
)
from tests.support.outer import Person

SECONDS = 40.0
SETTLE_SECONDS = 1.0
"""How long a packet may take to be seen that was sent by a probe which does not wait for an answer."""
PROBES = ["python", "-m", "tests.jail.leaks.probes"]


def run(person: Person) -> Iterator[Outcome]:
    """All rows, in four jails: a plain one, a strict one, one for one host only, and one whose daemon is killed."""
    with scene(person) as made:
        yield from in_a_jail(made, ROWS)
        yield unrecorded(made)
        yield from in_a_jail(made, STRICT, "--strict")
        yield from in_a_jail(made, ONLY, "--only-host", ONLY_HOST)
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


def unrecorded(made: Scene) -> Outcome:
    """Whether anything went beyond the host of which the daemon has no record."""
    known = {place for flow in made.house.flows() for host in hosts(flow) for place in spellings(host)}
    known |= {row.address or "" for row in ROWS if row.known_as}
    beyond = [each for each in made.outer.sniffed() if not ip_address(each["target"]).is_loopback]
    others = [each for each in beyond if known.isdisjoint((each["source"], each["target"]))]
    return Outcome(UNRECORDED, LEAK if others else BLOCKED, f"outside: {others[:3]}")
