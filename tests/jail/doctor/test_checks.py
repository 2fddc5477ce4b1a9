"""Checks that only read, on systems that a test writes down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccproxy.jail.checks import files, network, settings, system
from ccproxy.jail.checks.finding import Finding, House
from ccproxy.jail.distribution import Distribution

CERTIFICATE = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def house(root: Path, content: dict[str, str] | None = None, **options: object) -> House:
    for path, text in (content or {}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return House(root / "state", root / "run", root=root, distribution=Distribution(family="debian", **options))  # type: ignore[arg-type]


def kernel(root: Path, release: str, **options: object) -> Finding:
    return system.kernel(house(root, {"proc/sys/kernel/osrelease": release}, **options))


def test_kernels(root: Path) -> None:
    assert kernel(root, "6.1.0-18-amd64").status == "ok"
    assert kernel(root, "4.18.0-553.el8").status == "warning"
    assert kernel(root, "unheard-of").status == "unknown"
    assert "WSL 2" in kernel(root, "6.6.87.2-microsoft-standard-WSL2", wsl=2).detail


def test_wsl_1_has_no_jails(root: Path) -> None:
    finding = kernel(root, "4.4.0-19041-Microsoft", wsl=1)
    assert (finding.status, finding.fix) == ("failed", system.WSL1)
    assert "wsl --set-version" in finding.fix


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("Seccomp:\t0\nSeccomp_filters:\t0\n", "no filter"),
        ("Seccomp:\t2\nSeccomp_filters:\t3\n", "a filter (3) is in force"),
        ("Name:\tpython\n", "does not tell"),
    ],
)
def test_filters(root: Path, status: str, said: str) -> None:
    assert said in system.seccomp(house(root, {"proc/self/status": status})).detail


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("unconfined", "ok"),
        ("unprivileged_userns (enforce)", "warning"),
        ("", "ok"),
    ],
)
def test_apparmor_profiles(root: Path, label: str, expected: str) -> None:
    content = {"sys/kernel/security/lsm": "capability,landlock,yama,apparmor", "proc/self/attr/apparmor/current": label}
    assert system.security_modules(house(root, content)).status == expected


def test_selinux(root: Path) -> None:
    content = {
        "sys/kernel/security/lsm": "capability,selinux",
        "sys/fs/selinux/enforce": "1",
        "proc/self/attr/current": "unconfined_u:unconfined_r:unconfined_t:s0",
    }
    finding = system.security_modules(house(root, content))
    assert (finding.status, finding.detail) == ("ok", "capability, selinux; SELinux enforces")


ROUTES = "Iface\tDestination\tGateway\ntun0\t00000000\t00000000\n"


@pytest.mark.parametrize(
    ("servers", "routes", "expected"),
    [
        ("nameserver 10.0.0.53\n", ROUTES, "warning"),
        ("nameserver 192.0.2.1\n", ROUTES, "ok"),
        ("nameserver 10.0.0.53\n", ROUTES.replace("tun0", "eth0"), "ok"),
        ("", "", "ok"),
    ],
)
def test_inside_a_jail(root: Path, servers: str, routes: str, expected: str) -> None:
    assert system.nested(house(root, {"etc/resolv.conf": servers, "proc/net/route": routes})).status == expected


@pytest.mark.parametrize(
    ("name", "expected", "fix"),
    [
        ("user", "failed", "user.max_user_namespaces=15000"),
        ("net", "failed", "user.max_net_namespaces=15000"),
        ("pid", "warning", "user.max_pid_namespaces=15000"),
    ],
)
def test_limits(root: Path, name: str, expected: str, fix: str) -> None:
    content = {f"proc/sys/user/max_{each}_namespaces": "0" if each == name else "100" for each in settings.LIMITS}
    finding = settings.limits(house(root, content))
    assert finding.status == expected
    assert fix in finding.fix


def test_limits_that_nobody_tells(root: Path) -> None:
    assert settings.limits(house(root)).status == "unknown"


def test_debians_switch(root: Path) -> None:
    assert settings.clone(house(root)).status == "ok"
    off = settings.clone(house(root, {"proc/sys/kernel/unprivileged_userns_clone": "0\n"}))
    assert off.status == ("warning" if os.geteuid() == 0 else "failed")
    assert "kernel.unprivileged_userns_clone=1" in off.fix
    assert settings.clone(house(root, {"proc/sys/kernel/unprivileged_userns_clone": "1\n"})).status == "ok"


def test_resolvers(root: Path) -> None:
    assert network.resolver(house(root)).status == "failed"
    assert network.resolver(house(root, {"etc/resolv.conf": "search home\n"})).status == "warning"
    servers = "# one\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n"
    assert network.resolver(house(root, {"etc/resolv.conf": servers})).detail == "192.0.2.1, 2001:db8::1"


def test_a_resolver_behind_a_link(root: Path) -> None:
    made = house(root, {"run/resolve/stub.conf": "nameserver 127.0.0.53\n", "etc/hosts": ""})
    (root / "etc/resolv.conf").symlink_to("../run/resolve/stub.conf")
    assert network.resolver(made).detail == f"127.0.0.53 ({root / 'run/resolve/stub.conf'})"
    (root / "run/resolve/stub.conf").unlink()
    finding = network.resolver(made)
    assert finding.status == "failed"
    assert "../run/resolve/stub.conf" in finding.detail


def test_name_services(root: Path) -> None:
    assert "none" in network.name_services(house(root)).detail
    content = {"run/nscd/socket": "", "var/run/nscd/socket": "", "run/systemd/resolve/io.systemd.Resolve": ""}
    assert network.name_services(house(root, content)).detail == "nscd and systemd-resolved: hidden in jails"


def test_ipv6(root: Path) -> None:
    assert "the kernel has none" in network.ipv6(house(root)).detail
    off = {"proc/net/if_inet6": "", "proc/sys/net/ipv6/conf/all/disable_ipv6": "1"}
    assert "switched off" in network.ipv6(house(root, off)).detail


def test_bundles(root: Path) -> None:
    missing = files.bundle(house(root))
    assert (missing.status, missing.fix) == ("warning", "sudo apt-get install ca-certificates")
    found = files.bundle(house(root, {"etc/pki/tls/certs/ca-bundle.crt": CERTIFICATE * 3}))
    assert (found.status, found.detail) == ("ok", "/etc/pki/tls/certs/ca-bundle.crt, 3 certificates")


def test_directories(tmp_path: Path) -> None:
    made = tmp_path / "state"
    assert files.room(made / "not" / "there", "XDG_STATE_HOME").status == "ok"
    made.mkdir(mode=0o700)
    assert str(made) in files.room(made, "XDG_STATE_HOME").detail
    made.chmod(0o777)
    assert files.room(made, "XDG_STATE_HOME").fix == f"chmod go-w {made}"
    (made / "file").write_text("")
    blocked = files.room(made / "file" / "below", "XDG_STATE_HOME")
    assert (blocked.status, "XDG_STATE_HOME" in blocked.fix) == ("failed", True)


def test_a_full_disk_and_one_that_cannot_be_written() -> None:
    full = files.room(Path("/proc"), "XDG_STATE_HOME")
    assert full.status == "failed"


def test_the_ciphers_are_there(root: Path) -> None:
    assert system.ciphers(house(root)).status == "ok"
