"""Files: certificates of the system, and room for what is kept."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
from pathlib import Path

from ccproxy.jail.bundles import SYSTEM
from ccproxy.jail.checks.finding import Check, Finding, House, failed, ok, warning

ENOUGH = 200_000_000
LITTLE = 1_000_000
"""Bytes free: below the first key logs and captures may break off, below the second nothing can be written."""


def bundle(house: House) -> Finding:
    """Whether the system's certificates are in one of the usual places."""
    for path in SYSTEM:
        if count := (house.read(path.lstrip("/")) or "").count("-----BEGIN "):
            return ok(f"{path}, {count} certificates")
    return warning("none in the usual places: programs that ignore variables will not trust", house.fix("certificates"))


def state(house: House) -> Finding:
    """The directory of what outlives the daemon: the CA, key logs, the log."""
    return room(house.state_dir, "XDG_STATE_HOME")


def runtime(house: House) -> Finding:
    """The directory of sockets."""
    return room(house.runtime_dir, "XDG_RUNTIME_DIR")


def room(directory: Path, variable: str) -> Finding:
    """Whether a directory (or the one in which it would be made) is this user's, can be written, and has room."""
    existing = next(path for path in (directory, *directory.parents) if os.path.exists(path))
    elsewhere = f"set {variable} to a directory of yours with room"
    try:
        status, free = existing.stat(), shutil.disk_usage(existing).free
    except OSError as error:
        return failed(f"{existing}: {error.strerror}", elsewhere)
    if not os.access(existing, os.W_OK | os.X_OK) or not existing.is_dir():
        return failed(f"{existing} cannot be written", elsewhere)
    if free < LITTLE:
        return failed(f"{existing} is full", f"make room there, or {elsewhere}")
    if existing == directory and (finding := shared(directory, status)):
        return finding
    told = f"{directory}, {free // 1_000_000} MB free"
    return ok(told) if free >= ENOUGH else warning(told, f"make room there, or {elsewhere}")


def shared(directory: Path, status: os.stat_result) -> Finding | None:
    """What is wrong with the owner or the mode of a directory that holds keys; None if nothing is."""
    quoted = shlex.quote(str(directory))
    if status.st_uid != os.geteuid():
        return failed(f"{directory} belongs to user {status.st_uid}", f"sudo chown -R $(id -u):$(id -g) {quoted}")
    if stat.S_IMODE(status.st_mode) & 0o022:
        return warning(f"others may write {directory}", f"chmod go-w {quoted}")
    return None


CHECKS = (
    Check("trust_bundle", "Certificates", "ccproxy's own is added to the system's, in a jail only.", bundle),
    Check("state_dir", "State directory", "The CA, key logs and the log are kept there.", state),
    Check("runtime_dir", "Runtime directory", "The daemon's socket is there.", runtime),
)
