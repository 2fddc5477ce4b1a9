"""The kernel's settings about namespaces, and what to do where none can be had."""

from __future__ import annotations

import errno
import os
import sys

from ccproxy.jail.checks.finding import Check, Finding, House, failed, ok, unknown, warning
from ccproxy.jail.fixes import CONTAINERS

SENSIBLE_LIMIT = 15000

CLONE = "kernel.unprivileged_userns_clone"
APPARMOR = "kernel.apparmor_restrict_unprivileged_userns"
LIMITS = {name: f"user.max_{name}_namespaces" for name in ("user", "net", "mnt", "pid")}
SYSCTLS = (CLONE, APPARMOR, *LIMITS.values())


def sysctl(house: House, name: str) -> str | None:
    """A kernel setting; None where the kernel does not have it."""
    return house.read(f"proc/sys/{name.replace('.', '/')}")


def limits(house: House) -> Finding:
    """How many namespaces a user may have."""
    found = {name: value for name in LIMITS.values() if (value := sysctl(house, name)) is not None}
    none = [name for name, value in found.items() if value == "0"]
    if none:
        finding = warning if none == [LIMITS["pid"]] else failed
        told = f"{' and '.join(none)} is 0: none may be made"
        return finding(told, house.fix("sysctl", name=none[0], value=SENSIBLE_LIMIT))
    if LIMITS["user"] not in found:
        return unknown("the kernel does not tell how many may be made")
    return ok(f"{found[LIMITS['user']]} user namespaces are allowed")


def clone(house: House) -> Finding:
    """Debian's switch."""
    if sysctl(house, CLONE) == "0" and os.geteuid() != 0:
        return failed(f"{CLONE} is 0: only root may make them", house.fix("sysctl", name=CLONE, value=1))
    if sysctl(house, CLONE) == "0":
        return warning(f"{CLONE} is 0: only root, as now, may run jails", house.fix("sysctl", name=CLONE, value=1))
    return ok("not restricted")


def advice(house: House, number: int) -> str:
    """What to do where no namespace can be had or used, from the likeliest cause to the least likely;
    `number` is the error with which it was refused."""
    if house.distribution.container:
        return CONTAINERS[house.distribution.container]
    if sysctl(house, APPARMOR) in {"1", "2"}:
        return house.fix("apparmor", python=os.path.realpath(sys.executable))
    if sysctl(house, CLONE) == "0":
        return house.fix("sysctl", name=CLONE, value=1)
    if number in {errno.ENOSPC, errno.EUSERS}:
        return house.fix("sysctl", name=LIMITS["user"], value=SENSIBLE_LIMIT)
    if number in {errno.EINVAL, errno.ENOSYS}:
        return "use a kernel with CONFIG_USER_NS and CONFIG_NET_NS"
    return "a system call filter or a security module refuses it: run ccproxy outside of that sandbox"


CHECKS = (
    Check("namespace_limits", "Namespace limits", "A jail takes one namespace of each kind.", limits),
    Check("userns_clone", "User namespaces for users", "Without root, a jail begins with a user namespace.", clone),
)
