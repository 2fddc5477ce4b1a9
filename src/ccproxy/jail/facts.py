"""What is so about this machine, without trying anything out."""

from __future__ import annotations

import os
import platform
import stat
from pathlib import Path
from typing import Any

from ccproxy.jail.checks.device import PATH
from ccproxy.jail.checks.settings import SYSCTLS
from ccproxy.jail.distribution import Distribution, text

KEYLOGS = ("tls.keylog", "wg.keylog")


def system(distribution: Distribution) -> dict[str, Any]:
    """Kernel, distribution, settings and devices, in plain values."""
    return {
        "kernel": {"name": platform.system(), "release": platform.release(), "version": platform.version()},
        "distribution": {"id": distribution.id, "name": distribution.name, "family": distribution.family},
        "container": distribution.container,
        "wsl": distribution.wsl,
        "uid": os.getuid() if hasattr(os, "getuid") else 0,
        "sysctls": {name: text(Path("/proc/sys", name.replace(".", "/"))) for name in SYSCTLS},
        "devices": {PATH: device(PATH)},
    }


def device(path: str) -> dict[str, Any]:
    """Whether a device is there, with which mode, and whether this user may open it."""
    try:
        status = os.stat(path)
    except OSError:
        return {"present": False, "mode": None, "accessible": False}
    return {
        "present": stat.S_ISCHR(status.st_mode),
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "accessible": os.access(path, os.R_OK | os.W_OK),
    }


def keylogs(directory: Path) -> list[dict[str, Any]]:
    """The key logs that are there; whoever has one can read what was captured with it."""
    found = [(path, path.stat()) for name in KEYLOGS if (path := directory / name).is_file()]
    return [
        {"path": str(path), "bytes": status.st_size, "mode": f"{stat.S_IMODE(status.st_mode):04o}"}
        for path, status in found
    ]
