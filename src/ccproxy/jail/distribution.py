"""What system this is, so that a fix can be the exact command for it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

FAMILIES = {
    "debian": "debian",
    "ubuntu": "debian",
    "fedora": "fedora",
    "rhel": "fedora",
    "centos": "fedora",
    "arch": "arch",
    "archlinux": "arch",
    "suse": "suse",
    "opensuse": "suse",
    "sles": "suse",
    "alpine": "alpine",
    "nixos": "nixos",
}
"""ID and ID_LIKE of os-release(5), by what they have in common."""

CONTAINER_FILES = {".dockerenv": "docker", "run/.containerenv": "podman"}
CONTAINER_WORDS = {
    "docker": "docker",
    "podman": "podman",
    "libpod": "podman",
    "kubepods": "kubernetes",
    "lxc": "lxc",
    "oci": "docker",
    "systemd-nspawn": "nspawn",
}
"""What $container of the first process, or its control group, holds."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A Linux system as far as fixes differ."""

    id: str = "linux"
    name: str = "Linux"
    family: str = "other"
    """One of the values of FAMILIES, or "other"."""
    container: str | None = None
    """docker, podman, kubernetes, lxc, nspawn or other; None outside of containers."""
    wsl: int = 0
    """1 or 2 in the Windows Subsystem for Linux."""

    @classmethod
    def read(cls, root: Path = Path("/")) -> Distribution:
        """The system whose files are below `root`. What cannot be read is not known."""
        fields = release(text(root / "etc/os-release") or text(root / "usr/lib/os-release") or "")
        id_ = fields.get("ID", "linux")
        return cls(
            id=id_,
            name=fields.get("PRETTY_NAME") or fields.get("NAME") or "Linux",
            family=family([id_, *fields.get("ID_LIKE", "").split()]),
            container=container(root),
            wsl=wsl(text(root / "proc/sys/kernel/osrelease") or ""),
        )


def text(path: Path) -> str | None:
    """A file's text without white space at its ends; None if it cannot be read."""
    try:
        return path.read_text(errors="replace").strip()
    except (OSError, ValueError):
        return None


def release(content: str) -> dict[str, str]:
    """The assignments of an os-release file (os-release(5): a subset of what a shell reads)."""
    fields = {}
    for line in content.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            fields[name] = unquoted(value)
    return fields


def unquoted(value: str) -> str:
    """A value without the shell's quotes; one that is not closed stays as it is."""
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value


def family(names: list[str]) -> str:
    """What the first name that is known belongs to; `opensuse-leap` counts as `opensuse`."""
    for name in names:
        if known := FAMILIES.get(name) or FAMILIES.get(name.partition("-")[0]):
            return known
    return "other"


def wsl(osrelease: str) -> int:
    """2 for the kernel that Microsoft ships, 1 for the emulation that came before it, 0 for any other."""
    if not re.search("microsoft|wsl", osrelease, re.IGNORECASE):
        return 0
    major = re.match(r"(\d+)\.(\d+)", osrelease)
    emulated = "Microsoft" in osrelease and major is not None and (int(major[1]), int(major[2])) <= (4, 4)
    return 1 if emulated else 2


def container(root: Path) -> str | None:
    """What kind of container the files below `root` belong to."""
    for name, kind in CONTAINER_FILES.items():
        if (root / name).exists():
            return kind
    variables = (text(root / "proc/1/environ") or "").split("\0")
    told = next((value for name, _, value in (entry.partition("=") for entry in variables) if name == "container"), "")
    groups = text(root / "proc/1/cgroup") or ""
    for word, kind in CONTAINER_WORDS.items():
        if word == told or re.search(rf"[/:-]{word}\b", groups):
            return kind
    return "other" if told and told != "wsl" else None
