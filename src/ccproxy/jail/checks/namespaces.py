"""Namespaces: what the settings say, and what really happens."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from collections.abc import Iterator

from ccproxy.jail.checks import trial
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


def apparmor(house: House) -> Finding:
    """Ubuntu's switch: namespaces can be made, and are worth nothing. Whether a profile helps, the trial shows."""
    if sysctl(house, APPARMOR) not in {"1", "2"}:
        return ok("not restricted")
    outcome = trial.attempt(network_steps)
    told = f"{APPARMOR} is {sysctl(house, APPARMOR)}"
    if outcome.ok:
        return ok(f"{told}, but this program is excepted")
    return failed(f"{told}: programs without a profile get no rights in them", advice(house, outcome))


def user(house: House) -> Finding:
    """A user namespace, and a right in it put to use."""
    outcome = trial.attempt(network_steps)
    if outcome.ok:
        return ok("a user and network namespace was made and used")
    return failed(f"{outcome}{MEANINGS.get(outcome.errno, '')}", advice(house, outcome))


def advice(house: House, outcome: trial.Outcome) -> str:
    """What to do where no namespace can be had or used, from the likeliest cause to the least likely."""
    if house.distribution.container:
        return CONTAINERS[house.distribution.container]
    if sysctl(house, APPARMOR) in {"1", "2"}:
        return house.fix("apparmor", python=os.path.realpath(sys.executable))
    if sysctl(house, CLONE) == "0":
        return house.fix("sysctl", name=CLONE, value=1)
    if outcome.errno in {errno.ENOSPC, errno.EUSERS}:
        return house.fix("sysctl", name=LIMITS["user"], value=SENSIBLE_LIMIT)
    if outcome.errno in {errno.EINVAL, errno.ENOSYS}:
        return "use a kernel with CONFIG_USER_NS and CONFIG_NET_NS"
    return "a system call filter or a security module refuses it: run ccproxy outside of that sandbox"


MEANINGS = {
    errno.ENOSPC: " (the limit is reached)",
    errno.EINVAL: " (the kernel was built without them)",
}


def mounts(house: House) -> Finding:
    """A mount namespace with a tmpfs, and a file of it mounted over another."""
    outcome = trial.attempt(mount_steps)
    if outcome.ok:
        return ok("a file was mounted over another")
    return failed(str(outcome), advice(house, outcome))


def pids(house: House) -> Finding:
    """A pid namespace with a /proc of its own; containers that mask parts of /proc refuse the latter."""
    outcome = trial.attempt(pid_steps)
    if outcome.ok:
        return ok("processes can have a /proc of their own")
    if not trial.attempt(mount_steps).ok:
        return unknown(f"not tried: {outcome}")
    kind = house.distribution.container
    return warning(
        f"{outcome}: processes that a command leaves behind are ended by ccproxy, not by the kernel",
        CONTAINERS[kind] if kind else "mount nothing over parts of /proc",
    )


def network_steps() -> Iterator[str]:
    """Into a network namespace, and `lo` up."""
    yield from trial.enter(os.CLONE_NEWNET)
    yield "bringing an interface up"
    trial.loopback_up()


def mount_steps() -> Iterator[str]:
    """Into a mount namespace; nothing of it is seen outside."""
    from ccproxy.jail import kernel

    yield from trial.enter(os.CLONE_NEWNS)
    directory = tempfile.gettempdir()
    yield "making the mounts ours"
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
    yield "mounting a tmpfs"
    kernel.mount("ccproxy", directory, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV)
    for name in ("over", "under"):
        with open(f"{directory}/{name}", "w"):
            pass
    yield "mounting a file over another"
    kernel.mount(f"{directory}/over", f"{directory}/under", None, kernel.MS_BIND)


def pid_steps() -> Iterator[str]:
    """Into a pid namespace, and a /proc for it, which only a process in it can mount."""
    from ccproxy.jail import kernel

    yield from trial.enter(os.CLONE_NEWNS | os.CLONE_NEWPID)
    yield "making the mounts ours"
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
    yield "mounting /proc"
    pid = os.fork()
    if pid == 0:
        os._exit(proc_mounted())
    if number := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(number, os.strerror(number))


def proc_mounted() -> int:
    """Mounts a /proc. The error's number, 0 if there was none."""
    from ccproxy.jail import kernel

    try:
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    except OSError as error:
        return error.errno or errno.EIO
    return 0


CHECKS = (
    Check("namespace_limits", "Namespace limits", "A jail takes one namespace of each kind.", limits),
    Check("userns_clone", "User namespaces for users", "Without root, a jail begins with a user namespace.", clone),
    Check("apparmor_userns", "AppArmor and namespaces", "Ubuntu takes the rights in a new namespace away.", apparmor),
    Check("user_namespace", "User and network namespace", "A jail has a network of its own.", user),
    Check("mount_namespace", "Mount namespace", "Resolver and certificates are mounted over the system's.", mounts),
    Check("pid_namespace", "Pid namespace", "It makes sure that nothing outlives the command.", pids),
)
