"""What the probe sees, and what is made of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import Any

import pytest

from ccproxy.jail import doctor, probe
from ccproxy.jail.checks import inside
from ccproxy.jail.checks.inside import Inside

GOOD: dict[str, Any] = {
    "interfaces": ["lo", "tun0"],
    "routes": ["tun0"],
    "default_routes": ["tun0"],
    "nameservers": ["10.0.0.53"],
    "capabilities": {"CapEff": "0000000000000000", "CapBnd": "000001ffffd76fff"},
    "pid": 2,
    "uid": 1000,
    "host_loopback": False,
    "host_abstract": False,
    "dns_asked": True,
    "dns_code": 3,
}


def statuses(daemon: bool = True, **seen: Any) -> dict[str, str]:
    return {each.check.id: each.finding.status for each in doctor.seen_inside(Inside(daemon, {**GOOD, **seen}))}


def test_all_well() -> None:
    assert set(statuses().values()) == {"ok"}


def test_rules_that_refuse_the_name_are_an_answer() -> None:
    assert statuses(dns_code=5)["jail_dns"] == "ok"


def test_without_a_daemon_there_is_no_tunnel_to_try() -> None:
    found = statuses(daemon=False)
    assert {name for name, status in found.items() if status == "unknown"} == {"jail_tunnel", "jail_dns"}


@pytest.mark.parametrize(
    ("seen", "check"),
    [
        ({"routes": ["eth0", "tun0"]}, "jail_routes"),
        ({"default_routes": []}, "jail_routes"),
        ({"nameservers": ["10.0.0.53", "192.0.2.1"]}, "jail_resolver"),
        ({"nameservers": []}, "jail_resolver"),
        ({"host_loopback": True}, "jail_host"),
        ({"host_abstract": True}, "jail_host"),
        ({"capabilities": {"CapEff": "0000000000001000", "CapBnd": "0000000000001000"}}, "jail_capabilities"),
        ({"capabilities": {"CapEff": "0000000000000000", "CapBnd": "000001ffffffffff"}}, "jail_capabilities"),
        ({"dns_code": None}, "jail_dns"),
        ({"dns_code": 0}, "jail_dns"),
    ],
    ids=str,
)
def test_a_leak_is_a_failure(seen: dict[str, Any], check: str) -> None:
    assert [name for name, status in statuses(**seen).items() if status == "failed"] == [check]


def test_what_a_rehearsal_that_breaks_says_is_told() -> None:
    done = subprocess.CompletedProcess([], 1, stdout="", stderr="Traceback:\n  ...\nOSError: no idea\n")
    (first, *others) = doctor.seen_inside(inside.told(daemon=True, done=done))
    assert (first.finding.status, first.finding.detail) == ("failed", "OSError: no idea")
    assert {each.finding.status for each in others} == {"unknown"}


def look(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-I", "-S", probe.__file__, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    seen: dict[str, Any] = json.loads(done.stdout)["probe"]
    return seen


def test_outside_of_a_jail_the_probe_reaches_what_it_must_not() -> None:
    with ExitStack() as lures:
        port, name = inside.loopback_lure(lures), inside.abstract_lure(lures)
        seen = look(str(port), name, "")
    assert (seen["host_loopback"], seen["host_abstract"]) == (True, True)
    assert (seen["uid"], seen["dns_asked"], seen["dns_code"]) == (os.getuid(), False, None)


def test_the_probe_tries_nothing_that_it_is_not_told() -> None:
    seen = look("0", "", "")
    assert (seen["host_loopback"], seen["host_abstract"]) == (None, None)


def test_a_listener_that_is_gone_is_not_reached() -> None:
    with ExitStack() as lures:
        port, name = inside.loopback_lure(lures), inside.abstract_lure(lures)
    seen = look(str(port), name, "")
    assert (seen["host_loopback"], seen["host_abstract"]) == (False, False)


@pytest.mark.parametrize("code", [0, 3])
def test_the_query_is_one_for_a_name_below_invalid(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    queries: list[bytes] = []

    def answer(server: socket.socket) -> None:
        query, client = server.recvfrom(512)
        queries.append(query)
        server.sendto(query[:2] + bytes([0x81, 0x80 | code]) + query[4:], client)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        monkeypatch.setattr(probe, "DNS_PORT", server.getsockname()[1])
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        assert probe.dns_code("127.0.0.1") == code
        thread.join()
    assert [query.partition(b"\x0eccproxy-doctor")[2] for query in queries] == [b"\x07invalid\0\0\1\0\1"]
