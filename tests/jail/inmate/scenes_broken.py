"""Scenes in which something is missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ccproxy.jail import kernel, namespace
from ccproxy.jail.errors import JailError
from tests.jail.inmate.held import Held
from tests.jail.inmate.scenes_command import DAEMON, MARK, children, marked, mounts


def set_up(*command: str) -> dict[str, Any]:
    """What is said when a jail is set up, or cannot be."""
    before = children()
    held = Held(*command or ("true",))
    try:
        held.inmate.parts()
        told: dict[str, Any] = held.go(ipv6=True).end()
    except JailError as error:
        told = {"kind": "JailError", "message": str(error), "fix": error.fix, "status": error.status}
    held.inmate.close()
    return told | {"output": held.output, "left": [children() == before, mounts() == []]}


def without_namespaces() -> dict[str, Any]:
    """The limit of a user namespace of this scene's own is 0."""
    uid, gid = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWUSER)
    kernel.own_proc_files()
    namespace.map_self(uid, gid)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    return set_up()


def without_own_pids() -> dict[str, Any]:
    """A jail whose processes the host numbers; its command leaves a daemon."""
    mark = os.urandom(8).hex()
    with Held(sys.executable, "-c", DAEMON) as held:
        end = held.go(environment={MARK: mark}).end()
        assert held.parts
        return {"end": end, "own pids": held.parts.own_pids, "left": marked(mark), "output": held.output}


def file_without_a_place() -> dict[str, Any]:
    """A file for a directory that the host does not have."""
    with Held("true") as held:
        return held.go({"/nowhere/at/all": b"x"}).end()


def files_that_do_not_fit() -> dict[str, Any]:
    """There is no memory for the jail's files: an absurd limit stands for it."""
    import resource

    with Held("true") as held:
        held.inmate.parts()
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        try:
            return held.go({f"{Path('shelf').absolute()}/big": bytes(2 << 20)}).end()
        except JailError as error:
            return {"kind": "JailError", "message": str(error), "status": error.status}
