"""The probes are worth something: without a jail they get through."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jail.leaks.matrix import PROBES, in_a_jail
from tests.jail.leaks.scene import Scene, scene
from tests.jail.leaks.table import BLOCKED, CAPTURED, CHANGES, DOWN, HOST, INTERNET, PRIVATE, PROCESSES, SOCKETS, Row
from tests.support.jailed import House
from tests.support.outer import Outer, people
from tests.support.outer.outer import REPOSITORY

GROUPS = ("224.0.0.251", "255.255.255.255", "198.18.40.7")
"""Where nobody answers: it is enough that packets were seen."""
NEVER = {
    "the WireGuard listener, UDP",  # there is no jail, so no listener
    "the WireGuard listener, TCP",
    "descriptors of the jail's makers, inherited",
    "the key of ccproxy's CA, file",  # no jail has made the daemon make one
    "multicast, v6, UDP",  # nothing outside has a route for groups
    "multicast, UDP",
    "broadcast, UDP",
    "the internet, forged source, raw IP",
}
HARMLESS = [row for row in (*HOST, *PRIVATE, *INTERNET, *SOCKETS, *DOWN) if row.id not in NEVER]
KERNEL = {"mount", "unmount", "link_down", "route", "setting", "device"}
READY_FOR_CHANGES = "ip tuntap add mode tun name tun0; ip link set lo up; ip link set tun0 up; exec "


@pytest.fixture(scope="module")
def root_scene() -> Iterator[Scene]:
    with scene(people()[1]) as made:
        yield made


def failed(root_scene: Scene, rows: list[Row], command: str = "exec ") -> list[str]:
    line = command + shlex.join([*PROBES, root_scene.plan(rows, wireguard_port=9)])
    done = root_scene.outer.run(["sh", "-c", line], cwd=REPOSITORY, timeout=40)
    told = json.loads(done.stdout)
    return [f"{row.id}: {each['detail']}" for row, each in zip(rows, told, strict=True) if not each["reached"]]


def test_without_a_jail_they_get_through(root_scene: Scene) -> None:
    assert failed(root_scene, HARMLESS, 'echo "0 0" > /proc/sys/net/ipv4/ping_group_range; exec ') == []


def test_without_a_jail_packets_to_nobody_are_seen(root_scene: Scene) -> None:
    rows = [row for row in INTERNET if row.address in GROUPS]
    assert len(failed(root_scene, rows)) == len(GROUPS)
    for target in GROUPS:
        root_scene.outer.until(lambda target=target: root_scene.outer.sniffed(target=target))


def test_the_owner_of_a_network_can_change_it(root_scene: Scene) -> None:
    rows = [row for row in CHANGES if row.probe in KERNEL and row.arguments.get("target") != "{runtime}"]
    assert failed(root_scene, rows, f"exec unshare -nm sh -c '{READY_FOR_CHANGES} \"$@\"' - ") == []


def test_processes_of_the_same_network_are_not_safe(root_scene: Scene) -> None:
    rows = [row for row in PROCESSES if row.probe not in ("kill", "host_network")]
    other = root_scene.outer.popen(["unshare", "-n", "sleep", "600"])
    root_scene.outer.until(lambda: Path(f"/proc/{other.pid}/comm").read_text() == "sleep\n")
    assert failed(root_scene, rows) == []


def test_a_hole_is_told() -> None:
    """A jail that may reach whatever it likes does not pass."""
    with Outer(people()[0], sniff=True) as outer, House(outer, {"jail": {"allow_addresses": ["0.0.0.0/0"]}}) as house:
        outcomes = {each.row.id: each.result for each in in_a_jail(Scene(house), [*HOST, *PRIVATE])}
    assert outcomes["another interface of the host, TCP"] == CAPTURED
    assert outcomes["a private resolver, DNS over UDP"] == CAPTURED
    assert outcomes["the host's loopback, TCP"] == BLOCKED
