from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.jail import fixes
from ccproxy.jail.distribution import FAMILIES, Distribution, release

SYSTEMS = {
    "debian": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n',
    "ubuntu": 'PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nID_LIKE=debian\n',
    "linuxmint": 'PRETTY_NAME="Linux Mint 22"\nID=linuxmint\nID_LIKE="ubuntu debian"\n',
    "fedora": 'PRETTY_NAME="Fedora Linux 42"\nID=fedora\n',
    "rocky": 'PRETTY_NAME="Rocky Linux 9"\nID="rocky"\nID_LIKE="rhel centos fedora"\n',
    "arch": "ID=arch\n",
    "manjaro": "ID=manjaro\nID_LIKE=arch\n",
    "opensuse-leap": 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n',
    "opensuse-tumbleweed": 'ID="opensuse-tumbleweed"\n',
    "alpine": "ID=alpine\n",
    "nixos": "ID=nixos\n",
    "solus": "# comment\nID=solus\nNAME='unclosed\n",
}
EXPECTED = (
    "debian",
    "debian",
    "debian",
    "fedora",
    "fedora",
    "arch",
    "arch",
    "suse",
    "suse",
    "alpine",
    "nixos",
    "other",
)


def system(root: Path, files: dict[str, str]) -> Distribution:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return Distribution.read(root)


@pytest.mark.parametrize(("id_", "family"), list(zip(SYSTEMS, EXPECTED, strict=True)))
def test_the_family(tmp_path: Path, id_: str, family: str) -> None:
    found = system(tmp_path, {"etc/os-release": SYSTEMS[id_]})
    assert (found.id, found.family, found.container, found.wsl) == (id_, family, None, 0)


def test_the_second_place_of_os_release(tmp_path: Path) -> None:
    assert system(tmp_path, {"usr/lib/os-release": SYSTEMS["ubuntu"]}).name == "Ubuntu 24.04 LTS"


def test_nothing_at_all(tmp_path: Path) -> None:
    assert Distribution.read(tmp_path) == Distribution()


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({".dockerenv": ""}, "docker"),
        ({"run/.containerenv": 'engine="podman"'}, "podman"),
        ({"proc/1/environ": "PATH=/bin\0container=lxc\0"}, "lxc"),
        ({"proc/1/environ": "container=systemd-nspawn\0"}, "nspawn"),
        ({"proc/1/environ": "container=flatpak\0"}, "other"),
        ({"proc/1/cgroup": "0::/kubepods.slice/pod1\n"}, "kubernetes"),
        ({"proc/1/cgroup": "12:cpu:/docker/0123\n"}, "docker"),
        ({"proc/1/cgroup": "0::/init.scope\n", "proc/1/environ": "PATH=/bin\0"}, None),
    ],
    ids=str,
)
def test_the_container(tmp_path: Path, files: dict[str, str], kind: str | None) -> None:
    assert system(tmp_path, files).container == kind


@pytest.mark.parametrize(
    ("kernel", "version"),
    [
        ("4.4.0-19041-Microsoft", 1),
        ("5.15.153.1-microsoft-standard-WSL2", 2),
        ("6.6.87.2-microsoft-standard-WSL2+", 2),
        ("4.19.128-microsoft-standard", 2),
        ("6.1.0-18-amd64", 0),
    ],
)
def test_wsl(tmp_path: Path, kernel: str, version: int) -> None:
    assert system(tmp_path, {"proc/sys/kernel/osrelease": kernel + "\n"}).wsl == version


@given(st.text())
def test_any_text_is_read(content: str) -> None:
    assert all(isinstance(value, str) for value in release(content).values())


FILLED = {"name": "user.max_user_namespaces", "value": 15000, "python": "/usr/bin/python3.13"}


@pytest.mark.parametrize("family", sorted({*FAMILIES.values(), "other"}))
@pytest.mark.parametrize("topic", fixes.FIXES)
def test_every_fix_is_complete_and_a_command_that_a_shell_reads(topic: str, family: str) -> None:
    told = fixes.fix(topic, Distribution(family=family), **FILLED)
    assert told
    assert "{name}" not in told
    assert "{python}" not in told
    if "sudo" in told and not told.startswith("in configuration.nix"):
        assert subprocess.run(["bash", "-n", "-c", told.partition(" (")[0]], check=False).returncode == 0


@pytest.mark.parametrize("container", fixes.CONTAINERS)
@pytest.mark.parametrize("topic", sorted(fixes.FROM_OUTSIDE & set(fixes.FIXES)))
def test_in_a_container_the_fix_is_outside(topic: str, container: str) -> None:
    assert fixes.CONTAINERS[container] in fixes.fix(topic, Distribution(container=container), **FILLED)


def test_the_profile_is_what_a_shell_writes() -> None:
    line = fixes.fix("apparmor", Distribution(family="debian"), **FILLED)
    written = subprocess.run(["sh", "-c", line.partition(" | ")[0]], capture_output=True, text=True, check=True).stdout
    assert written == (
        "abi <abi/4.0>,\ninclude <tunables/global>\n"
        "profile ccproxy /usr/bin/python3.13 flags=(unconfined) { userns, }\n"
    )
