"""What a strict jail hides: sockets in the file system behind which a program of the host does what it is asked to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

UNIX_SOCKETS = Path("/proc/net/unix")
"""Those of the network namespace that the reader is in."""
PATH_FIELD = 7

DIRECTORIES = (
    "/run/dbus",
    "/run/docker",
    "/run/containerd",
    "/run/podman",
    "/run/crio",
    "/run/buildkit",
    "/run/user/{uid}",
    "/run/libvirt",
    "/run/cups",
    "/run/pcscd",
    "/run/gssproxy",
    "/run/lxd",
    "/var/snap/lxd/common/lxd",
    "/var/lib/lxd",
    "/var/lib/incus",
    "/tmp/.X11-unix",  # noqa: S108
    "/tmp/.ICE-unix",  # noqa: S108
    "{XDG_RUNTIME_DIR}",
)
"""Hidden as a whole, so that a socket which appears there later is hidden too."""
SOCKETS = (
    "/run/docker.sock",
    "/run/containerd.sock",
    "/run/podman.sock",
    "/run/snapd.socket",
    "/run/snapd-snap.socket",
    "/run/systemd/private",
    "{HOME}/.docker/run/docker.sock",
    "{HOME}/.docker/desktop/docker.sock",
    "{HOME}/.docker/desktop/docker-cli.sock",
    "{HOME}/.gnupg/S.gpg-agent",
    "{HOME}/.gnupg/S.gpg-agent.ssh",
    "{HOME}/.gnupg/S.gpg-agent.extra",
    "{HOME}/.gnupg/S.gpg-agent.browser",
    "{HOME}/.gnupg/S.dirmngr",
    "{SSH_AUTH_SOCK}",
)
ADDRESSES = ("DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "DOCKER_HOST", "CONTAINER_HOST")
"""Variables with addresses of sockets, `unix:` and more."""
REMOVED = frozenset({"SSH_AUTH_SOCK", *ADDRESSES})


def directories(environment: Mapping[str, str]) -> list[str]:
    """Directories to hide."""
    return [path for path in _filled(DIRECTORIES, environment) if os.path.isdir(path)]


def sockets(environment: Mapping[str, str], listening: Iterable[str]) -> list[str]:
    """Sockets to hide, as real paths: those with well-known names, those that the environment names, and those on
    which somebody listens now."""
    named = [path for name in ADDRESSES for path in addressed(environment.get(name, ""))]
    paths = [*_filled(SOCKETS, environment), *named, *listening]
    return sorted({os.path.realpath(path) for path in paths if _is_socket(path)})


def without(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the variables that name such sockets."""
    return {name: value for name, value in environment.items() if name not in REMOVED}


def listening() -> list[str]:
    """The paths on which somebody listens, as the host sees them."""
    try:
        return parse(UNIX_SOCKETS.read_bytes())
    except OSError:
        return []


def parse(table: bytes) -> list[str]:
    """The absolute paths in a table like /proc/net/unix, unless they belong to an accepted connection."""
    rows = (line.split(b" ", PATH_FIELD) for line in _even(table).splitlines()[1:])
    return sorted(
        {os.fsdecode(row[PATH_FIELD]) for row in rows if len(row) > PATH_FIELD and row[PATH_FIELD][:1] == b"/"}
    )


def _even(table: bytes) -> bytes:
    """With one space between the columns: the kernel pads the number of the inode."""
    return b"\n".join(b" ".join(line.split(None, PATH_FIELD)) for line in table.splitlines())


def addressed(address: str) -> list[str]:
    """The paths in an address of D-Bus (`unix:path=/run/bus,guid=…;…`) or Docker (`unix:///run/docker.sock`)."""
    parts = (part.split(",")[0] for part in address.split(";") if part.startswith("unix:"))
    return [part.removeprefix("unix:").removeprefix("path=").removeprefix("//") for part in parts]


def _filled(paths: Iterable[str], environment: Mapping[str, str]) -> list[str]:
    values = {name: environment.get(name, "") for name in ("XDG_RUNTIME_DIR", "HOME", "SSH_AUTH_SOCK")}
    filled = [path.format(uid=os.getuid(), **values) for path in paths]
    return [path for path in filled if path.startswith("/")]


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False
