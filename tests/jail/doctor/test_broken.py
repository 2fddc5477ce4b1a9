"""The doctor in environments that are broken in ways that it has to tell apart."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from ccproxy.jail import fixes
from ccproxy.jail.distribution import Distribution
from tests.jail.doctor.conftest import Examine, by_id, read

HERE = Distribution.read()
NAMESPACES = {"user_namespace", "mount_namespace"}
LIMIT = {"name": "user.max_user_namespaces", "value": 15000}

CASES: list[tuple[str, set[str], str, tuple[str, dict[str, Any]]]] = [
    ("no_userns", {"namespace_limits", *NAMESPACES}, "namespace_limits", ("sysctl", LIMIT)),
    ("tun_missing", {"tun_device"}, "tun_device", ("tun_missing", {})),
    ("tun_closed", {"tun_device"}, "tun_device", ("tun_closed", {})),
    ("tun_wrong", {"tun_device"}, "tun_device", ("tun_wrong", {})),
    (
        "ubuntu",
        {"apparmor_userns", "tun_interface", *NAMESPACES},
        "apparmor_userns",
        ("apparmor", {"python": os.path.realpath(sys.executable)}),
    ),
]


@pytest.mark.parametrize(("broken", "wrong", "first", "fix"), CASES, ids=[case[0] for case in CASES])
def test_what_failed_and_what_mends_it(
    examine: Examine, broken: str, wrong: set[str], first: str, fix: tuple[str, dict[str, Any]]
) -> None:
    value = read(examine(broken))
    assert set(value["failures"]) == {*wrong, "jail_starts"}
    assert value["failures"][0] == first
    assert by_id(value)[first]["fix"] == fixes.fix(fix[0], HERE, **fix[1])


@pytest.mark.parametrize("broken", ["resolver_dangling", "resolver_missing"])
def test_a_host_without_a_resolver(examine: Examine, broken: str) -> None:
    value = read(examine(broken))
    resolver = by_id(value)["resolver"]
    assert value["failures"] == ["resolver"]  # jails can be made: their resolver is the daemon, which has none
    assert resolver["fix"] == fixes.fix("resolver", HERE)
    assert ("leads to" in resolver["detail"]) == (broken == "resolver_dangling")


@pytest.mark.parametrize(
    ("broken", "said"), [("userns_used_up", "the limit is reached"), ("docker_seccomp", "Operation not permitted")]
)
def test_namespaces_are_tried_where_no_setting_tells(examine: Examine, broken: str, said: str) -> None:
    value = read(examine(broken))
    assert set(value["failures"]) == {*NAMESPACES, "jail_starts"}
    checks = by_id(value)
    assert said in checks["user_namespace"]["detail"]
    assert checks["pid_namespace"]["status"] == "unknown"
    assert ("a filter" in checks["seccomp"]["detail"]) == (broken == "docker_seccomp")


def test_several_things_broken_at_once(examine: Examine) -> None:
    value = read(examine("tun_missing", "resolver_dangling"))
    assert value["failures"] == ["tun_device", "resolver", "jail_starts"]


def test_the_jail_says_the_same_as_the_check(examine: Examine) -> None:
    checks = by_id(read(examine("tun_missing")))
    assert checks["jail_starts"]["fix"] == checks["tun_device"]["fix"]
    assert {checks[name]["status"] for name in checks if name.startswith("jail_") and name != "jail_starts"} == {
        "unknown"
    }


def test_for_people_each_failure_has_its_reason_and_its_fix(examine: Examine) -> None:
    done = examine("tun_missing", options=())
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    (index,) = (index for index, line in enumerate(lines) if line.startswith("  ✗  TUN device"))
    assert lines[index + 1].strip() == "The jail's only way out is an interface made with it."
    assert lines[index + 2].strip() == f"fix: {fixes.fix('tun_missing', HERE)}"
    assert done.stdout.count(fixes.fix("tun_missing", HERE)) == 1
    assert lines[-1] == "2 checks failed"
